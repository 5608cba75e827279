"""What a format is, and how a file in it is read.

A format is recognised by its content: the header of a CSV file, the root element of an XML file, the files in a folder
or an archive. The name of a file is not used, since people rename what they download.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lmskit.importers.described_course import ChosenWeek
    from lmskit.importers.record import Source


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file if its content does not show it, or if the person who imports it knows better."""

    delimiter: str | None = None
    """Comma, semicolon, tab or colon; None if it is to be detected."""
    decimal_mark: str | None = None
    """`.` or `,`; None if it is to be detected."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The header of the column that contains each field; empty for a field that is not to be read from any column."""
    title: str | None = None
    """The title of the quiz, for files that do not contain it; None for the name of the file."""
    time_zone: str | None = None
    """The time zone of times that are written without one, such as `Europe/Berlin`; None for UTC."""
    day_order: str | None = None
    """What dates such as 09/10/2026 begin with, a value of `times.DayOrder`; None if the file proves it."""
    max_scores: Mapping[str, float] = field(default_factory=dict)
    """The maximum score by the title of a quiz, for files that do not contain it."""
    source: str | None = None
    """The system whose ids a plain table has in its column `id`; None for ids of plain tables."""
    all_students: bool = False
    """Whether all people of a list without roles are students."""
    sections: Mapping[int, ChosenWeek | None] = field(default_factory=dict)
    """The weeks of sections by their numbers in the course, for sources that describe it; None: the section is not a week."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name on the command line, its title, how it is detected, and how it is opened."""

    name: str
    title: str
    needs_course: bool
    """Whether the files do not say which course they are about."""
    detect: Callable[[Path], bool]
    """Whether the path is in this format; False, never an error, for anything else."""
    open: Callable[[Path, ReadOptions], Source]
    """Open the files; an `ImportFileError` says what is wrong with them."""
    describes_course: bool = False
    """Whether an opened source is a `CourseSource`, from which the course is made if it is new."""


def detect_by_opening(open_file: Callable[[Path, ReadOptions], object]) -> Callable[[Path], bool]:
    """Return the `Format.detect` of a format whose files are opened at little cost: whether they can be opened."""

    def detect(path: Path) -> bool:
        try:
            open_file(path, ReadOptions())
        except ImportFileError:
            return False
        return True

    return detect
