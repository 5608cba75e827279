"""Canvas SIS files: terms, courses, users and enrollments, as a student-information system gives them to Canvas.

They lie in a folder or a zip archive, or there is only one of them. Each is known by its header, as in Canvas, and there
may be several of a kind. All their ids are those of the student-information system.

Source of the format: `doc/api/sis_csv.md` of Canvas LMS.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.archive import Folder, is_archive, opened
from lmskit.importers.canvas.sis_rows import (
    COURSES,
    ENROLLMENTS,
    KINDS,
    SECTION_DELETED,
    SECTIONS,
    TERMS,
    USERS,
    course,
    enrollment,
    kind_of,
    role_among,
    term,
    user,
)
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.lookup import Memory
from lmskit.importers.row import Row, rows
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lmskit.importers.record import Record

SYSTEM = "sis"


class CanvasSis:
    """Opened SIS files; see `lmskit.importers.record.Source`. It keeps an archive's unpacked files as long as it lives."""

    format = "canvas-sis"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.folder = _folder(path)
        self.name = self.folder.name
        self.warnings = RowWarnings()
        found = {
            name: kind_of(CsvFile(file, [], delimiter=options.delimiter).header) for name, file in self.folder.items() if _is_csv(name)
        }
        self.files = [
            (kind, CsvFile(self.folder[name], kind.columns, optional=kind.optional, delimiter=options.delimiter))
            for kind in KINDS
            for name, known in found.items()
            if known is kind
        ]
        self.not_read = [name for name in self.folder if not found.get(name)]
        if not self.parts:
            expected = ", ".join(f"{kind.name}.csv" for kind in KINDS if not kind.why_not)
            raise ImportFileError(f"{self.name} holds none of {expected} with the columns that Canvas's SIS files have.")

    @property
    def sha256(self) -> str:
        """One digest for all files together."""
        together = "".join(f"{file.name}:{file.text.sha256}\n" for _, file in self.files)
        return hashlib.sha256(together.encode()).hexdigest()

    @property
    def parts(self) -> Sequence[CsvFile]:
        """The files that are imported."""
        return [file for kind, file in self.files if not kind.why_not]

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the files were read."""
        notes = [note for _, file in self.files for note in file.notes]
        for kind, file in self.files:
            if kind.why_not:
                notes.append(f"{file.name}: rows that are not imported, since {kind.why_not}: {file.rows_in:,}.")
            if kind.why_not and file.rejections:
                notes.append(f"{file.name}: rows that could not be read: {len(file.rejections):,}; the first: {file.rejections[0]}.")
        if self.not_read:
            notes.append(f"Not read: {', '.join(self.not_read)}.")
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the files: terms, courses, users, enrollments."""
        self.warnings.clear()
        sections: dict[str, str] = {}
        roles: dict[str, str] = {}
        memory = Memory()
        for kind, file in self.files:
            if kind is ENROLLMENTS:
                for _ in rows(file, partial(_remember_role, roles=roles, memory=memory)):
                    pass
        has_sections = any(kind is SECTIONS for kind, _ in self.files)
        read: dict[str, Callable[[Row], list[Record]]] = {
            TERMS.name: term,
            COURSES.name: partial(course, warnings=self.warnings),
            USERS.name: partial(user, roles=roles),
            SECTIONS.name: partial(_remember, sections=sections, memory=memory),
            ENROLLMENTS.name: partial(enrollment, sections=sections if has_sections else None),
        }
        for kind, file in self.files:
            yield from rows(file, read.get(kind.name, _nothing))


def _remember(row: Row, sections: dict[str, str], memory: Memory) -> list[Record]:
    course_id = row.read("course_id", identifier)
    gone = row["status"] == "deleted"
    memory.keep(sections, row.read("section_id", identifier), SECTION_DELETED if gone else course_id, file=row.file.name)
    return []


def _remember_role(row: Row, roles: dict[str, str], memory: Memory) -> list[Record]:
    person = row.read("user_id", identifier)
    memory.keep(roles, person, role_among(roles.get(person, ""), row["role"]), file=row.file.name)
    return []


def _nothing(_: Row) -> list[Record]:
    return []


def _folder(path: Path) -> Folder:
    """The files of a folder or an archive, or a single file as if it lay in a folder alone."""
    return Folder(path.name, {path.name: path}) if path.is_file() and not is_archive(path) else opened(path)


def _is_csv(name: str) -> bool:
    return name.casefold().endswith((".csv", ".txt")) and "/" not in name


def detect(path: Path) -> bool:
    """Whether a path holds SIS files, judged by their headers."""
    try:
        CanvasSis(path, ReadOptions())
    except ImportFileError:
        return False
    return True


FORMAT = Format("canvas-sis", "Canvas SIS files", needs_course=False, detect=detect, open=CanvasSis)
