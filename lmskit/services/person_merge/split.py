"""Make two people again of one who was merged, as long as nothing of it was changed since."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import CannotSplitError, ChangedMeanwhileError, MergeNotFoundError, MessageOnItsWayError, PersonExistsError
from lmskit.models import PersonMerge, User
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.person_courses import person_course_rows, person_id_rows
from lmskit.rounding import MISSING, count_text
from lmskit.services.importing import lock_imports
from lmskit.services.permission import administrators_only
from lmskit.services.person_hold import hold_person
from lmskit.services.person_merge.merge import WEEKS, counts_text
from lmskit.services.person_merge.picture import changed_parts, in_words, state_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

NOT_OPEN = text("""
    SELECT DISTINCT t.code, t.state::text FROM courses AS c JOIN terms AS t ON t.id = c.term_id
    WHERE c.id = ANY (:courses) AND t.state <> 'open' ORDER BY 1 LIMIT 1
""")
ADD_PERSON = """
INSERT INTO users (id, email, family_name, given_name, sort_name, preferred_name, preferred_sort_name, role, settings, created_at)
OVERRIDING SYSTEM VALUE
SELECT r.id, r.email, r.family_name, r.given_name, r.sort_name, coalesce(r.preferred_name, ''), coalesce(r.preferred_sort_name, ''), r.role,
    r.settings, r.created_at
FROM jsonb_populate_record(NULL::lms.users, CAST(:rows AS jsonb)) AS r
"""
LOSE_PREFERRED_NAME = "UPDATE users SET preferred_name = '', preferred_sort_name = '' WHERE id = :kept AND preferred_name = :name"
ADD_ENROLLMENTS = """
INSERT INTO student_enrollments (course_id, student_id, status, previous_status, request_sequence, origin, started_on, ended_on)
SELECT r.course_id, r.student_id, r.status, r.previous_status, r.request_sequence, r.origin, r.started_on, r.ended_on
FROM jsonb_populate_recordset(NULL::lms.student_enrollments, CAST(:rows AS jsonb)) AS r
"""
PUT_ENROLLMENTS_BACK = """
UPDATE student_enrollments AS e SET status = r.status, started_on = r.started_on, ended_on = r.ended_on
FROM jsonb_populate_recordset(NULL::lms.student_enrollments, CAST(:rows AS jsonb)) AS r
WHERE e.course_id = r.course_id AND e.student_id = r.student_id
"""
ATTEMPTS = """
UPDATE quiz_attempts AS a SET student_id = :person, number = r.number + CAST(:beyond AS integer)
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint, number integer) WHERE a.id = r.id
"""
MESSAGES = """
UPDATE outbox AS o SET student_id = :person, request_sequence = r.request_sequence
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint, request_sequence integer) WHERE o.id = r.id
"""
SECTIONS = """
INSERT INTO section_members (course_id, section_id, student_id)
SELECT r.course_id, r.section_id, :person FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (course_id bigint, section_id bigint)
"""
ADDED_SECTIONS = """
DELETE FROM section_members AS m USING jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (course_id bigint, section_id bigint)
WHERE m.student_id = :person AND m.section_id = r.section_id AND m.course_id = r.course_id
"""
EXCEPTIONS = """
INSERT INTO quiz_exceptions (course_id, quiz_id, student_id, excused, due_on, excused_by_format, granted_at)
SELECT r.course_id, r.quiz_id, r.student_id, r.excused, r.due_on, r.excused_by_format, r.granted_at
FROM jsonb_populate_recordset(NULL::lms.quiz_exceptions, CAST(:rows AS jsonb)) AS r
"""
JOINED_EXCEPTIONS = """
DELETE FROM quiz_exceptions AS x USING jsonb_populate_recordset(NULL::lms.quiz_exceptions, CAST(:rows AS jsonb)) AS r
WHERE x.student_id = :person AND x.quiz_id = r.quiz_id AND x.course_id = r.course_id
"""
ACTIVITY = """
UPDATE student_activity AS a SET student_id = :person FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint) WHERE a.id = r.id
"""
SAME_ACTIVITY = (
    """
    UPDATE student_activity AS a SET occurred_at = r.occurred_at
    FROM jsonb_populate_recordset(NULL::lms.student_activity, CAST(:rows AS jsonb)) AS r WHERE a.id = r.id
    """,
    """
    INSERT INTO student_activity OVERRIDING SYSTEM VALUE
    SELECT r.* FROM jsonb_populate_recordset(NULL::lms.student_activity, CAST(:rows AS jsonb)) AS r WHERE r.student_id = :person
    """,
)
IDS = """
UPDATE external_ids AS x SET person_id = :person FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint) WHERE x.id = r.id
"""
MERGES = """
UPDATE person_merges AS p SET kept_id = :person FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint) WHERE p.id = r.id
"""
CODES = text("SELECT c.code FROM courses AS c WHERE c.id = ANY (:courses)")
MOVED = {"enrollments": "enrollments", "results": "attempts", "sections": "sections", "messages": "messages", "ids": "external_ids"}
"""What moves, and the part of the picture that lists it."""
BEYOND = 5_000
"""Numbers of attempts that are on their way to their own."""


@dataclass(frozen=True, slots=True)
class SplitPart:
    """What two people are called, and what they have, such as in one course.

    Attributes
    ----------
    what
        What it is.
    kept, removed
        What the person who had stayed has of it after a split, and the one who is there again.
    """

    what: str
    kept: str
    removed: str


@dataclass(frozen=True, slots=True)
class SplitReport:
    """Two people again; of a dry run, what they would be.

    Attributes
    ----------
    kept_id, removed_id
        The person who had stayed, and the one who is there again, with the number of before.
    kept_name, removed_name
        How they are called.
    parts
        Both, side by side.
    moved
        How many rows change the person, by what they are.
    touched
        (student id, course id, week) whose evidence is another one now: `services.mastery.refresh` estimates it again.
    """

    kept_id: int
    removed_id: int
    kept_name: str
    removed_name: str
    parts: tuple[SplitPart, ...] = ()
    moved: dict[str, int] = field(default_factory=dict)
    touched: tuple[tuple[int, int, int], ...] = ()

    @property
    def question(self) -> str:
        """What a person is asked before the split.

        >>> SplitReport(1, 2, "Rae, Ann", "Ray, Ann", moved={"results": 2}).question
        'Make two people again: person 2 (Ray, Ann) gets 2 results back from person 1 (Rae, Ann)?'
        """
        gets = counts_text(self.moved) or "nothing"
        removed, kept = f"person {self.removed_id} ({self.removed_name})", f"person {self.kept_id} ({self.kept_name})"
        return f"Make two people again: {removed} gets {gets} back from {kept}?"

    @property
    def sentence(self) -> str:
        """What was done, for a person."""
        return f"Person {self.removed_id} is there again, and person {self.kept_id} is as before the merge."


@administrators_only("split people")
def split_person(session: Session, receipt: int, *, dry_run: bool = False, previewed: SplitReport | None = None) -> SplitReport:
    """Make two people again of one; both have what they had before.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed. The mastery of `SplitReport.touched` is out of date afterwards.
    receipt
        The number that the merge gave.
    dry_run
        Do all of it, and take it back.
    previewed
        What a dry run reported; without it, whatever there is to split is split. If the two are split already, as by a try whose
        connection was lost at the commit, that split is reported.

    Raises
    ------
    MergeNotFoundError
        There is no such receipt: the two were split already, or the person was erased.
    CannotSplitError
        Something that would be taken apart was changed since, or is in a term that is closed or archived; the sentence names it.
    ChangedMeanwhileError
        It is no longer what was previewed.
    PersonExistsError
        Another person has the former address by now.
    MessageOnItsWayError
        A message to the person is being sent at this moment.
    """
    lock_imports(session)
    merge = session.get(PersonMerge, receipt, with_for_update=True)
    if merge is None:
        if previewed is not None and session.get(User, previewed.removed_id) is not None:
            return replace(previewed, touched=())
        raise MergeNotFoundError(receipt=receipt)
    if not hold_person(session, merge.kept_id):
        raise MessageOnItsWayError(nothing_was="changed")
    before = merge.picture
    courses = [row["course_id"] for row in before["enrollments"]]
    for term, state in session.execute(NOT_OPEN, {"courses": courses}):
        raise CannotSplitError(f"The term {term} is {state}. Nothing was changed. To open it: lmskit term open {term}")
    if before["kept"]["id"] != merge.kept_id:
        into = f"The person was merged again since, into person {merge.kept_id}"
        raise CannotSplitError(f"{into}. Nothing was changed. Split these two first: lmskit person merges")
    changed = changed_parts(state_after(session, merge.kept_id, courses), before["after"])
    if changed:
        raise CannotSplitError(f"These were changed since: {in_words(session, changed, courses)}. Nothing was changed.")
    with session.begin_nested() as attempt:
        report = _split(session, merge, before, courses)
        if dry_run:
            attempt.rollback()
        elif previewed is not None and report != previewed:
            raise ChangedMeanwhileError(what=f"person {report.kept_id}")
    session.expire_all()
    return report


def _split(session: Session, merge: PersonMerge, before: dict[str, Any], courses: list[int]) -> SplitReport:
    kept, removed, receipt = merge.kept_id, merge.removed_id, merge.id
    former = before["removed"]["email"]
    if former is not None and before["kept"]["email"] is None:
        _run(session, "UPDATE users SET email = NULL WHERE id = :kept", kept=kept)
    elif former is not None:
        alias = "DELETE FROM external_ids WHERE source = 'address' AND kind = 'person' AND external_id = :address AND person_id = :kept"
        _run(session, alias, address=former, kept=kept)
    if before["kept"].get("preferred_name") == "":
        _run(session, LOSE_PREFERRED_NAME, kept=kept, name=before["removed"]["preferred_name"])
    try:
        with session.begin_nested():
            _run(session, ADD_PERSON, rows=before["removed"])
    except IntegrityError as error:
        if violated_constraint(error) != "uq_users_email":
            raise
        raise PersonExistsError(email=former) from error
    _run(session, ADD_ENROLLMENTS, rows=before["enrollments"])
    for beyond in (BEYOND, 0):
        _run(session, ATTEMPTS, rows=before["attempts"], person=removed, beyond=beyond)
        _run(session, ATTEMPTS, rows=before["renumbered"], person=kept, beyond=beyond)
    _run(session, MESSAGES, rows=before["messages"], person=removed)
    _run(session, SECTIONS, rows=before["sections"], person=removed)
    added = [row for row in before["sections"] if row not in before["kept_sections"]]
    _run(session, ADDED_SECTIONS, rows=added, person=kept)
    exceptions, kept_exceptions = (before.get(name, []) for name in ("exceptions", "kept_exceptions"))
    _run(session, JOINED_EXCEPTIONS, rows=exceptions, person=kept)
    _run(session, EXCEPTIONS, rows=[*exceptions, *kept_exceptions])
    _run(session, ACTIVITY, rows=before.get("activity", []), person=removed)
    for statement in SAME_ACTIVITY:
        _run(session, statement, rows=before.get("same_activity", []), person=removed)
    _run(session, IDS, rows=before["external_ids"], person=removed)
    _run(session, MERGES, rows=before["merges"], person=removed)
    alone = [course for course in courses if course not in {row["course_id"] for row in before["joined"]}]
    for table in ("topic_performance", "student_enrollments"):
        statement = f"DELETE FROM {table} WHERE student_id = :kept AND course_id = ANY (:courses)"  # noqa: S608 - from here
        _run(session, statement, kept=kept, courses=alone)
    _run(session, PUT_ENROLLMENTS_BACK, rows=before["joined"])
    _run(session, "DELETE FROM person_merges WHERE id = :receipt", receipt=receipt)
    session.expire_all()  # SQL wrote rows that the session's objects do not reflect
    weeks = {(row[0], row[1], row[2]) for row in session.execute(WEEKS, {"people": [kept, removed], "courses": courses})}
    # A week in which the one who stayed has no evidence any more has an estimate still.
    weeks |= {(kept, course, week) for _, course, week in weeks if course not in alone}
    people = session.get_one(User, kept), session.get_one(User, removed)
    moved = {kind: len(before[part]) for kind, part in MOVED.items()}
    return SplitReport(kept, removed, people[0].name, people[1].name, _parts(session, *people, courses), moved, tuple(sorted(weeks)))


def _parts(session: Session, kept: User, removed: User, courses: list[int]) -> tuple[SplitPart, ...]:
    """Both people as they are, side by side, and what they have in these courses."""
    codes = set(session.scalars(CODES, {"courses": courses}))
    named, learned = [], []
    for person in (kept, removed):
        ids = person_id_rows(session, person.id, limit=MAX_PAGE)
        named.append({
            "Name": person.name,
            "Address": person.email or MISSING,
            "Ids of other systems": ", ".join(f"{row['source']}:{row['external_id']}" for row in ids) or MISSING,
        })  # fmt: skip
        found = person_course_rows(session, person.id, limit=MAX_PAGE)
        learned.append({row["code"]: _in_course(row) for row in found if row["code"] in codes})
    known = sorted({code for each in learned for code in each})
    in_courses = [SplitPart(code, *(each.get(code, MISSING) for each in learned)) for code in known]
    return (*(SplitPart(what, *(each[what] for each in named)) for what in named[0]), *in_courses)


def _in_course(row: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (row["status"], row["sections"], count_text(row["n_attempts"], "result"))))


def _run(session: Session, statement: str, *, rows: object = None, **values: Any) -> None:
    session.execute(text(statement), values if rows is None else {**values, "rows": json.dumps(rows)})
