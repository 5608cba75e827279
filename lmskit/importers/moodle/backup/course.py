"""The backed-up course: its names, its days, and its sections.

Source of the format: `backup_section_structure_step` and `backup_course_structure_step` of Moodle. The addresses of courses are those of
`course_get_url` in `course/lib.php`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.importers.described_course import DescribedCourse, DescribedSection, course_address, placed
from lmskit.importers.moodle.backup.values import integer, number_of, text
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.record import Position
from lmskit.importers.text_cell import one_line, visible_lines
from lmskit.importers.xml_file import parsed
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lmskit.importers.described_course import ChosenWeek
    from lmskit.importers.moodle.backup.contents import Contents

COURSE = "course"
"""The part of the backup that its course and sections are counted in."""
SUBSECTION = "subsection"


def course_of(
    files: Mapping[str, Path], contents: Contents, chosen: Mapping[int, ChosenWeek | None]
) -> tuple[DescribedCourse, Mapping[int, int]]:
    """Return the course, and the week of each section by the section's id."""
    numbers, sections = _sections(files, contents)
    found = placed(sections, chosen)
    course = DescribedCourse(
        position=Position(COURSE, contents.line),
        external_id=course_id(contents.site, contents.course_id) if contents.site else "",
        code=contents.short_name,
        title=contents.full_name,
        sections=found,
    )
    return course, {section: found.week_of[number] for section, number in numbers.items() if number in found.week_of}


def course_id(site: str, course: int) -> str:
    """Return the id of a course together with its site.

    Examples
    --------
    >>> course_id("https://moodle.example.edu", 4)
    'moodle.example.edu/course/view.php?id=4'
    """
    return course_address(site, f"course/view.php?id={course}")


def _sections(files: Mapping[str, Path], contents: Contents) -> tuple[dict[int, int], list[DescribedSection]]:
    """Return the number of the section that each section is or is in, by its id, and the sections of the course in their order.

    Section 0, which Moodle shows above the others, and sections within sections do not count.
    """
    parents = _parents(files, contents)
    numbers: dict[int, int] = {}
    inner: dict[int, int] = {}
    found = []
    for section in contents.sections:
        name = f"{section.folder}/section.xml"
        if name not in files:
            continue
        root = parsed(files[name]).root
        if text(root, "component"):
            inner[section.id] = parents.get(integer(root, "itemid") or 0, 0)
            continue
        number = integer(root, "number") or 0
        if number > 0:
            numbers[section.id] = number
            topic = one_line(text(root, "name"))[:LONGEST_TITLE].strip()
            objectives = visible_lines(plain_text(text(root, "summary"), "html").text)
            found.append(DescribedSection(Position(COURSE, section.line), number, topic, objectives))
    numbers |= {section: numbers[parent] for section, parent in inner.items() if parent in numbers}
    return numbers, sorted(found, key=lambda section: section.number)


def _parents(files: Mapping[str, Path], contents: Contents) -> dict[int, int]:
    """Return the id of the section that each subsection is in, by the number of the subsection."""
    found = {}
    for activity in contents.activities:
        name = f"{activity.folder}/{SUBSECTION}.xml"
        if activity.kind == SUBSECTION and name in files:
            for element in parsed(files[name]).root.everywhere(SUBSECTION):
                found[number_of(element)] = activity.section
    return found
