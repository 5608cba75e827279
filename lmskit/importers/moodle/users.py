"""The CSV file with which Moodle makes users and enrols them: one row per person, with any number of courses.

Passwords are never read. Headers may be in any case and have blanks around them, as Moodle takes them.

Source of the format: `admin/tool/uploaduser` of Moodle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import Column, one_of
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.moodle.person import SYSTEM
from lmskit.importers.record import EnrollmentRecord, PersonKey, PersonRecord, Position, Record
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import code, family_name, given_name, identifier, optional_address, optional_identifier
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FIELDS = ("username", "firstname", "lastname", "email", "idnumber", "suspended", "deleted")
ROLES = {"": Role.STUDENT, "student": Role.STUDENT, "editingteacher": Role.LECTURER, "teacher": Role.LECTURER}
TYPES = {"": Role.STUDENT, "1": Role.STUDENT, "2": Role.LECTURER, "3": Role.LECTURER}
"""Roles as early versions of Moodle number them; 1 is the course's usual role."""
YES_OR_NO = {"": False, "0": False, "1": True}
DELETED = "says that the person is deleted in Moodle; an import deletes nobody"
UNKNOWN_ROLE = "is a role that there is not here: a person is a student, or an editingteacher or teacher"
_NUMBERED = re.compile(r"(course|role|type|enrolstatus)([0-9]{1,4})", re.ASCII)

_yes_or_no = one_of(YES_OR_NO)


@dataclass
class CourseColumns:
    """The columns of one of the courses in a row."""

    course: int | None = None
    role: int | None = None
    type: int | None = None
    enrolstatus: int | None = None


class UserUpload:
    """An opened file; see `lmskit.importers.record.Source`."""

    format = "moodle-users"
    system = SYSTEM
    may_lack_a_course = True
    """Without a course everybody is a person of the platform and nothing more."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self.places = self._find_fields()
        self.courses = self._find_courses()
        self.parts = (self.file,)
        self.warnings = RowWarnings()
        self._suspended = 0
        used = {*self.places.values()}
        used |= {place for each in self.courses for place in vars(each).values() if place is not None}
        self.file.skipped_columns = tuple(column for place, column in enumerate(self.file.header) if place not in used)
        self._address = Column(optional_address)
        self._code = Column(code)

    def _find_fields(self) -> dict[str, int]:
        header = [column.strip().lower() for column in self.file.header]
        places = {field: header.index(field) for field in FIELDS if field in header}
        twice = [field for field in places if header.count(field) > 1]
        if twice:
            raise ImportFileError(f"{self.name} has the column {twice[0]} more than once. Remove one of them.")
        missing = [field for field in ("username", "firstname", "lastname") if field not in places]
        if missing:
            raise ImportFileError(
                f"{self.name} lacks {', '.join(missing)}, which a file of users for Moodle has; "
                f"it has {', '.join(map(shortened, self.file.header[:20]))}."
            )
        return places

    def _find_courses(self) -> tuple[CourseColumns, ...]:
        """The courses in the order of their numbers; `role1` belongs to `course1`."""
        courses: dict[int, CourseColumns] = {}
        for place, column in enumerate(self.file.header):
            if found := _NUMBERED.fullmatch(column.strip().lower()):
                columns = courses.setdefault(int(found[2]), CourseColumns())
                if getattr(columns, found[1]) is not None:
                    raise ImportFileError(f"{self.name} has the column {shortened(column.strip())} more than once. Remove one of them.")
                setattr(columns, found[1], place)
        return tuple(columns for _, columns in sorted(courses.items()) if columns.course is not None)

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the file was read."""
        notes = self.file.notes
        if not self.courses:
            notes.append(f"{self.name} names no courses; --course says into which one everybody is enrolled.")
        if self._suspended:
            notes.append(f"{self.name}: enrollments that are suspended in Moodle are taken as withdrawn: {self._suspended:,}.")
        return [*notes, *self.warnings.notes]

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the person and her enrollments."""
        self.warnings.clear()
        self._suspended = 0
        for row, cells in self.file.rows():
            try:
                person = self._person(row, cells)
                enrollments = self._enrollments(person, cells)
            except RejectedRowError as error:
                self.file.reject(row, error.column, error.cell, error.reason)
                continue
            self._suspended += sum(each.status is EnrollmentStatus.WITHDRAWN for each in enrollments)
            yield person
            yield from enrollments

    def _cell(self, cells: Sequence[str], field: str) -> tuple[str, str]:
        """The header and the text of a field's cell."""
        place = self.places.get(field)
        return ("", "") if place is None else (self.file.header[place], cells[place].strip())

    def _person(self, row: int, cells: Sequence[str]) -> PersonRecord:
        column, cell = self._cell(cells, "deleted")
        if value(_yes_or_no, column, cell):
            raise RejectedRowError(column, cell, DELETED)
        key = PersonKey(
            value(identifier, *self._cell(cells, "username")).lower(),
            value(optional_identifier, *self._cell(cells, "idnumber")),
            value(self._address.__getitem__, *self._cell(cells, "email")),
        )
        family = value(family_name, *self._cell(cells, "lastname"))
        given = value(given_name, *self._cell(cells, "firstname"))
        return PersonRecord(Position(self.name, row), key, family, given)

    def _enrollments(self, person: PersonRecord, cells: Sequence[str]) -> list[EnrollmentRecord]:
        status = self._status(*self._cell(cells, "suspended"))
        if not self.courses:
            return [EnrollmentRecord(person.position, person.key, status=status)]
        enrollments: dict[str, EnrollmentRecord] = {}
        for columns in self.courses:
            column, cell = self._at(cells, columns.course)
            if not cell:
                continue
            course = value(self._code.__getitem__, column, cell)
            role = self._role(columns, cells)
            withdrawn = EnrollmentStatus.WITHDRAWN in {status, self._status(*self._at(cells, columns.enrolstatus))}
            taken = EnrollmentStatus.WITHDRAWN if withdrawn else EnrollmentStatus.ACTIVE
            if enrollments.setdefault(course, EnrollmentRecord(person.position, person.key, course, role, taken)).role is not role:
                raise RejectedRowError(column, cell, "has the person in one course as a student and as a teacher")
        return list(enrollments.values())

    @staticmethod
    def _status(column: str, cell: str) -> EnrollmentStatus:
        return EnrollmentStatus.WITHDRAWN if value(_yes_or_no, column, cell) else EnrollmentStatus.ACTIVE

    def _role(self, columns: CourseColumns, cells: Sequence[str]) -> Role:
        """A role's short name, else its number."""
        known, place = (ROLES, columns.role) if self._at(cells, columns.role)[1] else (TYPES, columns.type)
        column, cell = self._at(cells, place)
        if cell.lower() not in known:
            raise RejectedRowError(column, cell, UNKNOWN_ROLE)
        return known[cell.lower()]

    def _at(self, cells: Sequence[str], place: int | None) -> tuple[str, str]:
        return ("", "") if place is None else (self.file.header[place], cells[place].strip())


def detect(path: Path) -> bool:
    """Whether a file is for Moodle's user upload, judged by its header."""
    try:
        UserUpload(path, ReadOptions())
    except ImportFileError:
        return False
    return True


FORMAT = Format("moodle-users", "Moodle user upload", needs_course=False, detect=detect, open=UserUpload)
