"""OneRoster 1.1 and 1.2 as CSV: a folder or zip archive whose manifest lists its files and whether each is complete.

A class becomes a course of lmskit; an academic session of type term or semester becomes a term. Demographics and user
profiles, which contain passwords, are never unpacked or read.

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
from lmskit.importers.oneroster.rows import (
    BundleState,
    course_class,
    enrollment,
    keep_class,
    keep_course,
    keep_role,
    keep_session,
    session,
    user,
)
from lmskit.importers.report import shortened
from lmskit.importers.row import Row, rows
from lmskit.importers.row_warnings import RowWarnings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lmskit.importers.record import Record

SYSTEM = "oneroster"
MANIFEST = "manifest.csv"
VERSIONS = ("1.1", "1.2")
BULK, DELTA, ABSENT = "bulk", "delta", "absent"
CONTENTS = (BULK, DELTA, ABSENT)
"""A file is complete, or contains changes only, or is not in the bundle."""
MANIFEST_COLUMNS = ("propertyName", "value")
MAX_PROPERTIES = 1000


@dataclass(frozen=True, slots=True)
class Manifest:
    """The version of a bundle, and one of `CONTENTS` by the name of a file without `.csv`."""

    file: CsvFile
    version: str
    files: Mapping[str, str]

    def declares(self, name: str) -> bool:
        """Return whether a file is declared to be in the bundle."""
        return self.files.get(name, ABSENT) != ABSENT

    @property
    def is_delta(self) -> bool:
        """Whether any file contains changes only."""
        return DELTA in self.files.values()


def manifest_of(path: Path, delimiter: str | None) -> Manifest:
    """Read a manifest.

    Raises
    ------
    ImportFileError
        It is not a manifest, or is of a version that is not read.
    """
    file = CsvFile(path, MANIFEST_COLUMNS, delimiter=delimiter)
    properties = _properties(file)
    version = properties.get("oneroster.version")
    if version not in VERSIONS:
        lacks = "no oneroster.version" if version is None else "no value for oneroster.version"
        found = f"is of OneRoster {shortened(version)}" if version else f"has {lacks}"
        raise ImportFileError(f"{file.name} {found}; versions {' and '.join(VERSIONS)} are read.")
    files = {name.removeprefix("file."): value for name, value in properties.items() if name.startswith("file.")}
    for name, content in files.items():
        if content not in CONTENTS:
            found = f"declares {shortened(name)} as {shortened(content)!r}" if content else f"has no value for file.{shortened(name)}"
            raise ImportFileError(f"{file.name} {found}; it must be bulk, delta or absent. Correct it, or export the bundle again.")
    return Manifest(file, version, files)


def _properties(file: CsvFile) -> dict[str, str]:
    properties: dict[str, str] = {}
    for row, (name, value) in file.rows():
        if properties.get(name.strip(), value.strip()) != value.strip():
            raise ImportFileError(f"{file.name}, row {row}: {shortened(name)} is declared twice, with different values.")
        properties[name.strip()] = value.strip()
        if len(properties) > MAX_PROPERTIES:
            raise ImportFileError(f"{file.name} declares more than {MAX_PROPERTIES:,} properties: it is not a manifest of OneRoster.")
    if file.rejections:
        raise ImportFileError(f"A manifest is read only if all its rows can be read: {file.rejections[0]}.")
    return properties


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file of a bundle: the columns that are read, what is kept of a row beforehand, and how a row becomes records."""

    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    read: Callable[[BundleState, Row], list[Record] | None] | None = None
    keep: Callable[[BundleState, Row], list[Record]] | None = None


FILES = {
    "academicSessions": BundleFile(
        ("sourcedId", "title", "type", "startDate", "endDate"), ("status", "parentSourcedId"), read=session, keep=keep_session
    ),
    "courses": BundleFile(("sourcedId", "courseCode"), keep=keep_course),
    "classes": BundleFile(
        ("sourcedId", "title"), ("status", "classCode", "courseSourcedId", "termSourcedIds"), read=course_class, keep=keep_class
    ),
    "roles": BundleFile(("userSourcedId", "roleType", "role"), ("status",), keep=keep_role),
    "users": BundleFile(("sourcedId", "givenName", "familyName"), ("status", "role", "identifier", "email", "enabledUser"), read=user),
    "enrollments": BundleFile(("classSourcedId", "userSourcedId", "role"), ("status", "primary", "beginDate", "endDate"), read=enrollment),
}
"""In the order in which they are read."""


class OneRoster:
    """An opened bundle; see `lmskit.importers.record.Source`. It keeps the unpacked files of an archive as long as it exists."""

    format = "oneroster"
    system = SYSTEM
    may_lack_a_course = False

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.folder = opened(path, names={MANIFEST, *(f"{name}.csv" for name in FILES)})
        self.name = self.folder.name
        if MANIFEST not in self.folder:
            raise ImportFileError(f"{self.name} has no {MANIFEST}, which lists the files of a OneRoster bundle.")
        self.manifest = manifest_of(self.folder[MANIFEST], options.delimiter)
        present = {*self.folder, *self.folder.others}
        if missing := [name for name in self.manifest.files if self.manifest.declares(name) and f"{name}.csv" not in present]:
            raise ImportFileError(f"{self.name}: {MANIFEST} declares {', '.join(f'{name}.csv' for name in missing)}, which is missing.")
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
        self._state = BundleState(self.warnings)

    def _needed(self, name: str) -> tuple[str, ...]:
        """Return the columns that a file must have; in version 1.1 users have their role in their own file."""
        has_role = name == "users" and self.manifest.version == "1.1"
        return (*FILES[name].columns, "role") if has_role else FILES[name].columns

    def _optional(self, name: str) -> tuple[str, ...]:
        return tuple(column for column in FILES[name].optional if column not in self._needed(name))

    @property
    def is_partial(self) -> bool:
        """Whether a file contains changes only, so that a person who is not in it has not left."""
        return self.manifest.is_delta

    @property
    def sha256(self) -> str:
        """One digest of all files that are read."""
        files = [self.manifest.file, *self.csv.values()]
        return hashlib.sha256("".join(f"{file.name}:{file.text.sha256}\n" for file in files).encode()).hexdigest()

    @property
    def parts(self) -> Sequence[CsvFile]:
        """The files that are imported."""
        return [file for name, file in self.csv.items() if FILES[name].read]

    @property
    def notes(self) -> list[str]:
        """Notes on how the files were read."""
        notes = [f"{MANIFEST}: OneRoster {self.manifest.version}, {'changes only' if self.is_partial else 'complete'}."]
        notes += [note for file in self.csv.values() for note in file.notes]
        for name, file in self.csv.items():
            if not FILES[name].read and file.rows_in:
                notes.append(f"{file.name}: rows that are not imported, since they only describe classes or users: {file.rows_in:,}.")
            if not FILES[name].read and file.rejections:
                notes.append(f"{file.name}: rows that could not be read: {len(file.rejections):,}; the first: {file.rejections[0]}.")
        notes += [f"{subject}: {count:,}." for subject, count in self._state.counts.items()]
        notes += self._notes_on_other_files()
        return notes + self.warnings.notes

    def _notes_on_other_files(self) -> Iterator[str]:
        not_read = [name for name in self.folder.others if self._declares(name)]
        if not_read:
            yield f"Not read: {', '.join(not_read)}."
        undeclared = [name for name in (*self.folder, *self.folder.others) if name != MANIFEST and not self._declares(name)]
        if undeclared:
            yield f"Not read, since {MANIFEST} does not declare them: {', '.join(undeclared)}."

    def _declares(self, file_name: str) -> bool:
        return self.manifest.declares(file_name.removesuffix(".csv"))

    def records(self) -> Iterator[Record]:
        """Read the files: terms, classes, users, enrollments; teachers who are not primary are the last records."""
        self.warnings.clear()
        has_own_roles = "roles" not in self.csv
        are_complete = self.manifest.files["users" if has_own_roles else "roles"] != DELTA if "users" in self.csv else True
        state = self._state = BundleState(self.warnings, has_own_roles=has_own_roles, are_roles_complete=are_complete)
        for name, file in self.csv.items():
            if keep := FILES[name].keep:
                for _ in rows(file, partial(keep, state)):
                    pass
        for name, file in self.csv.items():
            if read := FILES[name].read:
                yield from rows(file, partial(read, state))
        yield from state.other_teachers.values()


def detect(path: Path) -> bool:
    """Return whether a folder or archive has a manifest with the columns of OneRoster's; opening it says what is wrong with it."""
    try:
        with opened(path, names={MANIFEST}) as folder:
            if MANIFEST not in folder:
                return False
            header = {text.strip().casefold() for text in CsvFile(folder[MANIFEST], []).header}
            return {column.casefold() for column in MANIFEST_COLUMNS} <= header
    except ImportFileError:
        return False


FORMAT = Format("oneroster", "OneRoster 1.1 and 1.2", needs_course=False, detect=detect, open=OneRoster)
