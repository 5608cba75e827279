"""What the form that imports files is given: the options to choose from, and what a file is at first sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmskit.importers.column_mapping import TableColumns
from lmskit.importers.remembered_choices import RememberedChoices


@dataclass(frozen=True)
class RosterImportOptions:
    """The options that the form offers, each as label and value."""

    formats: Sequence[tuple[str, str]]
    courses: Sequence[tuple[str, str]]
    lecturers: Sequence[tuple[str, str]]
    terms: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class FileLook:
    """What a file is at first sight.

    `sentence` describes its content, or says why it cannot be imported as it is (`is_refused`). `columns` are those of a table,
    and `fields` those that a person can map to them. `source_key` names the source of the file, and `remembered` is how its last
    file was read, if that was chosen. With `describes_course` the course is made of the file if it is new.
    """

    sentence: str
    is_refused: bool = False
    columns: TableColumns | None = None
    fields: Sequence[str] = ()
    describes_course: bool = False
    source_key: str | None = None
    remembered: RememberedChoices | None = None
