"""What a row of each OneRoster file tells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.importers.cell import UnreadableCellError, one_of
from lmskit.importers.lookup import Memory
from lmskit.importers.record import CourseRecord, EnrollmentRecord, PersonKey, PersonRecord, TermRecord
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import (
    code,
    family_name,
    given_name,
    identifier,
    optional_address,
    optional_day,
    optional_identifier,
    title,
)
from lmskit.limits import LONGEST_EXTERNAL_ID
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from lmskit.importers.record import Record
    from lmskit.importers.row import Row
    from lmskit.importers.row_warnings import RowWarnings

TERM_TYPES = ("term", "semester")
SESSION_TYPES = (*TERM_TYPES, "gradingPeriod", "schoolYear")
ROLES = {"student": Role.STUDENT, "teacher": Role.LECTURER}
STATUS = one_of({"active": True, "tobedeleted": False})
YES_OR_NO = one_of({"true": True, "false": False})
NOT_OURS = "is a role that is not imported: only students and teachers are"
NOTHING_IS_DELETED = "is to be deleted; an import deletes nothing"
LONGEST_CHAIN = 20
"""Academic sessions above each other."""
LONGEST_WORD = 100


@dataclass
class Bundle:
    """What the rows of one file have to know of others, and what is counted on the way."""

    warnings: RowWarnings
    memory: Memory = field(default_factory=Memory)
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Type and parent of each academic session."""
    modules: dict[str, str] = field(default_factory=dict)
    """The code of each course, which is the module of its classes."""
    class_codes: dict[str, int] = field(default_factory=dict)
    """How many classes have each code."""
    roles: dict[str, str] = field(default_factory=dict)
    """The primary role of each user; several are joined by commas."""
    roles_stand_apart: bool = False
    """As in version 1.2, in roles.csv."""
    counted: Counter[str] = field(default_factory=Counter)
    """What a report says of rows that are no records of ours, or are taken in a way that may surprise."""
    later: dict[str, EnrollmentRecord] = field(default_factory=dict)
    """By row: teachers who are not the primary one of their class, who come after all others."""


def session(bundle: Bundle, row: Row) -> list[Record] | None:
    """A term; other kinds of academic session are only counted."""
    source_id = row.read("sourcedId", identifier)
    kind = row["type"]
    if kind not in SESSION_TYPES:
        raise row.rejected("type", f"is not one of {', '.join(SESSION_TYPES)}")
    if kind not in TERM_TYPES:
        bundle.counted[f"Academic sessions of type {kind}, which are not imported (terms and semesters are)"] += 1
        return None
    _refuse_deleted(row)
    first, last = row.read("startDate", optional_day), row.read("endDate", optional_day)
    if first and last and last <= first:
        raise row.rejected("endDate", "is not after startDate")
    return [TermRecord(row.position, source_id, row.read("sourcedId", code), row.read("title", title), first, last)]


def course_class(bundle: Bundle, row: Row) -> list[Record]:
    """A class, our course."""
    source_id, name = row.read("sourcedId", identifier), row.read("title", title)
    _refuse_deleted(row)
    course_code = row["classCode"]
    if bundle.class_codes.get(course_code, 0) != 1 or not _is_code(course_code):
        if course_code:
            reason = "cannot be a course's code, since it is not unique or not plain; sourcedId is taken for it"
            bundle.warnings.add(row.file.name, row.number, "classCode", course_code, reason)
        course_code = row.read("sourcedId", code)
    course_id = row["courseSourcedId"]
    module = next((each for each in (bundle.modules.get(course_id, ""), course_id) if _is_code(each)), course_code)
    return [CourseRecord(row.position, source_id, course_code, module, name, _term(bundle, row))]


def _term(bundle: Bundle, row: Row) -> str | None:
    """The term that a class belongs to: of the first session it names, or the one above it."""
    named = [each.strip() for each in row["termSourcedIds"].split(",") if each.strip()]
    if not named:
        return None
    if len(named) > 1:
        bundle.warnings.add(row.file.name, row.number, "termSourcedIds", row["termSourcedIds"], "names several terms; the first is taken")
    above = named[0]
    for _ in range(LONGEST_CHAIN):
        if above and above not in bundle.sessions:  # an earlier import may have brought it
            return value(identifier, "termSourcedIds", above)
        if not above:
            break
        kind, parent = bundle.sessions[above]
        if kind in TERM_TYPES:
            return above
        above = parent
    bundle.warnings.add(row.file.name, row.number, "termSourcedIds", row["termSourcedIds"], "lies in no term or semester")
    return None


def user(bundle: Bundle, row: Row) -> list[Record]:
    """A student or a teacher."""
    source_id = row.read("sourcedId", identifier)
    _refuse_deleted(row)
    role = _role(bundle, row, source_id)
    family, given = row.read("familyName", family_name) if row["familyName"] else "", row.read("givenName", given_name)
    if not family:
        family, given = given, ""
    if not _enabled(row):
        bundle.counted["Users who are not enabled in their system, imported all the same since an import gives nobody a login"] += 1
    key = PersonKey(source_id, row.read("identifier", optional_identifier), row.read("email", optional_address))
    return [PersonRecord(row.position, key, family, given, role)]


def _enabled(row: Row) -> bool:
    return row.read("enabledUser", lambda text: YES_OR_NO(text.strip().lower() or "true"))


def _role(bundle: Bundle, row: Row, source_id: str) -> Role | None:
    """The one role of a user; None where, as in a delta of version 1.2, nothing tells it."""
    told = bundle.roles.get(source_id, "") if bundle.roles_stand_apart else row["role"]
    if told and told not in ROLES:
        raise RejectedRowError("role", told, "is more than one primary role, and a person has one" if "," in told else NOT_OURS)
    return ROLES.get(told)


def enrollment(bundle: Bundle, row: Row) -> list[Record]:
    """A student's or a teacher's place in a class; one to be deleted is a withdrawal."""
    class_id, person, role = row.read("classSourcedId", identifier), row.read("userSourcedId", identifier), row["role"]
    is_there = row.read("status", _is_kept)
    first, last = row.read("beginDate", optional_day), row.read("endDate", optional_day)
    if role not in ROLES:
        raise row.rejected("role", NOT_OURS if role else "is empty")
    if first and last and last < first:
        raise row.rejected("endDate", "is before beginDate")
    is_teacher = ROLES[role] is Role.LECTURER
    if is_teacher and not is_there:
        raise row.rejected("status", "says that a teacher left; give the course another lecturer in lmskit")
    if is_there and last:
        bundle.counted["Active enrollments with an endDate, which is a plan and is not kept"] += 1
    status = EnrollmentStatus.ACTIVE if is_there else EnrollmentStatus.WITHDRAWN
    found = EnrollmentRecord(row.position, PersonKey(person), class_id, ROLES[role], status, first, None if is_there else last)
    if is_teacher and not row.read("primary", _is_true):
        bundle.memory.keep(bundle.later, str(row.number), found, file=row.file.name)
        return []
    return [found]


def _is_true(text: str) -> bool:
    return YES_OR_NO(text.strip().lower() or "false")


def remember_session(bundle: Bundle, row: Row) -> list[Record]:
    """Keep what kind of session this is, and what it lies in."""
    source_id = row.read("sourcedId", identifier)
    kind, parent = row["type"][:LONGEST_WORD], row["parentSourcedId"][:LONGEST_EXTERNAL_ID]
    bundle.memory.keep(bundle.sessions, source_id, (kind, parent), file=row.file.name)
    return []


def remember_class(bundle: Bundle, row: Row) -> list[Record]:
    """Count how many classes have a code."""
    if (class_code := row["classCode"]) and _is_code(class_code):
        bundle.memory.keep(bundle.class_codes, class_code, bundle.class_codes.get(class_code, 0) + 1, file=row.file.name)
    return []


def remember_course(bundle: Bundle, row: Row) -> list[Record]:
    """Keep the code of a course, which is the module of its classes."""
    if _is_code(row["courseCode"]):
        bundle.memory.keep(bundle.modules, row.read("sourcedId", identifier), row["courseCode"], file=row.file.name)
    return []


def remember_role(bundle: Bundle, row: Row) -> list[Record]:
    """Keep a user's primary role; those at several schools may be the same."""
    if row["roleType"] != "primary":
        bundle.counted["Roles that are not primary and are not imported"] += 1
        return []
    if row.read("status", _is_kept):
        person, role = row.read("userSourcedId", identifier), row["role"][:LONGEST_WORD]
        known = bundle.roles.get(person, "")
        if role not in known.split(","):
            bundle.memory.keep(bundle.roles, person, f"{known},{role}"[: 2 * LONGEST_WORD] if known else role, file=row.file.name)
    return []


def _is_kept(text: str) -> bool:
    """Whether a status is not that of something deleted; blank, as in full files, it is not."""
    return STATUS(text.strip() or "active")


def _refuse_deleted(row: Row) -> None:
    if not row.read("status", _is_kept):
        raise row.rejected("status", NOTHING_IS_DELETED)


def _is_code(text: str) -> bool:
    try:
        return code(text) == text
    except UnreadableCellError:
        return False
