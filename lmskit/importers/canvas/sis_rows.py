"""What a row of each kind of Canvas SIS file tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.canvas.person import family_and_given
from lmskit.importers.cell import UnreadableCellError, one_of
from lmskit.importers.record import CourseRecord, EnrollmentRecord, PersonKey, PersonRecord, Record, TermRecord
from lmskit.importers.text_cell import code, family_name, given_name, identifier, optional_address, optional_day, optional_identifier, title
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmskit.importers.row import Row
    from lmskit.importers.row_warnings import RowWarnings

DELETED = "deleted"
NOTHING_IS_DELETED = "is deleted in Canvas; an import deletes nothing"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: what its header has that no other has, what is read of it, and why it is not imported, if it is not."""

    name: str
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()
    why_not: str = ""

    def fits(self, header: list[str]) -> bool:
        """Whether a file with this header is of this kind."""
        return {*self.columns, *self.known_by} <= set(header)


TERMS = Kind("terms", ("term_id", "name", "status"), ("start_date", "end_date"))
COURSES = Kind("courses", ("course_id", "short_name", "long_name", "status"), ("term_id",))
USERS = Kind("users", ("user_id", "status"), ("last_name", "first_name", "sortable_name", "full_name", "email"), ("login_id",))
ENROLLMENTS = Kind("enrollments", ("user_id", "role", "status"), ("course_id", "section_id"))
SECTIONS = Kind("sections", ("section_id", "course_id", "status"), (), ("name",), "they only tell which course a section belongs to")
ACCOUNTS = Kind("accounts", ("account_id",), (), ("parent_account_id", "name", "status"), "lmskit has no accounts")
KINDS = (TERMS, COURSES, USERS, SECTIONS, ENROLLMENTS, ACCOUNTS)
"""In the order in which they are read."""

TERM_STATUS = one_of({"active": True, DELETED: False})
COURSE_STATUS = one_of({"active": True, "completed": True, "concluded": True, "published": True, "unpublished": True, DELETED: False})
USER_STATUS = one_of({"active": True, "suspended": True, DELETED: False})
ENROLLMENT_STATUS = one_of(
    {
        "active": EnrollmentStatus.ACTIVE,
        "inactive": EnrollmentStatus.WITHDRAWN,
        "deleted": EnrollmentStatus.WITHDRAWN,
        "deleted_last_completed": EnrollmentStatus.COMPLETED,
        "completed": EnrollmentStatus.COMPLETED,
        "concluded": EnrollmentStatus.COMPLETED,
    }
)
ROLES = {"student": Role.STUDENT, "StudentEnrollment": Role.STUDENT, "teacher": Role.LECTURER, "TeacherEnrollment": Role.LECTURER}
TEACHER, STUDENT, OTHER = "teacher", "student", "other"
SECTION_DELETED = ""
"""In place of the course of a section that is deleted."""


def kind_of(header: list[str]) -> Kind | None:
    """Return what kind of file a header belongs to."""
    fitting = [kind for kind in KINDS if kind.fits(header)]
    if "course_id" not in header and "section_id" not in header and ENROLLMENTS in fitting:
        fitting.remove(ENROLLMENTS)
    return fitting[0] if len(fitting) == 1 else None


def term(row: Row) -> list[Record]:
    """A term, under its id as code, since names need not be unique."""
    source_id, name = row.read("term_id", code), row.read("name", title)
    _refuse_deleted(row, is_there=row.read("status", TERM_STATUS))
    first, last = row.read("start_date", optional_day), row.read("end_date", optional_day)
    if first and last and last <= first:
        raise row.rejected("end_date", "is not after start_date")
    return [TermRecord(row.position, source_id, source_id, name, first, last)]


def course(row: Row, warnings: RowWarnings) -> list[Record]:
    """A course, under its id as code; its short name is the same every term, so it is the module's code."""
    source_id, name = row.read("course_id", code), row.read("long_name", title)
    _refuse_deleted(row, is_there=row.read("status", COURSE_STATUS))
    try:
        module = code(row["short_name"])
    except UnreadableCellError:
        module = source_id
        warnings.add(row.file.name, row.number, "short_name", row["short_name"], "cannot be a module's code; course_id is taken for it")
    return [CourseRecord(row.position, source_id, source_id, module, name, row.read("term_id", optional_identifier))]


def user(row: Row, roles: Mapping[str, str]) -> list[Record]:
    """A person.

    Parameters
    ----------
    row
        A row of users.csv.
    roles
        What each user is enrolled as, by `role_among`; someone who is enrolled nowhere is not in it.
    """
    source_id = row.read("user_id", identifier)
    _refuse_deleted(row, is_there=row.read("status", USER_STATUS))
    if (role := roles.get(source_id, STUDENT)) == OTHER:
        raise row.rejected("user_id", "is enrolled, but neither as student nor as teacher")
    if row["last_name"]:
        family, given = row.read("last_name", family_name), row.read("first_name", given_name)
    else:
        column = next((column for column in ("sortable_name", "full_name", "first_name") if row[column]), "last_name")
        family, given = row.read(column, family_and_given)
    key = PersonKey(source_id, email=row.read("email", optional_address))
    return [PersonRecord(row.position, key, family, given, Role.LECTURER if role == TEACHER else None)]


def role_among(roles: str, role: str) -> str:
    """Return what somebody is who has a role beside others: a teacher anywhere is a teacher, although a row is rejected.

    Examples
    --------
    >>> role_among("student", "teacher"), role_among("other", "student"), role_among("", "observer")
    ('teacher', 'student', 'other')
    """
    met = OTHER if role not in ROLES else TEACHER if ROLES[role] is Role.LECTURER else STUDENT
    return max(roles, met, key=["", OTHER, STUDENT, TEACHER].index)


def enrollment(row: Row, sections: Mapping[str, str] | None) -> list[Record]:
    """A student's or a teacher's place.

    Parameters
    ----------
    row
        A row of enrollments.csv.
    sections
        The course of each section; None where no file names sections.
    """
    person, role = row.read("user_id", identifier), row["role"]
    status = row.read("status", ENROLLMENT_STATUS)
    if role not in ROLES:
        raise row.rejected("role", "is a role that is not imported: only students and teachers are" if role else "is empty")
    course_id, section_id = row.read("course_id", optional_identifier), row.read("section_id", optional_identifier)
    if section_id:
        course_id = _course_of(row, section_id, course_id, sections)
    if not course_id:
        raise row.rejected("course_id", "is empty, and so is section_id")
    if ROLES[role] is Role.LECTURER and status is not EnrollmentStatus.ACTIVE:
        raise row.rejected("status", "says that a teacher left; give the course another lecturer in lmskit")
    return [EnrollmentRecord(row.position, PersonKey(person), course_id, ROLES[role], status)]


def _refuse_deleted(row: Row, *, is_there: bool) -> None:
    if not is_there:
        raise row.rejected("status", NOTHING_IS_DELETED)


def _course_of(row: Row, section_id: str, course_id: str | None, sections: Mapping[str, str] | None) -> str | None:
    if sections is None:
        if course_id:
            return course_id
        raise row.rejected("section_id", "tells no course: there is no sections.csv beside it")
    if section_id not in sections:
        raise row.rejected("section_id", "names a section that is not in sections.csv")
    if sections[section_id] == SECTION_DELETED:
        raise row.rejected("section_id", "names a section that is deleted")
    if course_id and sections[section_id] != course_id:
        raise row.rejected("section_id", "names a section of another course")
    return sections[section_id]
