"""OneRoster 1.1 and 1.2 as CSV: a folder or zip archive whose manifest says which files there are and how they are meant.

A class is a course here; an academic session of type term or semester is a term. Demographics and user profiles, which
hold passwords, are never unpacked or read.

Source of the format: 1EdTech OneRoster CSV binding, 1.1 and 1.2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.archive import opened
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.oneroster.manifest import MANIFEST, manifest_of
from lmskit.importers.oneroster.rows import (
    Bundle,
    course_class,
    enrollment,
    remember_class,
    remember_course,
    remember_role,
    remember_session,
    session,
    user,
)
from lmskit.importers.row import Row, rows
from lmskit.importers.row_warnings import RowWarnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from lmskit.importers.record import Record

SYSTEM = "oneroster"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a bundle: what is read of it, how its rows become records, and what is remembered of it before."""

    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    read: Callable[[Bundle, Row], list[Record] | None] | None = None
    remember: Callable[[Bundle, Row], list[Record]] | None = None


FILES = {
    "academicSessions": File(
        ("sourcedId", "title", "type", "startDate", "endDate"), ("status", "parentSourcedId"), read=session, remember=remember_session
    ),
    "courses": File(("sourcedId", "courseCode"), remember=remember_course),
    "classes": File(
        ("sourcedId", "title"), ("status", "classCode", "courseSourcedId", "termSourcedIds"), read=course_class, remember=remember_class
    ),
    "roles": File(("userSourcedId", "roleType", "role"), ("status",), remember=remember_role),
    "users": File(("sourcedId", "givenName", "familyName"), ("status", "role", "identifier", "email", "enabledUser"), read=user),
    "enrollments": File(("classSourcedId", "userSourcedId", "role"), ("status", "primary", "beginDate", "endDate"), read=enrollment),
}
"""In the order in which they are read."""


class OneRoster:
    """An opened bundle; see `lmskit.importers.record.Source`. It keeps an archive's unpacked files as long as it lives."""

    format = "oneroster"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.folder = opened(path, names={MANIFEST, *(f"{name}.csv" for name in FILES)})
        self.name = self.folder.name
        if MANIFEST not in self.folder:
            raise ImportFileError(f"{self.name} has no {MANIFEST}, which says what a OneRoster bundle holds.")
        self.manifest = manifest_of(self.folder[MANIFEST], options.delimiter)
        there = {*self.folder, *self.folder.others}
        if missing := [name for name in self.manifest.files if self.manifest.declares(name) and f"{name}.csv" not in there]:
            raise ImportFileError(f"{self.name}: {MANIFEST} declares {', '.join(f'{name}.csv' for name in missing)}, which is not there.")
        self.csv = {
            name: CsvFile(self.folder[f"{name}.csv"], self._needed(name), optional=self._optional(name), delimiter=options.delimiter)
            for name in FILES
            if self.manifest.declares(name)
        }
        if not self.parts:
            raise ImportFileError(
                f"{self.name}: {MANIFEST} declares neither terms nor classes nor users nor enrollments: nothing to import."
            )
        self.warnings = RowWarnings()
        self._bundle = Bundle(self.warnings)

    def _needed(self, name: str) -> tuple[str, ...]:
        return (*FILES[name].columns, "role") if self._has_own_roles(name) else FILES[name].columns

    def _optional(self, name: str) -> tuple[str, ...]:
        return tuple(column for column in FILES[name].optional if column not in self._needed(name))

    def _has_own_roles(self, name: str) -> bool:
        return name == "users" and self.manifest.version == "1.1"

    @property
    def is_partial(self) -> bool:
        """Whether a file names changes only, so that whoever it does not name has not left."""
        return self.manifest.is_delta

    @property
    def sha256(self) -> str:
        """One digest for the files that are read."""
        files = [self.manifest.file, *self.csv.values()]
        return hashlib.sha256("".join(f"{file.name}:{file.text.sha256}\n" for file in files).encode()).hexdigest()

    @property
    def parts(self) -> Sequence[CsvFile]:
        """The files that are imported."""
        return [file for name, file in self.csv.items() if FILES[name].read]

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the files were read."""
        notes = [f"{MANIFEST}: OneRoster {self.manifest.version}, {'changes only' if self.is_partial else 'in full'}."]
        notes += [note for file in self.csv.values() for note in file.notes]
        for name, file in self.csv.items():
            if not FILES[name].read:
                notes.append(
                    f"{file.name}: rows that are not imported, since they only tell what belongs to classes or users: {file.rows_in:,}."
                )
            if not FILES[name].read and file.rejections:
                notes.append(f"{file.name}: rows that could not be read: {len(file.rejections):,}; the first: {file.rejections[0]}.")
        notes += [f"{what}: {count:,}." for what, count in self._bundle.counted.items()]
        not_read = [name for name in self.folder.others if self.manifest.declares(name.removesuffix(".csv"))]
        if not_read:
            notes.append(f"Not read: {', '.join(not_read)}.")
        undeclared = [
            name
            for name in (*self.folder, *self.folder.others)
            if name != MANIFEST and not self.manifest.declares(name.removesuffix(".csv"))
        ]
        if undeclared:
            notes.append(f"Not read, since {MANIFEST} does not declare them: {', '.join(undeclared)}.")
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the files: terms, classes, users, enrollments; teachers who are not primary come last."""
        self.warnings.clear()
        bundle = self._bundle = Bundle(self.warnings, roles_stand_apart="roles" in self.csv)
        for name, file in self.csv.items():
            if remember := FILES[name].remember:
                for _ in rows(file, partial(remember, bundle)):
                    pass
        for name, file in self.csv.items():
            if read := FILES[name].read:
                yield from rows(file, partial(read, bundle))
        yield from bundle.later.values()


def detect(path: Path) -> bool:
    """Whether a folder or archive is a OneRoster bundle, judged by its manifest."""
    try:
        with opened(path, names={MANIFEST}) as folder:
            return MANIFEST in folder and bool(manifest_of(folder[MANIFEST], None))
    except ImportFileError:
        return False


FORMAT = Format("oneroster", "OneRoster 1.1 and 1.2", needs_course=False, detect=detect, open=OneRoster)
