"""What two people have that one person cannot have twice, and what becomes of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.limits import MOST_ATTEMPTS
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from lmskit.models import User

NOTHING = "–"
IDS = text("""
    SELECT
        a.source,
        string_agg(DISTINCT a.external_id, ', ' ORDER BY a.external_id) AS kept,
        string_agg(DISTINCT b.external_id, ', ' ORDER BY b.external_id) AS removed
    FROM external_ids AS a JOIN external_ids AS b ON b.source = a.source
    WHERE a.person_id = :kept AND b.person_id = :removed GROUP BY a.source ORDER BY a.source COLLATE "C"
""")
COURSES = text("""
    SELECT c.id, c.code, t.code AS term, t.state::text AS state, a.status::text AS kept, b.status::text AS removed,
        b.status = 'pending' OR a.status = 'pending' AS is_pending
    FROM student_enrollments AS b
    JOIN courses AS c ON c.id = b.course_id
    JOIN terms AS t ON t.id = c.term_id
    LEFT JOIN student_enrollments AS a ON a.course_id = b.course_id AND a.student_id = :kept
    WHERE b.student_id = :removed
    ORDER BY c.code COLLATE "C"
""")
RESULTS = text("""
    SELECT c.code, q.title, max(a.number) AS most,
        count(*) FILTER (WHERE a.student_id = :kept) AS kept, count(*) FILTER (WHERE a.student_id = :removed) AS removed
    FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id JOIN courses AS c ON c.id = q.course_id
    WHERE a.student_id IN (:kept, :removed)
    GROUP BY c.code, q.id, q.title
    HAVING count(DISTINCT a.student_id) = 2
    ORDER BY c.code COLLATE "C", q.title COLLATE "C", q.id
""")
MOST_MERGED = MOST_ATTEMPTS // 2
"""Results of one quiz that are merged: on their way to their own numbers they have higher ones."""
STUDY_AND_TEACH = "Who studies and teaches is in lmskit once for each"
INSTEAD = (
    "Hand over the courses of the one who goes (lmskit course hand-over), give its roles to the other one (lmskit staff add, staff remove),"
    " then close its login (lmskit login disable) or delete the person (lmskit person delete)"
)
"""What to do with two lecturers who are one person."""
ORDER = ("active", "completed", "withdrawn")
"""Which status counts where a person is enrolled twice: the first of them, as in imports."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something that both people have.

    Attributes
    ----------
    what
        What it is.
    kept, removed
        What the person who stays has, and the one who goes.
    resolution
        What becomes of it.
    is_obstacle
        Whether the two cannot be merged because of it.
    """

    what: str
    kept: str
    removed: str
    resolution: str
    is_obstacle: bool = False


def conflicts(session: Session, kept: User, removed: User) -> tuple[Conflict, ...]:
    """What the two have, and what becomes of it; obstacles first."""
    of_both = [list(part(session, kept, removed)) for part in (_ids, _enrollments, _results)]
    found = [*_people(kept, removed), *itertools.chain(*of_both)]
    return tuple(sorted(found, key=lambda conflict: not conflict.is_obstacle))


def _people(kept: User, removed: User) -> Iterator[Conflict]:
    if not kept.role is removed.role is Role.STUDENT:
        advice = STUDY_AND_TEACH if Role.STUDENT in {kept.role, removed.role} else INSTEAD
        yield Conflict("Role", kept.role.value, removed.role.value, f"not possible: only students are merged. {advice}", is_obstacle=True)
    names = [person.official_name for person in (kept, removed)]
    if names[0] != names[1]:
        yield Conflict("Name", names[0], names[1], f"stays {names[0]}")
    if removed.preferred_name not in {"", kept.preferred_name}:
        becomes = f"stays {kept.preferred_name}" if kept.preferred_name else f"becomes {removed.preferred_name}"
        yield Conflict("Preferred name", kept.preferred_name or NOTHING, removed.preferred_name, becomes)
    if removed.email is not None and kept.email is not None:
        yield Conflict("Address", kept.email, removed.email, f"stays {kept.email}; imports find the person by both")
    elif removed.email is not None:
        yield Conflict("Address", NOTHING, removed.email, f"becomes {removed.email}")


def _ids(session: Session, kept: User, removed: User) -> Iterator[Conflict]:
    for row in session.execute(IDS, {"kept": kept.id, "removed": removed.id}):
        yield Conflict(f"Id of {row.source}", row.kept, row.removed, "both are kept: imports find the person by either")


def _enrollments(session: Session, kept: User, removed: User) -> Iterator[Conflict]:
    for row in session.execute(COURSES, {"kept": kept.id, "removed": removed.id}):
        what, kept_as = f"Enrollment in {row.code}", row.kept or NOTHING
        if row.state != "open":
            advice = f"not possible: the term {row.term} is {row.state}. Keep the other person, or open it: lmskit term open {row.term}"
            yield Conflict(what, kept_as, row.removed, advice, is_obstacle=True)
        elif row.is_pending:
            advice = "not possible: its message is not sent yet. Send it (lmskit mail retry NUMBER), or withdraw the student"
            yield Conflict(what, kept_as, row.removed, advice, is_obstacle=True)
        elif row.kept is not None:
            status = min(kept_as, row.removed, key=ORDER.index)
            yield Conflict(what, kept_as, row.removed, f"one enrollment, {status}, from the earlier first day on")


def _results(session: Session, kept: User, removed: User) -> Iterator[Conflict]:
    for row in session.execute(RESULTS, {"kept": kept.id, "removed": removed.id}):
        counts = tuple(f"{count} result{'s' if count > 1 else ''}" for count in (row.kept, row.removed))
        what = f"{row.title} · {row.code}"
        if max(row.most, row.kept + row.removed) > MOST_MERGED:
            yield Conflict(what, counts[0], counts[1], f"not possible: more than {MOST_MERGED:,} results of one quiz", is_obstacle=True)
        else:
            yield Conflict(what, counts[0], counts[1], f"all are kept, numbered 1 to {row.kept + row.removed} by time")
