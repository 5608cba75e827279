"""Erase a person: everything about them, what names them in other texts, and the memory of it for the day an older backup is restored.

All of it happens in the caller's transaction, so a person is there or erased, never half. The last step is the database's own
(`erase_person`): no login may change the audit trail by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import CursorResult, select, text
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import LastAdministratorError, MessageOnItsWayError, OwnErasureError, PersonGoneError, TeachesCoursesError
from lmskit.models import Course, User
from lmskit.queries.erasure import brought_back, terms_naming
from lmskit.queries.personal_data import addresses_of, columns_by_table, logins_of, naming_pattern, texts_naming
from lmskit.queries.retention import students_due
from lmskit.rounding import count_text
from lmskit.services.erased_texts import replace_names
from lmskit.services.importing import lock_imports
from lmskit.services.permission import administrators_only
from lmskit.services.person_hold import hold_person
from lmskit.services.staff import take_over

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

    from lmskit.queries.erasure import Remembered

ALWAYS_REMAINS = (
    "Backups from before this day have the person until they expire; lmskit backup restore erases them again.",
    (
        "The server's files keep deleted rows until the next vacuum, its write-ahead log until it is recycled, and the planner's statistics"
        " until the next ANALYZE (autovacuum does both); the log of a server of your own may quote values."
    ),
    "Messages that were sent, and files that people saved or printed themselves, are beyond lmskit.",
)
"""What no erasure reaches, and until when."""
PARKED = (
    "Rows for which an older lmskit had no columns are parked in a table lms.parked_rows that no erasure may change, and may name the"
    " person: a superuser looks there, and deletes them."
)
"""What remains while rows are parked in a table that others made than `lmskit.db.parking`."""
KEPT_DATABASES = """
SELECT datname FROM pg_catalog.pg_database
WHERE starts_with(datname, left(current_database(), 38) || '_before_') AND datname ~ '_before_[0-9]{8}_[0-9]{6}$' ORDER BY 1
"""
"""Databases that a restore replaced, by the names that it gives them."""


MERGED = text("""
    SELECT p.removed_id FROM person_merges AS p
    WHERE p.kept_id = :person AND EXISTS (
        SELECT FROM audit_log AS a WHERE a.table_name = 'users' AND a.row_key = CAST(p.removed_id AS text) AND a.action = 'delete'
    )
    ORDER BY p.removed_id
""")
"""Numbers of those who were merged into a person, and whom the audit trail still has."""


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """What an erasure removed and replaced, and what remains; of a dry run, what it would.

    `removed` has rows by table, `replaced` rows by table and column in which […] stands for a name, `remains` sentences for a person,
    `former_ids` the numbers of those who were merged into the person, and are erased with them.
    """

    person_id: int
    removed: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    audit_entries: int = 0
    remains: tuple[str, ...] = ()
    former_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ErasedStudents:
    """Several students after an erasure: who is gone, and who is as before.

    Attributes
    ----------
    receipts
        One for each who was erased.
    waiting
        Numbers of those to whom a message was being sent, who are as they were.
    not_due
        Numbers of those who were enrolled again, or whose term was opened again, meanwhile.
    """

    receipts: tuple[ErasureReceipt, ...]
    waiting: tuple[int, ...] = ()
    not_due: tuple[int, ...] = ()


@administrators_only("erase people")
def erase_person(
    session: Session,
    person_id: int,
    *,
    courses_to: User | None = None,
    family_alone: bool = False,
    dry_run: bool = False,
    among: Collection[tuple[str, str]] | None = None,
) -> ErasureReceipt:
    """Erase a person.

    Parameters
    ----------
    person_id
        The person; one who was deleted before is erased from what still names them.
    courses_to
        The lecturer who takes over the courses that the person teaches.
    family_alone
        Whether the family name alone is replaced in texts too, where it may be another person's or a word.
    dry_run
        Do all of it, and take it back.
    among
        The columns in which a text may name the person, as table and column; by default all are looked at.

    Raises
    ------
    PersonGoneError
        No row and no entry of the audit trail is about such a person.
    TeachesCoursesError
        The person teaches courses, and nobody takes them over.
    MessageOnItsWayError
        A message to the person is being sent at this moment.
    OwnErasureError, LastAdministratorError
        It is the login that this session uses, or the only open one of an administrator.
    """
    if session.scalar(text("SELECT lms.me()")) == person_id:
        raise OwnErasureError
    # As an import takes them: first the imports, whose reports name people, then the person.
    lock_imports(session)
    savepoint = session.begin_nested() if dry_run else None
    try:
        if not dry_run:  # their open transactions would hold this one up
            session.execute(text("SELECT lms.end_sessions(:person)"), {"person": person_id})
        merged = list(session.scalars(MERGED, {"person": person_id}))
        # Of those who were merged into the person, the audit trail has the rows.
        each = [_erased(session, former, courses_to=None, family_alone=family_alone, among=None) for former in merged]
        each.append(_erased(session, person_id, courses_to=courses_to, family_alone=family_alone, among=None if merged else among))
        return _together(person_id, each)
    finally:
        if savepoint is not None and savepoint.is_active:
            savepoint.rollback()
        session.expire_all()  # SQL wrote rows that the session's objects do not reflect


@administrators_only("erase people")
def erase_students(session: Session, students: Collection[int], *, days: int | None = None) -> ErasedStudents:
    """Erase several students, and look at all texts once for all of them.

    A student to whom a message is being sent at this moment is left.

    Parameters
    ----------
    students
        Their numbers.
    days
        Leave those who, once nobody can enroll them any more, are not due by this retention period (days); by default all are erased.
    """
    lock_imports(session)
    waiting = [student for student in sorted(students) if not hold_person(session, student)]
    due = set(students) if days is None else set(students_due(session, days, among=students))
    named = {student: naming_pattern(session, student, family_alone=True) for student in sorted(due) if student not in waiting}
    every_name = "|".join(pattern for pattern in named.values() if pattern is not None)
    among = {(found.table, found.column) for found in texts_naming(session, every_name)} if every_name else set()
    receipts = []
    for student, pattern in named.items():
        # Where two of them have one name, it names the second alone once the first is erased: then all texts are looked at again.
        is_known = naming_pattern(session, student, family_alone=True) == pattern
        receipts.append(erase_person(session, student, among=among if is_known else None))
    return ErasedStudents(tuple(receipts), tuple(waiting), tuple(sorted(set(students) - due - set(waiting))))


@administrators_only("erase people")
def replay_erasures(session: Session, remembered: Iterable[Remembered], *, courses_to: User | None = None) -> list[ErasureReceipt]:
    """Erase again those whom a restored backup has brought back; a person who only has the same id stays.

    Raises
    ------
    TeachesCoursesError
        One of them teaches courses in the backup, and nobody takes them over.
    """
    return [erase_person(session, person.person_id, courses_to=courses_to) for person in brought_back(session, remembered)]


def _together(person_id: int, each: list[ErasureReceipt]) -> ErasureReceipt:
    """One receipt for a person and those who were merged into them."""
    return ErasureReceipt(
        person_id,
        dict(sum((Counter(receipt.removed) for receipt in each), Counter[str]())),
        dict(sum((Counter(receipt.replaced) for receipt in each), Counter[str]())),
        sum(receipt.audit_entries for receipt in each),
        tuple(dict.fromkeys(sentence for receipt in each for sentence in receipt.remains)),
        tuple(receipt.person_id for receipt in each if receipt.person_id != person_id),
    )


def _erased(
    session: Session, person_id: int, *, courses_to: User | None, family_alone: bool, among: Collection[tuple[str, str]] | None
) -> ErasureReceipt:
    if not hold_person(session, person_id):
        raise MessageOnItsWayError
    names = naming_pattern(session, person_id, family_alone=family_alone)
    wider = naming_pattern(session, person_id, family_alone=True)
    logins, addresses = logins_of(session, person_id), addresses_of(session, person_id)
    removed = Counter[str]()
    removed["users"] += session.scalar(text("SELECT count(*) FROM users WHERE id = :person"), {"person": person_id}) or 0
    # One look at all texts: most have nothing, and the large ones are looked at once.
    suspected = set() if wider is None else {(found.table, found.column) for found in texts_naming(session, wider, among)}
    # Closed and archived terms let nothing else be changed.
    named = [] if names is None else terms_naming(session, names, suspected)
    terms = session.scalar(text("SELECT lms.begin_erasure(:person, CAST(:named AS bigint[]))"), {"person": person_id, "named": named})
    _hand_over(session, person_id, courses_to)
    # Attempts first, which keep an enrollment; messages last, as those who deliver them lock them.
    for table, column in (
        ("quiz_attempts", "student_id"), ("topic_performance", "student_id"), ("student_enrollments", "student_id"),
        ("outbox", "student_id"),
    ):  # fmt: skip
        removed[table] += _run(session, f"DELETE FROM {table} WHERE {column} = :person", person=person_id)  # noqa: S608 - names from here
    removed["outbox"] += _run(session, "DELETE FROM outbox WHERE recipient = ANY (:addresses)", addresses=addresses)
    removed["course_staff"] += _run(session, "DELETE FROM course_staff WHERE person_id = :person", person=person_id)
    removed["invitations"] += session.scalar(text("SELECT count(*) FROM invitations WHERE person_id = :person"), {"person": person_id}) or 0
    # They go with the person's row: the last step needs them, to find them in the audit trail.
    removed["external_ids"] += (
        session.scalar(text("SELECT count(*) FROM external_ids WHERE person_id = :person"), {"person": person_id}) or 0
    )
    remains: list[str] = []
    replaced = _without_logins(session, person_id, logins)
    if names is not None:
        texts = replace_names(session, names, suspected)
        replaced += texts.replaced
        removed += texts.removed
        remains += texts.remains
    session.execute(text("SELECT lms.finish_erasure(:terms)"), {"terms": terms})
    n_parked = session.scalar(text("SELECT lms.erase_parked_rows(:person, :family)"), {"person": person_id, "family": family_alone})
    if n_parked is None:
        remains.append(PARKED)
    else:
        removed["parked_rows"] += n_parked
    n_entries = _last_step(session, person_id, family_alone=family_alone)
    if n_entries is None:
        raise PersonGoneError(person=person_id)
    for found in texts_naming(session, wider, suspected) if wider is not None else ():
        if (found.table, found.column) == ("archives", "location"):
            continue
        if found.table == "audit_log":
            remains.append(
                f"audit_log.{found.column} has names or ids of the person, or the family name alone, in "
                f"{count_text(found.n_rows, 'entry', 'entries')} about others: from before they were the person's, or as a value of a row."
            )
            continue
        remains.append(
            f"{found.table}.{found.column} has the family name alone in {count_text(found.n_rows, 'row')}, which may be another person or a"
            " word; --family-name-alone replaces it too, in an erasure that has not happened yet."
        )
    remains += [
        f"The database {kept} is kept from before a restore, and has the person; when nobody needs it, a superuser can drop it."
        for kept in session.scalars(text(KEPT_DATABASES))
    ]
    still = list(session.scalars(text("SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY (:logins)"), {"logins": logins}))
    remains += [f"The login {login} owns objects in the database; it is closed, and a superuser can drop it." for login in still]
    return ErasureReceipt(person_id, dict(+removed), dict(+replaced), n_entries, (*remains, *ALWAYS_REMAINS))


def _hand_over(session: Session, person_id: int, courses_to: User | None) -> None:
    taught = session.scalars(select(Course.code).where(Course.lecturer_id == person_id).order_by(Course.code)).all()
    if not taught:
        return
    if courses_to is None or courses_to.id == person_id:
        raise TeachesCoursesError(courses=taught)
    take_over(session, session.scalars(select(Course.id).where(Course.lecturer_id == person_id)).all(), courses_to.id)


def _without_logins(session: Session, person_id: int, logins: list[str]) -> Counter[str]:
    """Write the id instead of the person's logins, wherever the maker of a row is kept; in the audit trail, `erase_person` does."""
    replaced = Counter[str]()
    for table, columns in columns_by_table(session).items():
        for column in columns:
            if column.is_login and table not in {"audit_log", "erasures"}:
                statement = f"UPDATE {table} SET {column.column} = 'erased:' || :person WHERE {column.column} = ANY (:logins)"  # noqa: S608
                replaced[f"{table}.{column.column}"] += _run(session, statement, person=str(person_id), logins=logins)
    return replaced


def _last_step(session: Session, person_id: int, *, family_alone: bool) -> int | None:
    statement = text("SELECT lms.erase_person(:person, :family)")
    try:
        with session.begin_nested():
            n_entries: int | None = session.scalar(statement, {"person": person_id, "family": family_alone})
    except IntegrityError as error:
        match violated_constraint(error):
            case "not_the_own_login":
                raise OwnErasureError from error
            case "an_administrator_remains":
                raise LastAdministratorError(email=f"Person {person_id}") from error
        raise
    return n_entries


def _run(session: Session, statement: str, **parameters: Any) -> int:
    result = session.execute(text(statement), parameters)
    return result.rowcount if isinstance(result, CursorResult) else 0
