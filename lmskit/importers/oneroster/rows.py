"""From the rows of each OneRoster file to records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.importers.cell import UnreadableCellError, one_of
from lmskit.importers.identity_cell import id_of
from lmskit.importers.lookup import Memory
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import TEACHER_LEFT, CourseRecord, EnrollmentRecord, PersonKey, PersonRecord, TermRecord
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import code, identifier, optional_day, title
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
NO_ROLE = "is empty, so it is not known whether the user is a student or a teacher"
NO_PRIMARY_ROLE = "has no primary role that can be read in roles.csv, so it is not known whether the user is a student or a teacher"
OTHER_ROLE = "is a role that is not imported: only students and teachers are"
NOT_DELETED = "is to be deleted; an import deletes nothing"
LONGEST_CHAIN = 20
"""Academic sessions that are within each other."""
LONGEST_WORD = 100
"""Characters that are kept of a type or role."""


@dataclass
class BundleState:
    """What is kept of the rows of one file for those of others, and what is counted for the report."""

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
    has_own_roles: bool = True
    """Whether roles are in users.csv, as in version 1.1, and not in roles.csv."""
    are_roles_complete: bool = True
    """Whether a user without a role in these files has none; otherwise an earlier import may have brought it."""
    counts: Counter[str] = field(default_factory=Counter)
    """Rows that are not imported, or are imported in a way that may surprise, by the beginning of the note on them."""
    other_teachers: dict[str, EnrollmentRecord] = field(default_factory=dict)
    """Teachers who are not the primary teacher of their class, by row; they are the last records."""
    cells: PersonCells = field(init=False)

    def __post_init__(self) -> None:
        self.cells = PersonCells(self.warnings)


def session(state: BundleState, row: Row) -> list[Record] | None:
    """Return a term; other kinds of academic session are only counted."""
    source_id = row.read("sourcedId", identifier)
    kind = row["type"]
    if kind not in SESSION_TYPES:
        raise row.rejected("type", f"is not one of {', '.join(SESSION_TYPES)}")
    if kind not in TERM_TYPES:
        state.counts[f"Academic sessions of type {kind}, which are not imported (terms and semesters are)"] += 1
        return None
    _refuse_deleted(row)
    first, last = row.read("startDate", optional_day), row.read("endDate", optional_day)
    if first and last and last <= first:
        raise row.rejected("endDate", "is not after startDate")
    return [TermRecord(row.position, source_id, row.read("sourcedId", code), row.read("title", title), first, last)]


def course_class(state: BundleState, row: Row) -> list[Record]:
    """Return a class, which is a course of lmskit."""
    source_id, name = row.read("sourcedId", identifier), row.read("title", title)
    _refuse_deleted(row)
    course_code = row["classCode"]
    if state.class_codes.get(course_code.lower(), 0) != 1 or not _is_code(course_code):
        if course_code:
            reason = "cannot be the code of a course, since it is not unique or not a valid code; sourcedId is used instead"
            state.warnings.add(row.file.name, row.number, "classCode", course_code, reason)
        course_code = row.read("sourcedId", code)
    course_id = row["courseSourcedId"]
    module = next((text for text in (state.modules.get(course_id, ""), course_id) if _is_code(text)), course_code)
    return [CourseRecord(row.position, source_id, course_code, module, name, _term(state, row))]


def _term(state: BundleState, row: Row) -> str | None:
    """Return the term of a class: the first session that it names, or the term in which that session is."""
    named = [text.strip() for text in row["termSourcedIds"].split(",") if text.strip()]
    if not named:
        return None
    if len(named) > 1:
        state.warnings.add(row.file.name, row.number, "termSourcedIds", row["termSourcedIds"], "names several terms; the first is used")
    above = named[0]
    for _ in range(LONGEST_CHAIN):
        if above and above not in state.sessions:  # an earlier import may have brought it
            return value(identifier, "termSourcedIds", above)
        if not above:
            break
        kind, parent = state.sessions[above]
        if kind in TERM_TYPES:
            return above
        above = parent
    state.warnings.add(row.file.name, row.number, "termSourcedIds", row["termSourcedIds"], "is not within a term or semester")
    return None


def user(state: BundleState, row: Row) -> list[Record]:
    """Return a student or a teacher."""
    position, cells = row.position, state.cells
    source_id = cells.id(position, "sourcedId", row["sourcedId"])
    _refuse_deleted(row)
    role = _role(state, row, source_id)
    family = cells.family_name(position, "familyName", row["familyName"]) if row["familyName"] else ""
    given = cells.given_name(position, "givenName", row["givenName"])
    if not family:
        family, given = given, ""
    if not _enabled(row):
        state.counts["Users who are not enabled in their system; they are imported, since an import gives no person a login"] += 1
    sis_id = cells.optional_id(position, "identifier", row["identifier"])
    key = PersonKey(source_id, sis_id, cells.address(position, "email", row["email"]))
    return [PersonRecord(position, key, family, given, role, needs_role=role is None)]


def _enabled(row: Row) -> bool:
    return row.read("enabledUser", lambda text: YES_OR_NO(text.strip().lower() or "true"))


def _role(state: BundleState, row: Row, source_id: str) -> Role | None:
    """Return the role of a user; None if the files do not contain it, as in a delta of version 1.2."""
    role = row["role"] if state.has_own_roles else state.roles.get(source_id, "")
    if not role and state.are_roles_complete:
        raise RejectedRowError("role", role, NO_ROLE if state.has_own_roles else NO_PRIMARY_ROLE)
    if role and role not in ROLES:
        raise RejectedRowError("role", role, "is more than one primary role, and a person has one" if "," in role else OTHER_ROLE)
    return ROLES.get(role)


def enrollment(state: BundleState, row: Row) -> list[Record]:
    """Return the enrollment of a student in a class, or that a teacher teaches it; one to be deleted is withdrawn."""
    class_id, person, role = row.read("classSourcedId", identifier), row.read("userSourcedId", id_of), row["role"]
    is_kept = row.read("status", _is_kept)
    first, last = row.read("beginDate", optional_day), row.read("endDate", optional_day)
    if role not in ROLES:
        raise row.rejected("role", OTHER_ROLE if role else "is empty")
    if first and last and last < first:
        raise row.rejected("endDate", "is before beginDate")
    is_teacher = ROLES[role] is Role.LECTURER
    if is_teacher and not is_kept:
        raise row.rejected("status", TEACHER_LEFT)
    if is_kept and last:
        state.counts["Active enrollments whose endDate is not imported, since it is only planned"] += 1
    status = EnrollmentStatus.ACTIVE if is_kept else EnrollmentStatus.WITHDRAWN
    record = EnrollmentRecord(row.position, PersonKey(person), class_id, ROLES[role], status, first, None if is_kept else last)
    if is_teacher and not row.read("primary", _is_true):
        state.memory.keep(state.other_teachers, str(row.number), record, file=row.file.name)
        return []
    return [record]


def _is_true(text: str) -> bool:
    return YES_OR_NO(text.strip().lower() or "false")


def keep_session(state: BundleState, row: Row) -> list[Record]:
    """Keep the type of a session, and the session that it is within."""
    source_id = row.read("sourcedId", identifier)
    kind, parent = row["type"][:LONGEST_WORD], row["parentSourcedId"][:LONGEST_EXTERNAL_ID]
    state.memory.keep(state.sessions, source_id, (kind, parent), file=row.file.name)
    return []


def keep_class(state: BundleState, row: Row) -> list[Record]:
    """Count the classes that have a code."""
    if (class_code := row["classCode"]) and _is_code(class_code):
        folded = class_code.lower()
        state.memory.keep(state.class_codes, folded, state.class_codes.get(folded, 0) + 1, file=row.file.name)
    return []


def keep_course(state: BundleState, row: Row) -> list[Record]:
    """Keep the code of a course, which is the code of the module of its classes."""
    if _is_code(row["courseCode"]):
        state.memory.keep(state.modules, row.read("sourcedId", identifier), row["courseCode"], file=row.file.name)
    return []


def keep_role(state: BundleState, row: Row) -> list[Record]:
    """Keep the primary role of a user, who may have the same role at several schools."""
    if row["roleType"] != "primary":
        state.counts["Roles that are not primary, and are not imported"] += 1
        return []
    if row.read("status", _is_kept):
        person, role = row.read("userSourcedId", id_of), row["role"][:LONGEST_WORD]
        known = state.roles.get(person, "")
        if role not in known.split(","):
            state.memory.keep(state.roles, person, f"{known},{role}"[: 2 * LONGEST_WORD] if known else role, file=row.file.name)
    return []


def _is_kept(text: str) -> bool:
    """Read a status: whether the row is not to be deleted; in complete files the status is blank."""
    return STATUS(text.strip() or "active")


def _refuse_deleted(row: Row) -> None:
    if not row.read("status", _is_kept):
        raise row.rejected("status", NOT_DELETED)


def _is_code(text: str) -> bool:
    try:
        return code(text) == text
    except UnreadableCellError:
        return False
