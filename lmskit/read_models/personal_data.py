"""Everything about one person, as one document: what a person may ask for.

What there is to export is written in `HOLDINGS`, one entry for each column of the database that holds a person's id or login; a test asks
the catalogue for them, and fails where one is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from lmskit.errors import PersonGoneError
from lmskit.queries.personal_data import logins_of, naming_pattern, texts_naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

BY_ID = "{column} = :person"
BY_LOGIN = "{column} = ANY (:logins)"


@dataclass(frozen=True, slots=True)
class Holding:
    """A column that holds a person, and which columns of its rows are given to the person.

    Attributes
    ----------
    table, column
        Where the id or the login of the person is.
    what
        What the rows are, for the person who reads the document.
    columns
        What is given of a row, as SQL; of rows about others without their content.
    joined
        The tables that it needs for that.
    condition
        Which rows are the person's: by id or by login.
    """

    table: str
    column: str
    what: str
    columns: str = "t.*"
    joined: str = ""
    condition: str = BY_ID


HOLDINGS = (
    Holding(
        "users", "id", "who the person is",
        "t.id, t.email, t.family_name, t.given_name, t.preferred_name, t.role, t.settings, t.db_role IS NOT NULL AS has_login,"
        " t.created_at",
    ),
    Holding("external_ids", "person_id", "ids in other systems", "t.source, t.external_id"),
    Holding(
        "student_enrollments", "student_id", "courses that the person attends or attended",
        "c.code AS course, c.title, m.code AS term, t.status, t.origin, t.started_on, t.ended_on",
        "JOIN courses AS c ON c.id = t.course_id JOIN terms AS m ON m.id = c.term_id",
    ),
    Holding(
        "section_members", "student_id", "sections and groups of courses", "c.code AS course, s.kind, s.name, s.source",
        "JOIN courses AS c ON c.id = t.course_id JOIN sections AS s ON s.id = t.section_id",
    ),
    Holding(
        "quiz_attempts", "student_id", "attempts at quizzes, with answers, scores and feedback",
        "c.code AS course, q.week_number AS week, q.title AS quiz, t.number, t.score, t.max_score, t.answers, t.feedback, t.started_at,"
        " t.submitted_at, t.origin, t.banked, t.taken_back_at, t.created_at",
        "JOIN courses AS c ON c.id = t.course_id JOIN quizzes AS q ON q.id = t.quiz_id",
    ),
    Holding(
        "student_activity", "student_id", "what the person did, as logs and events of other systems say",
        "c.code AS course, t.source, t.kind, t.resource, t.occurred_at", "JOIN courses AS c ON c.id = t.course_id",
    ),
    Holding(
        "quiz_exceptions", "student_id", "excuses from quizzes, and more time for them",
        "c.code AS course, q.title AS quiz, t.excused, t.due_on, t.granted_at",
        "JOIN courses AS c ON c.id = t.course_id JOIN quizzes AS q ON q.id = t.quiz_id",
    ),
    Holding(
        "topic_performance", "student_id", "mastery of each week, as it was computed from the attempts",
        "c.code AS course, t.week_number AS week, t.level, t.value, t.low, t.high, t.n_evidence, t.rule, t.parameters, t.computed_at",
        "JOIN courses AS c ON c.id = t.course_id",
    ),
    Holding(
        "outbox", "student_id", "messages to the person",
        "t.recipient, t.template, t.context, x.subject, x.body, t.status, t.attempts, t.created_at, t.sent_at, t.last_error",
        "LEFT JOIN message_texts AS x ON x.id = CAST(t.context ->> 'text_id' AS bigint)",
    ),
    Holding(
        "courses", "lecturer_id", "courses that the person teaches", "t.code, t.title, m.code AS term",
        "JOIN terms AS m ON m.id = t.term_id"
    ),
    Holding(
        "course_staff", "person_id", "courses in whose staff the person is", "c.code AS course, c.title, t.role, t.limited, t.granted_at",
        "JOIN courses AS c ON c.id = t.course_id",
    ),
    Holding(
        "staff_sections", "person_id", "sections and groups to which the person is limited as an assistant",
        "c.code AS course, s.kind, s.name",
        "JOIN courses AS c ON c.id = t.course_id JOIN sections AS s ON s.id = t.section_id",
    ),
    Holding(
        "course_staff", "granted_by", "roles in courses that the person gave to others", "c.code AS course, t.role, t.granted_at",
        "JOIN courses AS c ON c.id = t.course_id", BY_LOGIN,
    ),
    Holding(
        "invitations", "person_id", "invitations of the person",
        "t.invited_by, t.created_at, t.expires_at, t.accepted_at, t.revoked_at",
    ),
    Holding(
        "invitations", "invited_by", "invitations of others by the person", "t.created_at, t.expires_at, t.accepted_at, t.revoked_at",
        condition=BY_LOGIN,
    ),
    Holding(
        "person_merges", "kept_id", "people who were merged into the person, as they were before",
        "t.id AS receipt, t.removed_id AS former_id, t.picture, t.merged_at",
    ),
    Holding("person_merges", "merged_by", "people whom the person merged", "t.id AS receipt, t.merged_at", condition=BY_LOGIN),
    Holding("erasures", "person_id", "erasures of a person who had the same id before", "t.erased_at"),
    Holding(
        "audit_log", "actor", "changes that the person made; what was changed is about others", "t.at, t.action, t.table_name, t.row_key",
        condition=BY_LOGIN,
    ),
    Holding("import_runs", "actor", "imports by the person", "t.format, t.name, t.status, t.started_at, t.rows_in", condition=BY_LOGIN),
    Holding(
        "material_crawls", "started_by", "crawls that the person started", "t.start_url, t.state, t.started_at, t.ended_at",
        condition=BY_LOGIN
    ),
    Holding(
        "reading_decisions", "decided_by", "reading advice that the person decided about",
        "c.code AS course, t.week_number AS week, t.decision, t.decided_at", "JOIN courses AS c ON c.id = t.course_id", BY_LOGIN,
    ),
    Holding("erasures", "erased_by", "erasures by the person", "t.erased_at", condition=BY_LOGIN),
)  # fmt: skip
"""Every column that holds a person's id or login."""

ABOUT = """
WITH named AS (
    SELECT DISTINCT t.table_name, t.row_key FROM audit_log AS t
    WHERE t.table_name = ANY ('{quiz_attempts,quiz_exceptions,course_staff,staff_sections,external_ids,invitations}')
      AND CAST(:person AS text) IN (t.old ->> 'student_id', t.new ->> 'student_id', t.old ->> 'person_id', t.new ->> 'person_id')
)
SELECT to_jsonb(f) FROM (
    SELECT t.at, t.action, t.table_name, t.row_key, t.old, t.new FROM audit_log AS t
    WHERE (t.table_name = 'users' AND t.row_key = CAST(:person AS text))
       OR (t.table_name = 'student_enrollments' AND split_part(t.row_key, ':', 2) = CAST(:person AS text))
       OR (t.table_name, t.row_key) IN (SELECT n.table_name, n.row_key FROM named AS n)
       OR (t.table_name = 'quiz_attempts' AND t.row_key IN (SELECT a.id::text FROM quiz_attempts AS a WHERE a.student_id = :person))
       OR (t.table_name = 'student_activity' AND t.row_key IN (SELECT a.id::text FROM student_activity AS a WHERE a.student_id = :person))
    ORDER BY t.id
) AS f
"""
PARKED = "SELECT to_jsonb(f) FROM lms.parked_rows_about(:person) AS f"
FINDINGS = """
SELECT to_jsonb(f) FROM (
    SELECT t.started_at, t.name, e.value AS finding
    FROM import_runs AS t CROSS JOIN LATERAL (
        SELECT r.value FROM jsonb_path_query(t.report, '$."rejections"[*]') AS r (value)
        UNION ALL SELECT o.value FROM jsonb_path_query(t.report, '$."oddities"[*]') AS o (value)
    ) AS e
    WHERE e.value::text ~* :pattern ORDER BY t.id
) AS f
"""


def personal_data(session: Session, person_id: int) -> Mapping[str, Any]:
    """Everything about a person, as a document of JSON: sections, each with a sentence and its rows.

    There is no password in it, and no answer key; texts of others that name the person are counted, since they are about others too.

    Raises
    ------
    PersonGoneError
        There is no such person.
    """
    logins = logins_of(session, person_id)
    if session.scalar(text("SELECT count(*) FROM users WHERE id = :person"), {"person": person_id}) == 0:
        raise PersonGoneError(person=person_id)
    sections: list[dict[str, Any]] = [
        {"table": held.table, "column": held.column, "what": held.what, "rows": _rows(session, held, person_id, logins)}
        for held in HOLDINGS
    ]
    about = list(session.scalars(text(ABOUT), {"person": person_id}))
    sections.append({"table": "audit_log", "column": "row_key", "what": "changes of rows about the person", "rows": about})
    parked = list(session.scalars(text(PARKED), {"person": person_id}))
    sections.append({"table": "parked_rows", "column": "content", "what": "rows for which an older lmskit had no columns", "rows": parked})
    pattern = naming_pattern(session, person_id)
    if pattern is not None:
        findings = list(session.scalars(text(FINDINGS), {"pattern": pattern}))
        sections.append({"table": "import_runs", "column": "report", "what": "findings of imports that name the person", "rows": findings})
        named = [found._asdict() for found in texts_naming(session, pattern)]
        sections.append({"table": None, "column": None, "what": "texts that name the person, counted by column", "rows": named})
    return {"person": person_id, "database": session.scalar(text("SELECT current_database()")), "sections": sections}


def _rows(session: Session, holding: Holding, person_id: int, logins: list[str]) -> list[dict[str, Any]]:
    where = holding.condition.format(column=f"t.{holding.column}")
    wanted = f"SELECT {holding.columns} FROM {holding.table} AS t {holding.joined} WHERE {where}"  # noqa: S608 - from the list above
    statement = f"SELECT to_jsonb(f) FROM ({wanted}) AS f"  # noqa: S608 - as above
    return list(session.scalars(text(statement), {"person": person_id, "logins": logins}))
