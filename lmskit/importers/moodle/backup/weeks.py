"""The sections of a backed-up course as teaching weeks.

Source of the format: `backup_section_structure_step` of Moodle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.moodle.backup.values import integer, number_of, text
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.text_cell import one_line
from lmskit.importers.xml_file import parsed
from lmskit.limits import FIRST_WEEK, LAST_WEEK, LONGEST_PROSE, LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lmskit.importers.moodle.backup.contents import Contents


@dataclass(frozen=True, slots=True)
class BackedUpWeek:
    """A section that is a teaching week; its number in the course is that of the week."""

    section: int
    number: int
    topic: str
    objectives: str


def weeks_of(files: Mapping[str, Path], contents: Contents) -> tuple[BackedUpWeek, ...]:
    """Return the weeks in their order; section 0, which Moodle shows above the others, does not belong to them."""
    found = []
    for section in contents.sections:
        name = f"{section.folder}/section.xml"
        if name not in files:
            continue
        root = parsed(files[name]).root
        number = integer(root, "number") or 0
        if FIRST_WEEK <= number <= LAST_WEEK:
            topic = one_line(text(root, "name"))[:LONGEST_TITLE] or f"Week {number}"
            objectives = plain_text(text(root, "summary"), "html").text[:LONGEST_PROSE]
            found.append(BackedUpWeek(number_of(root), number, topic, objectives))
    return tuple(sorted(found, key=lambda week: week.number))
