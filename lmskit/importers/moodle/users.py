"""The CSV file with which Moodle creates users and enrols them: one row per person, with any number of courses.

Passwords are never read. Headers may be in upper or lower case and have blanks around them, as in Moodle.

Source of the format: `admin/tool/uploaduser` of Moodle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.cell import ColumnValues, one_of
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.moodle.person import SYSTEM
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import EnrollmentRecord, PersonKey, PersonRecord, Position, Record
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import code
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NEEDED = ("username", "firstname", "lastname")
FIELDS = (*NEEDED, "email", "idnumber", "suspended", "deleted")
ROLES = {"": Role.STUDENT, "student": Role.STUDENT, "editingteacher": Role.LECTURER, "teacher": Role.LECTURER}
TYPES = {"": Role.STUDENT, "1": Role.STUDENT, "2": Role.LECTURER, "3": Role.LECTURER}
"""Roles by the numbers of early versions of Moodle; 1 is the course's usual role."""
YES_OR_NO = {"": False, "0": False, "1": True}
DELETED = "says that the person is deleted in Moodle; an import deletes no person"
UNKNOWN_ROLE = "is a role that is not imported: only student, editingteacher and teacher are"
TWO_ROLES = "lists the person in one course as a student and as a teacher"
_NUMBERED = re.compile(r"(course|role|type|enrolstatus)([0-9]{1,4})", re.ASCII)

_yes_or_no = one_of(YES_OR_NO)


@dataclass
class CourseColumns:
    """Indices of the columns of one of the courses in a row."""

    course: int | None = None
    role: int | None = None
    type: int | None = None
    enrolstatus: int | None = None


class UserUpload:
    """An opened file; see `lmskit.importers.record.Source`."""

    format = "moodle-users"
    system = SYSTEM
    is_partial = False
    may_lack_a_course = True
    """Without a course, all persons become persons of the platform and are not enrolled."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self.fields = self._find_fields()
        self.courses = self._find_courses()
        self.parts = (self.file,)
        self.warnings = RowWarnings()
        self._suspended = 0
        columns_read = {*self.fields.values(), *(column for course in self.courses for column in vars(course).values())}
        self.file.skipped_columns = tuple(header for column, header in enumerate(self.file.header) if column not in columns_read)
        self._cells = PersonCells(self.warnings)
        self._code = ColumnValues(code)

    def _find_fields(self) -> dict[str, int]:
        """Return the column index of each field."""
        header = [text.strip().lower() for text in self.file.header]
        fields = {field: header.index(field) for field in FIELDS if field in header}
        repeated = [field for field in fields if header.count(field) > 1]
        if repeated:
            raise ImportFileError(f"{self.name} has the column {repeated[0]} more than once. Remove one of them.")
        missing = [field for field in NEEDED if field not in fields]
        if missing:
            raise ImportFileError(
                f"{self.name} lacks {', '.join(missing)}, which a file of users for Moodle has; "
                f"it has {', '.join(map(shortened, self.file.header[:20]))}."
            )
        return fields

    def _find_courses(self) -> tuple[CourseColumns, ...]:
        """Return the courses in the order of their numbers; `role1` belongs to `course1`."""
        courses: dict[int, CourseColumns] = {}
        for column, text in enumerate(self.file.header):
            if found := _NUMBERED.fullmatch(text.strip().lower()):
                columns = courses.setdefault(int(found[2]), CourseColumns())
                if getattr(columns, found[1]) is not None:
                    raise ImportFileError(f"{self.name} has the column {shortened(text.strip())} more than once. Remove one of them.")
                setattr(columns, found[1], column)
        return tuple(columns for _, columns in sorted(courses.items()) if columns.course is not None)

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        notes = self.file.notes
        if not self.courses:
            notes.append(f"{self.name} does not name courses; {advice.COURSE_OF_ALL}.")
        if self._suspended:
            notes.append(f"{self.name}: enrollments that are suspended in Moodle are imported as withdrawn: {self._suspended:,}.")
        return [*notes, *self.warnings.notes]

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the person and the person's enrollments."""
        self.warnings.clear()
        self._suspended = 0
        for row, cells in self.file.rows():
            try:
                person = self._person(row, cells)
                enrollments = self._enrollments(person, cells)
            except RejectedRowError as error:
                self.file.reject(row, error.column, error.cell, error.reason)
                continue
            self._suspended += sum(enrollment.status is EnrollmentStatus.WITHDRAWN for enrollment in enrollments)
            yield person
            yield from enrollments

    def _person(self, row: int, cells: Sequence[str]) -> PersonRecord:
        header, cell = self._field(cells, "deleted")
        if value(_yes_or_no, header, cell):
            raise RejectedRowError(header, cell, DELETED)
        position = Position(self.name, row)
        key = PersonKey(
            self._cells.id(position, *self._field(cells, "username")).lower(),
            self._cells.optional_id(position, *self._field(cells, "idnumber")),
            self._cells.address(position, *self._field(cells, "email")),
        )
        family = self._cells.family_name(position, *self._field(cells, "lastname"))
        given = self._cells.given_name(position, *self._field(cells, "firstname"))
        return PersonRecord(position, key, family, given)

    def _enrollments(self, person: PersonRecord, cells: Sequence[str]) -> list[EnrollmentRecord]:
        status_everywhere = self._status(*self._field(cells, "suspended"))
        if not self.courses:
            return [EnrollmentRecord(person.position, person.key, status=status_everywhere)]
        enrollments: dict[str, EnrollmentRecord] = {}
        for columns in self.courses:
            header, cell = self._cell(cells, columns.course)
            if not cell:
                continue
            course = value(self._code.__getitem__, header, cell)
            role = self._role(columns, cells)
            is_withdrawn = EnrollmentStatus.WITHDRAWN in {status_everywhere, self._status(*self._cell(cells, columns.enrolstatus))}
            status = EnrollmentStatus.WITHDRAWN if is_withdrawn else EnrollmentStatus.ACTIVE
            if enrollments.setdefault(course, EnrollmentRecord(person.position, person.key, course, role, status)).role is not role:
                raise RejectedRowError(header, cell, TWO_ROLES)
        return list(enrollments.values())

    @staticmethod
    def _status(header: str, cell: str) -> EnrollmentStatus:
        return EnrollmentStatus.WITHDRAWN if value(_yes_or_no, header, cell) else EnrollmentStatus.ACTIVE

    def _role(self, columns: CourseColumns, cells: Sequence[str]) -> Role:
        """Return the role by its short name, or by its number if there is no name."""
        roles, column = (ROLES, columns.role) if self._cell(cells, columns.role)[1] else (TYPES, columns.type)
        header, cell = self._cell(cells, column)
        if cell.lower() not in roles:
            raise RejectedRowError(header, cell, UNKNOWN_ROLE)
        return roles[cell.lower()]

    def _field(self, cells: Sequence[str], field: str) -> tuple[str, str]:
        return self._cell(cells, self.fields.get(field))

    def _cell(self, cells: Sequence[str], column: int | None) -> tuple[str, str]:
        """Return the header and the text of a cell; both are empty if there is no such column."""
        return ("", "") if column is None else (self.file.header[column], cells[column].strip())


FORMAT = Format("moodle-users", "Moodle user upload", needs_course=False, detect=detect_by_opening(UserUpload), open=UserUpload)
