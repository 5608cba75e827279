"""The picture of two people before they become one: what is needed to make two of them again.

Keys of the document: `removed` and `kept` (rows of `users`), `external_ids`, `enrollments`, `sections`, `exceptions`, `activity`,
`attempts`, `messages` and `merges` of the one who goes, `joined` (enrollments of the one who stays in the same courses), `kept_sections`,
`kept_exceptions` and `renumbered` (attempts) of the one who stays, the latter two at the same quizzes, `same_activity` (what both
completed, of both), and `after` (what the one who stays has in these courses afterwards, by what it is called), by which a split sees
what was changed since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PERSON = """
    SELECT jsonb_build_object('id', u.id, 'email', u.email, 'family_name', u.family_name, 'given_name', u.given_name,
        'sort_name', u.sort_name, 'preferred_name', u.preferred_name, 'preferred_sort_name', u.preferred_sort_name,
        'role', u.role, 'settings', u.settings, 'created_at', u.created_at)
    FROM users AS u WHERE u.id = {person}
"""
PARTS = {
    "external_ids": "SELECT x.id FROM external_ids AS x WHERE x.person_id = :removed ORDER BY x.id",
    "enrollments": "SELECT * FROM student_enrollments AS e WHERE e.student_id = :removed ORDER BY e.course_id",
    "joined": """
        SELECT e.* FROM student_enrollments AS e JOIN student_enrollments AS r ON r.course_id = e.course_id AND r.student_id = :removed
        WHERE e.student_id = :kept ORDER BY e.course_id
    """,
    "sections": "SELECT m.course_id, m.section_id FROM section_members AS m WHERE m.student_id = :removed ORDER BY m.section_id",
    "kept_sections": "SELECT m.course_id, m.section_id FROM section_members AS m WHERE m.student_id = :kept ORDER BY m.section_id",
    "exceptions": "SELECT x.* FROM quiz_exceptions AS x WHERE x.student_id = :removed ORDER BY x.quiz_id",
    "kept_exceptions": """
        SELECT x.* FROM quiz_exceptions AS x
        WHERE x.student_id = :kept AND x.quiz_id IN (SELECT r.quiz_id FROM quiz_exceptions AS r WHERE r.student_id = :removed)
        ORDER BY x.quiz_id
    """,
    "activity": """
        SELECT a.id FROM student_activity AS a
        WHERE a.student_id = :removed AND NOT EXISTS (
            SELECT FROM student_activity AS k WHERE k.student_id = :kept AND k.course_id = a.course_id AND k.fingerprint = a.fingerprint
        )
        ORDER BY a.id
    """,
    "same_activity": """
        SELECT a.* FROM student_activity AS a JOIN student_activity AS o ON o.course_id = a.course_id AND o.fingerprint = a.fingerprint
        WHERE a.student_id IN (:kept, :removed) AND o.student_id IN (:kept, :removed) AND o.student_id <> a.student_id ORDER BY a.id
    """,
    "attempts": "SELECT a.id, a.number FROM quiz_attempts AS a WHERE a.student_id = :removed ORDER BY a.id",
    "renumbered": """
        SELECT a.id, a.number FROM quiz_attempts AS a
        WHERE a.student_id = :kept AND a.quiz_id IN (SELECT r.quiz_id FROM quiz_attempts AS r WHERE r.student_id = :removed) ORDER BY a.id
    """,
    "messages": "SELECT o.id, o.request_sequence FROM outbox AS o WHERE o.student_id = :removed ORDER BY o.id",
    "merges": "SELECT p.id FROM person_merges AS p WHERE p.kept_id = :removed ORDER BY p.id",
}  # fmt: skip
"""Rows by part, each as a statement; a row becomes an object."""
AFTER = {
    "the enrollment in {}": "SELECT e.* FROM student_enrollments AS e WHERE e.student_id = :kept AND e.course_id = :course",
    "the results in {}": "SELECT a.id, a.number FROM quiz_attempts AS a WHERE a.student_id = :kept AND a.course_id = :course ORDER BY a.id",
    "the sections of {}": (
        "SELECT m.section_id FROM section_members AS m WHERE m.student_id = :kept AND m.course_id = :course ORDER BY m.section_id"
    ),
    "the excuses and more time in {}": (
        "SELECT x.quiz_id, x.excused, x.excused_by_format, x.due_on FROM quiz_exceptions AS x"
        " WHERE x.student_id = :kept AND x.course_id = :course ORDER BY x.quiz_id"
    ),
    "the activity in {}": (
        "SELECT count(*) AS n_rows, max(a.id) AS last, max(a.occurred_at) AS latest FROM student_activity AS a"
        " WHERE a.student_id = :kept AND a.course_id = :course HAVING count(*) > 0"
    ),
}
"""What a split takes apart in each course, by what it is called."""


def picture(session: Session, kept: int, removed: int) -> dict[str, Any]:
    """Return how both people are now, without `after`."""
    values = {"kept": kept, "removed": removed}
    people = {who: session.scalar(text(PERSON.format(person=f":{who}")), {who: values[who]}) for who in values}
    return people | {name: _rows(session, statement, values) for name, statement in PARTS.items()}


def state_after(session: Session, kept: int, courses: list[int]) -> dict[str, Any]:
    """What the person who stays has in these courses, and how they are named, by what it is called."""
    address = "SELECT u.email FROM users AS u WHERE u.id = :kept"
    ids = "SELECT x.source, x.external_id FROM external_ids AS x WHERE x.person_id = :kept ORDER BY x.source, x.external_id"
    state = {"the address": _rows(session, address, {"kept": kept}), "the ids of other systems": _rows(session, ids, {"kept": kept})}
    for course in courses:
        for name, statement in AFTER.items():
            state[name.format(course)] = _rows(session, statement, {"kept": kept, "course": course})
    return state


def changed_parts(now: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Which parts of two `state_after` differ; a null is as good as none, since a receipt can be older than a column."""
    return [part for part in now if _without_nulls(now[part]) != _without_nulls(after.get(part, []))]


def in_words(session: Session, parts: list[str], courses: list[int]) -> str:
    """What some parts of `state_after` are, for a person: with the codes of courses instead of their numbers."""
    codes = session.execute(text("SELECT c.id, c.code FROM courses AS c WHERE c.id = ANY (:courses)"), {"courses": courses})
    words = {name.format(course): name.format(code) for course, code in codes for name in AFTER}
    return ", ".join(sorted(words.get(part, part) for part in parts))


def _without_nulls(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _rows(session: Session, statement: str, values: dict[str, int]) -> list[Any]:
    found = text(f"SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM ({statement}) AS r")  # noqa: S608 - from above
    rows: list[Any] = session.scalar(found, values) or []
    return rows
