"""Merge two students into one, in the caller's transaction: both become one person, or nothing happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from lmskit.errors import CannotMergeError, ChangedMeanwhileError, MessageOnItsWayError
from lmskit.models import PersonMerge
from lmskit.queries.person import found_person
from lmskit.rounding import count_text
from lmskit.services.importing import lock_imports
from lmskit.services.permission import administrators_only
from lmskit.services.person import keep_former_address
from lmskit.services.person_hold import hold_person
from lmskit.services.person_merge.conflicts import Conflict, conflicts
from lmskit.services.person_merge.picture import picture, state_after

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import User

WEEKS = text("""
    SELECT DISTINCT a.student_id, a.course_id, q.week_number FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id
    WHERE a.student_id = ANY (:people) AND a.course_id = ANY (:courses) AND q.week_number IS NOT NULL
    ORDER BY 2, 1, 3
""")
ADD_ENROLLMENTS = """
INSERT INTO student_enrollments (course_id, student_id, status, request_sequence, origin, started_on, ended_on)
SELECT b.course_id, :kept, b.status, greatest(b.request_sequence, 1 + (
    SELECT max(o.request_sequence) FROM outbox AS o WHERE o.course_id = b.course_id AND o.student_id = :kept
)), b.origin, b.started_on, b.ended_on
FROM student_enrollments AS b
WHERE b.student_id = :removed
    AND NOT EXISTS (SELECT FROM student_enrollments AS a WHERE a.course_id = b.course_id AND a.student_id = :kept)
"""
JOIN_ENROLLMENTS = """
UPDATE student_enrollments AS a
SET status = s.status, started_on = least(k.started_on, b.started_on),
    ended_on = CASE WHEN s.status = 'active' THEN NULL WHEN k.status = b.status THEN greatest(k.ended_on, b.ended_on)
        WHEN k.status = s.status THEN k.ended_on ELSE b.ended_on END
FROM student_enrollments AS k
JOIN student_enrollments AS b ON b.course_id = k.course_id AND b.student_id = :removed
CROSS JOIN LATERAL (
    SELECT e.status FROM (VALUES (k.status), (b.status)) AS e (status)
    ORDER BY array_position(CAST('{active,completed,withdrawn}' AS enrollment_status[]), e.status) LIMIT 1
) AS s
WHERE k.student_id = :kept AND a.student_id = k.student_id AND a.course_id = k.course_id
"""
ADD_SECTIONS = """
INSERT INTO section_members (course_id, section_id, student_id)
SELECT m.course_id, m.section_id, :kept FROM section_members AS m WHERE m.student_id = :removed
ON CONFLICT (course_id, section_id, student_id) DO NOTHING
"""
JOIN_EXCEPTIONS = """
INSERT INTO quiz_exceptions AS k (course_id, quiz_id, student_id, excused, due_on, excused_by_format, granted_at)
SELECT x.course_id, x.quiz_id, :kept, x.excused, x.due_on, x.excused_by_format, x.granted_at
FROM quiz_exceptions AS x WHERE x.student_id = :removed
ON CONFLICT (course_id, quiz_id, student_id) DO UPDATE SET excused = k.excused OR excluded.excused,
    due_on = greatest(k.due_on, excluded.due_on),
    excused_by_format = CASE
        WHEN k.excused AND (NOT excluded.excused OR k.excused_by_format = excluded.excused_by_format) THEN k.excused_by_format
        WHEN NOT k.excused THEN excluded.excused_by_format
    END
"""
"""Excused if one of the two was, and with the later of two days; as by a person unless files of one format excused them."""
JOIN_ACTIVITY = """
UPDATE student_activity AS k SET occurred_at = least(k.occurred_at, r.occurred_at)
FROM student_activity AS r
WHERE r.student_id = :removed AND k.student_id = :kept AND k.course_id = r.course_id AND k.fingerprint = r.fingerprint
    AND k.occurred_at IS DISTINCT FROM least(k.occurred_at, r.occurred_at)
"""
"""Of what both completed, the earlier time stays; all else that two people did has fingerprints of its own."""
MOVE_ACTIVITY = """
UPDATE student_activity AS r SET student_id = :kept
WHERE r.student_id = :removed AND NOT EXISTS (
    SELECT FROM student_activity AS k WHERE k.student_id = :kept AND k.course_id = r.course_id AND k.fingerprint = r.fingerprint
)
"""
SHARED = text("""
    SELECT a.quiz_id FROM quiz_attempts AS a WHERE a.student_id IN (:kept, :removed)
    GROUP BY a.quiz_id HAVING count(DISTINCT a.student_id) = 2
""")
"""The quizzes of which both have results."""
SHARED_ATTEMPTS = """
WITH ordered AS (
    SELECT a.id, max(a.number) OVER (PARTITION BY a.quiz_id) + count(*) OVER (PARTITION BY a.quiz_id) AS most, row_number() OVER (
        PARTITION BY a.quiz_id ORDER BY coalesce(a.submitted_at, a.started_at, a.created_at), a.student_id = :removed, a.number, a.id
    ) AS number
    FROM quiz_attempts AS a
    WHERE a.student_id IN (:kept, :removed) AND a.quiz_id = ANY (:shared)
)
UPDATE quiz_attempts AS a SET student_id = :kept, number = o.most + o.number FROM ordered AS o WHERE o.id = a.id
"""
"""A number is unique at every moment, so attempts are numbered beyond all others first."""
NUMBER_ATTEMPTS = """
WITH ordered AS (
    SELECT a.id, row_number() OVER (PARTITION BY a.quiz_id ORDER BY a.number) AS number
    FROM quiz_attempts AS a WHERE a.student_id = :kept AND a.quiz_id = ANY (:shared)
)
UPDATE quiz_attempts AS a SET number = o.number FROM ordered AS o WHERE o.id = a.id
"""
OTHER_ATTEMPTS = "UPDATE quiz_attempts SET student_id = :kept WHERE student_id = :removed"
MOVE_MESSAGES = """
UPDATE outbox AS o SET student_id = :kept, request_sequence = CASE WHEN NOT EXISTS (
    SELECT FROM outbox AS k WHERE k.course_id = o.course_id AND k.student_id = :kept
) AND NOT EXISTS (SELECT FROM unnest(CAST(:joined AS bigint[])) AS j (course) WHERE j.course = o.course_id) THEN o.request_sequence END
WHERE o.student_id = :removed
"""
"""Only messages of the enrollment that moves keep the number of their request: by it, an enrollment has one message."""
KEEP_PREFERRED_NAME = """
UPDATE users SET preferred_name = CAST(:name AS text), preferred_sort_name = CAST(:sorted_as AS text)
WHERE id = :kept AND preferred_name = '' AND CAST(:name AS text) <> ''
"""
"""Of the one who goes, for the one who stays without."""
DELETIONS = (
    "DELETE FROM topic_performance WHERE student_id = :removed",
    "DELETE FROM student_enrollments WHERE student_id = :removed",
    "DELETE FROM users WHERE id = :removed",
)


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge did; of a dry run, what it would do.

    Attributes
    ----------
    kept_id, removed_id
        The person who stays, and the one who goes.
    kept_name, removed_name
        How they are called.
    conflicts
        What both had, and what it is now.
    moved
        How many rows changed the person, by what they are.
    touched
        (student id, course id, week) whose evidence is another one now: `services.mastery.refresh` estimates it again.
    receipt
        The number by which the two can be split again; None for a dry run.
    """

    kept_id: int
    removed_id: int
    kept_name: str
    removed_name: str
    conflicts: tuple[Conflict, ...]
    moved: dict[str, int]
    touched: tuple[tuple[int, int, int], ...] = ()
    receipt: int | None = None

    @property
    def obstacles(self) -> tuple[Conflict, ...]:
        """The conflicts because of which the two cannot be merged."""
        return tuple(conflict for conflict in self.conflicts if conflict.is_obstacle)

    @property
    def counts(self) -> str:
        """What moves, in words.

        >>> MergeReport(1, 2, "Rae, Ann", "Ray, Ann", (), {"enrollments": 1, "results": 2, "messages": 0}).counts
        '1 enrollment, 2 results'
        """
        return counts_text(self.moved) or "nothing but the person"

    @property
    def question(self) -> str:
        """What a person is asked before the two are merged.

        >>> MergeReport(1, 2, "Rae, Ann", "Ray, Ann", (), {"results": 2}).question
        'Merge person 2 (Ray, Ann) into person 1 (Rae, Ann): 2 results?'
        """
        return f"Merge person {self.removed_id} ({self.removed_name}) into person {self.kept_id} ({self.kept_name}): {self.counts}?"

    @property
    def sentence(self) -> str:
        """What was done, for a person."""
        return f"Person {self.removed_id} is merged into person {self.kept_id}: {self.counts}."

    @property
    def refusal(self) -> str:
        """Why the two cannot be merged, and what to do; empty if they can."""
        return "".join(f"{first.what}: {first.resolution}. Nothing was changed." for first in self.obstacles[:1])

    def require_possible(self) -> None:
        """Refuse where there are obstacles.

        Raises
        ------
        CannotMergeError
            It names the first of them.
        """
        if self.refusal:
            raise CannotMergeError(self.refusal)


def counts_text(moved: dict[str, int]) -> str:
    """What moves, in words; empty if nothing does."""
    return ", ".join(count_text(count, kind.removesuffix("s")) for kind, count in moved.items() if count)


@administrators_only("merge people")
def merge_people(session: Session, kept: str, removed: str, *, dry_run: bool = False, previewed: MergeReport | None = None) -> MergeReport:
    """Merge a student into another one, who then has the results, enrollments, sections, messages and ids of both.

    All attempts stay, numbered by time. Of two enrollments in a course one stays. The address and the ids of the one who goes lead
    imports to the one who stays. A picture of before is kept with the receipt, for `split_person`.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed. The mastery of `MergeReport.touched` is out of date afterwards.
    kept, removed
        Who stays and who goes: address, number, or id of another system as SYSTEM:ID.
    dry_run
        Do all of it, and take it back; where there are obstacles, report them.
    previewed
        What a dry run reported; without it, whatever there is to merge is merged. If the two are merged already, as by a try whose
        connection was lost at the commit, that merge is reported.

    Raises
    ------
    UnknownPersonError
        There is no such person.
    CannotMergeError
        It is one person already, or there are obstacles.
    ChangedMeanwhileError
        It is no longer what was previewed.
    MessageOnItsWayError
        A message to one of them is being sent at this moment.
    """
    # As an erasure takes them: first the imports, then people.
    lock_imports(session)
    if previewed is not None and (receipt := _receipt(session, previewed)) is not None:
        return replace(previewed, receipt=receipt, touched=())
    one, other = found_person(session, kept), found_person(session, removed)
    if one.id == other.id:
        raise CannotMergeError(f"{kept} and {removed} are one person already, number {one.id}. Nothing was changed.")
    held = [hold_person(session, number) for number in sorted((one.id, other.id))]
    if not all(held):
        raise MessageOnItsWayError(nothing_was="merged")
    session.refresh(one)
    session.refresh(other)
    found = conflicts(session, one, other)
    planned = MergeReport(one.id, other.id, one.name, other.name, found, {})
    if planned.obstacles and dry_run:
        return planned
    planned.require_possible()
    with session.begin_nested() as attempt:
        report = _merged(session, one, other, planned)
        if dry_run:
            report = replace(report, receipt=None)
            attempt.rollback()
        elif previewed is not None and replace(report, receipt=None) != previewed:
            raise ChangedMeanwhileError(what=f"person {report.kept_id} or person {report.removed_id}")
    session.expire_all()  # SQL wrote rows that the session's objects do not reflect
    return report


def _receipt(session: Session, merge: MergeReport) -> int | None:
    """The number of the receipt of a merge that was done; None if it was not."""
    return session.scalar(select(PersonMerge.id).filter_by(kept_id=merge.kept_id, removed_id=merge.removed_id))


def _merged(session: Session, kept: User, removed: User, planned: MergeReport) -> MergeReport:
    before = picture(session, kept.id, removed.id)
    people, courses = {"kept": kept.id, "removed": removed.id}, [row["course_id"] for row in before["enrollments"]]
    joined = [row["course_id"] for row in before["joined"]]
    _run(session, JOIN_ENROLLMENTS, **people)
    _run(session, ADD_ENROLLMENTS, **people)
    _run(session, ADD_SECTIONS, **people)
    _run(session, JOIN_EXCEPTIONS, **people)
    _run(session, JOIN_ACTIVITY, **people)
    _run(session, MOVE_ACTIVITY, **people)
    shared = list(session.scalars(SHARED, people))
    _run(session, SHARED_ATTEMPTS, **people, shared=shared)
    _run(session, NUMBER_ATTEMPTS, kept=kept.id, shared=shared)
    _run(session, OTHER_ATTEMPTS, **people)
    _run(session, MOVE_MESSAGES, **people, joined=joined)
    _run(session, "UPDATE external_ids SET person_id = :kept WHERE person_id = :removed", **people)
    _run(session, "UPDATE person_merges SET kept_id = :kept WHERE kept_id = :removed", **people)
    address, goes_by, number, calls = removed.email, kept.email, removed.id, (removed.preferred_name, removed.preferred_sort_name)
    for statement in DELETIONS:
        _run(session, statement, removed=number)
    if address is not None and goes_by is not None:
        keep_former_address(session, kept.id, address)
    elif address is not None:
        _run(session, "UPDATE users SET email = :address WHERE id = :kept", address=address, kept=kept.id)
    _run(session, KEEP_PREFERRED_NAME, kept=kept.id, name=calls[0], sorted_as=calls[1])
    after = state_after(session, kept.id, courses)
    receipt = PersonMerge(kept_id=kept.id, removed_id=removed.id, picture={**before, "after": after})
    session.add(receipt)
    session.flush()
    counts = {
        "enrollments": len(courses),
        "results": len(before["attempts"]),
        "sections": len(before["sections"]),
        "messages": len(before["messages"]),
        "ids": len(before["external_ids"]),
    }
    return replace(planned, moved=counts, touched=_touched(session, kept.id, courses), receipt=receipt.id)


def _touched(session: Session, kept: int, courses: list[int]) -> tuple[tuple[int, int, int], ...]:
    return tuple((row[0], row[1], row[2]) for row in session.execute(WEEKS, {"people": [kept], "courses": courses}))


def _run(session: Session, statement: str, **values: Any) -> None:
    session.execute(text(statement), values)
