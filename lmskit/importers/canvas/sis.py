"""Canvas SIS files: terms, courses, users and enrollments, as a student-information system gives them to Canvas.

They are in a folder or a zip archive, or there is only one of them. Each is recognised by its header, as in Canvas, and
there may be several of a kind. All their ids are those of the student-information system.

Source of the format: `doc/api/sis_csv.md` of Canvas LMS.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.archive import Folder, is_archive, opened
from lmskit.importers.cell import UnreadableCellError, one_of
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.identity_cell import id_of
from lmskit.importers.lookup import Memory
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import TEACHER_LEFT, CourseRecord, EnrollmentRecord, PersonKey, PersonRecord, SectionName, TermRecord
from lmskit.importers.row import Row, rows
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import code, identifier, optional_day, optional_identifier, title
from lmskit.vocabulary import EnrollmentStatus, Role, SectionKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lmskit.importers.record import Record

SYSTEM = "sis"
DELETED = "deleted"
NOT_DELETED = "is deleted in Canvas; an import deletes nothing"
TERM_STATUS = one_of({"active": True, DELETED: False})
COURSE_STATUS = one_of({"active": True, "completed": True, "concluded": True, "published": True, "unpublished": True, DELETED: False})
USER_STATUS = one_of({"active": True, "suspended": True, DELETED: False})
ENROLLMENT_STATUS = one_of(
    {
        "active": EnrollmentStatus.ACTIVE,
        "inactive": EnrollmentStatus.WITHDRAWN,
        DELETED: EnrollmentStatus.WITHDRAWN,
        "deleted_last_completed": EnrollmentStatus.COMPLETED,
        "completed": EnrollmentStatus.COMPLETED,
        "concluded": EnrollmentStatus.COMPLETED,
    }
)
ROLES = {"student": Role.STUDENT, "StudentEnrollment": Role.STUDENT, "teacher": Role.LECTURER, "TeacherEnrollment": Role.LECTURER}
TEACHER, STUDENT, OTHER = "teacher", "student", "other"
DELETED_SECTION = ""
"""Kept for a deleted section instead of its course."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of SIS file: the columns that are read, those that only this kind has, and why it is not imported, if it is not."""

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    distinctive: tuple[str, ...] = ()
    not_imported_since: str = ""

    def fits(self, header: list[str]) -> bool:
        """Return whether a file with this header is of this kind."""
        return {*self.columns, *self.distinctive} <= set(header)


TERMS = FileKind("terms", ("term_id", "name", "status"), ("start_date", "end_date"))
COURSES = FileKind("courses", ("course_id", "short_name", "long_name", "status"), ("term_id",))
USERS = FileKind("users", ("user_id", "status"), ("last_name", "first_name", "sortable_name", "full_name", "email"), ("login_id",))
ENROLLMENTS = FileKind("enrollments", ("user_id", "role", "status"), ("course_id", "section_id"))
SECTIONS = FileKind("sections", ("section_id", "course_id", "status"), ("name",), ("name",), "they only assign sections to courses")
ACCOUNTS = FileKind("accounts", ("account_id",), (), ("parent_account_id", "name", "status"), "lmskit has no accounts")
KINDS = (TERMS, COURSES, USERS, SECTIONS, ENROLLMENTS, ACCOUNTS)
"""In the order in which they are read."""


class CanvasSis:
    """Opened SIS files; see `lmskit.importers.record.Source`. It keeps the unpacked files of an archive as long as it exists."""

    format = "canvas-sis"
    system = SYSTEM
    is_partial = False
    may_lack_a_course = False

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.folder = _folder(path)
        self.name = self.folder.name
        self.warnings = RowWarnings()
        kinds = {
            name: kind_of(CsvFile(file, [], delimiter=options.delimiter).header) for name, file in self.folder.items() if _is_csv(name)
        }
        self.files = [
            (kind, CsvFile(self.folder[name], kind.columns, optional=kind.optional, delimiter=options.delimiter))
            for kind in KINDS
            for name, kind_of_file in kinds.items()
            if kind_of_file is kind
        ]
        self.not_read = [name for name in self.folder if not kinds.get(name)]
        if not self.parts:
            expected = ", ".join(f"{kind.name}.csv" for kind in KINDS if not kind.not_imported_since)
            raise ImportFileError(f"{self.name} has none of {expected} with the columns of Canvas's SIS files.")

    @property
    def sha256(self) -> str:
        """One digest of all files together."""
        together = "".join(f"{file.name}:{file.text.sha256}\n" for _, file in self.files)
        return hashlib.sha256(together.encode()).hexdigest()

    @property
    def parts(self) -> Sequence[CsvFile]:
        """The files that are imported."""
        return [file for kind, file in self.files if not kind.not_imported_since]

    @property
    def notes(self) -> list[str]:
        """Notes on how the files were read."""
        notes = [note for _, file in self.files for note in file.notes]
        for kind, file in self.files:
            if kind.not_imported_since:
                notes.append(f"{file.name}: rows that are not imported, since {kind.not_imported_since}: {file.rows_in:,}.")
            if kind.not_imported_since and file.rejections:
                notes.append(f"{file.name}: rows that could not be read: {len(file.rejections):,}; the first: {file.rejections[0]}.")
        if self.not_read:
            notes.append(f"Not read: {', '.join(self.not_read)}.")
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the files: terms, courses, users, enrollments."""
        self.warnings.clear()
        sections: dict[str, str] = {}
        names: dict[str, str] = {}
        roles: dict[str, str] = {}
        memory = Memory()
        for kind, file in self.files:
            if kind is ENROLLMENTS:
                for _ in rows(file, partial(_keep_role, roles=roles, memory=memory)):
                    pass
        has_sections = any(kind is SECTIONS for kind, _ in self.files)
        readers: dict[str, Callable[[Row], list[Record]]] = {
            TERMS.name: term,
            COURSES.name: partial(course, warnings=self.warnings),
            USERS.name: partial(user, roles=roles, cells=PersonCells(self.warnings)),
            SECTIONS.name: partial(_keep_section, sections=sections, names=names, memory=memory),
            ENROLLMENTS.name: partial(enrollment, sections=sections if has_sections else None, names=names),
        }
        for kind, file in self.files:
            yield from rows(file, readers.get(kind.name, _no_records))


def kind_of(header: list[str]) -> FileKind | None:
    """Return the kind of file that has a header; None if no kind, or several, have it."""
    fitting = [kind for kind in KINDS if kind.fits(header)]
    if "course_id" not in header and "section_id" not in header and ENROLLMENTS in fitting:
        fitting.remove(ENROLLMENTS)
    return fitting[0] if len(fitting) == 1 else None


def term(row: Row) -> list[Record]:
    """Return a term, with its id as code, since names need not be unique."""
    source_id, name = row.read("term_id", code), row.read("name", title)
    _refuse_deleted(row, is_active=row.read("status", TERM_STATUS))
    first, last = row.read("start_date", optional_day), row.read("end_date", optional_day)
    if first and last and last <= first:
        raise row.rejected("end_date", "is not after start_date")
    return [TermRecord(row.position, source_id, source_id, name, first, last)]


def course(row: Row, warnings: RowWarnings) -> list[Record]:
    """Return a course, with its id as code; its short name is the same every term, so it becomes the code of the module."""
    source_id, name = row.read("course_id", code), row.read("long_name", title)
    _refuse_deleted(row, is_active=row.read("status", COURSE_STATUS))
    try:
        module = code(row["short_name"])
    except UnreadableCellError:
        module = source_id
        reason = "cannot be the code of a module; course_id is used instead"
        warnings.add(row.file.name, row.number, "short_name", row["short_name"], reason)
    return [CourseRecord(row.position, source_id, source_id, module, name, row.read("term_id", optional_identifier))]


def user(row: Row, roles: Mapping[str, str], cells: PersonCells) -> list[Record]:
    """Return a person.

    Parameters
    ----------
    row
        A row of users.csv.
    roles
        The role of each user who is enrolled in any course, from `role_among`.
    cells
        How the cells about people are read.
    """
    source_id = cells.id(row.position, "user_id", row["user_id"])
    _refuse_deleted(row, is_active=row.read("status", USER_STATUS))
    if (role := roles.get(source_id, STUDENT)) == OTHER:
        raise row.rejected("user_id", "is enrolled, but neither as student nor as teacher")
    key = PersonKey(source_id, email=cells.address(row.position, "email", row["email"]))
    person_role = Role.LECTURER if role == TEACHER else None
    if row["last_name"]:
        family = cells.family_name(row.position, "last_name", row["last_name"])
        given = cells.given_name(row.position, "first_name", row["first_name"])
        return [PersonRecord(row.position, key, family, given, person_role)]
    column = next((column for column in ("sortable_name", "full_name", "first_name") if row[column]), "last_name")
    name = cells.full_name(row.position, column, row[column])
    return [PersonRecord(row.position, key, name.family, name.given, person_role, is_split=name.is_split, doubt=name.doubt)]


def role_among(roles: str, role: str) -> str:
    """Return the role of a person who has one more role: a teacher in any course is a teacher, even if a row is rejected.

    Examples
    --------
    >>> role_among("student", "teacher"), role_among("other", "student"), role_among("", "observer")
    ('teacher', 'student', 'other')
    """
    added = OTHER if role not in ROLES else TEACHER if ROLES[role] is Role.LECTURER else STUDENT
    return max(roles, added, key=["", OTHER, STUDENT, TEACHER].index)


def enrollment(row: Row, sections: Mapping[str, str] | None, names: Mapping[str, str]) -> list[Record]:
    """Return the enrollment of a student, or that a teacher teaches a course.

    Parameters
    ----------
    row
        A row of enrollments.csv.
    sections
        The course of each section; None if there is no file of sections.
    names
        The name of each section.
    """
    person, role = row.read("user_id", id_of), row["role"]
    status = row.read("status", ENROLLMENT_STATUS)
    if role not in ROLES:
        raise row.rejected("role", "is a role that is not imported: only students and teachers are" if role else "is empty")
    course_id, section_id = row.read("course_id", optional_identifier), row.read("section_id", optional_identifier)
    if section_id:
        course_id = _course_of(row, section_id, course_id, sections)
    if not course_id:
        raise row.rejected("course_id", "is empty, and so is section_id")
    if ROLES[role] is Role.LECTURER and status is not EnrollmentStatus.ACTIVE:
        raise row.rejected("status", TEACHER_LEFT)
    named = (SectionName(SectionKind.SECTION, names.get(section_id, section_id)),) if section_id else ()
    return [EnrollmentRecord(row.position, PersonKey(person), course_id, ROLES[role], status, sections=named)]


def _course_of(row: Row, section_id: str, course_id: str | None, sections: Mapping[str, str] | None) -> str | None:
    if sections is None:
        if course_id:
            return course_id
        raise row.rejected("section_id", "does not identify a course, since there is no sections.csv")
    if section_id not in sections:
        raise row.rejected("section_id", "names a section that is not in sections.csv")
    if sections[section_id] == DELETED_SECTION:
        raise row.rejected("section_id", "names a section that is deleted")
    if course_id and sections[section_id] != course_id:
        raise row.rejected("section_id", "names a section of another course")
    return sections[section_id]


def _refuse_deleted(row: Row, *, is_active: bool) -> None:
    if not is_active:
        raise row.rejected("status", NOT_DELETED)


def _keep_section(row: Row, sections: dict[str, str], names: dict[str, str], memory: Memory) -> list[Record]:
    course_id, section_id = row.read("course_id", identifier), row.read("section_id", identifier)
    kept = DELETED_SECTION if row["status"] == DELETED else course_id
    if row["name"]:
        memory.keep(names, section_id, row.read("name", title), file=row.file.name)
    memory.keep(sections, section_id, kept, file=row.file.name)
    return []


def _keep_role(row: Row, roles: dict[str, str], memory: Memory) -> list[Record]:
    person = row.read("user_id", id_of)
    memory.keep(roles, person, role_among(roles.get(person, ""), row["role"]), file=row.file.name)
    return []


def _no_records(_: Row) -> list[Record]:
    return []


def _folder(path: Path) -> Folder:
    """Return the files of a folder or an archive; a single file is a folder of its own."""
    return Folder(path.name, {path.name: path}) if path.is_file() and not is_archive(path) else opened(path)


def _is_csv(name: str) -> bool:
    return name.casefold().endswith((".csv", ".txt")) and "/" not in name


FORMAT = Format("canvas-sis", "Canvas SIS files", needs_course=False, detect=detect_by_opening(CanvasSis), open=CanvasSis)
