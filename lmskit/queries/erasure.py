"""Who was erased, by numbers that name nobody, and who of them is in the database nevertheless."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from lmskit.queries.personal_data import columns_by_table, condition, patterns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.orm import Session

_FINGERPRINT = "encode(sha256(convert_to(id || ':' || to_char(made AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), 'UTF8')), 'hex')"
_HERE = f"""
SELECT id, {_FINGERPRINT} FROM (
    SELECT u.id, u.created_at FROM users AS u WHERE u.id = ANY (:ids)
    UNION
    SELECT
        CAST(a.row_key AS bigint),
        CASE WHEN a.old ->> 'created_at' ~ '^[0-9]{{4,6}}-' THEN CAST(a.old ->> 'created_at' AS timestamp with time zone) END
    FROM audit_log AS a
    WHERE a.table_name = 'users' AND a.action = 'delete' AND a.old ? 'family_name' AND a.row_key = ANY (CAST(:ids AS text[]))
    UNION
    SELECT w.id, i.started_at
    FROM unnest(CAST(:ids AS bigint[])) AS w (id)
    JOIN audit_log AS a ON a.table_name = 'users' AND a.action = 'insert' AND a.numbers @> w.id
    JOIN import_runs AS i ON i.id = a.import_run_id
    WHERE NOT EXISTS (SELECT FROM users AS u WHERE u.id = w.id) AND NOT EXISTS (
        SELECT FROM audit_log AS e
        WHERE e.table_name = 'users' AND e.row_key = CAST(w.id AS text) AND e.action IN ('delete', 'person erased')
    )
) AS person (id, made) WHERE made IS NOT NULL
"""  # noqa: S608 - the constant above
"""Of people who were deleted before, the audit trail has the row; of those who went with an import that was taken back, their number, and
the import is of their time. The fingerprint is computed as `erase_person` does."""


_TERM_OF_COURSE = "(SELECT c.term_id FROM courses AS c WHERE c.id = t.course_id)"
_TERMS = {
    "terms": "t.id",
    "courses": "t.term_id",
    "archives": "t.term_id",
    **dict.fromkeys(("syllabi", "student_enrollments", "quizzes", "quiz_attempts", "topic_performance", "knowledge_fits"), _TERM_OF_COURSE),
    # Files have what a row had before.
    "audit_log": (
        f"CASE WHEN t.table_name = 'terms' AND t.row_key ~ '^[0-9]{{1,18}}$' THEN CAST(t.row_key AS bigint) ELSE {_TERM_OF_COURSE} END"
    ),
}
"""For each table whose texts files of archives have, or had: the term of a row."""


class Remembered(NamedTuple):
    """A person who was erased: the id that the row had, and the fingerprint, by which it differs from another row with the same id."""

    person_id: int
    fingerprint: str


def brought_back(session: Session, remembered: Iterable[Remembered]) -> list[Remembered]:
    """Those who are remembered as erased and are in the database nevertheless, or in its audit trail; only administrators see them."""
    wanted = set(remembered)
    ids = sorted(person.person_id for person in wanted)
    here = {Remembered(*row) for row in session.execute(text(_HERE), {"ids": ids})}
    return sorted(wanted & here)


def remembered_erasures(session: Session) -> list[Remembered]:
    """Everybody who was erased, each once, by id."""
    rows = session.execute(text("SELECT DISTINCT person_id, fingerprint FROM erasures ORDER BY 1, 2"))
    return [Remembered(*row) for row in rows]


def terms_naming(session: Session, pattern: str, among: Collection[tuple[str, str]]) -> list[int]:
    """The numbers of the terms with texts that have what the pattern finds, or had; in order.

    `among` are the columns in which there may be something, as table and column. Only administrators can ask.
    """
    found: set[int] = set()
    for table, every_column in columns_by_table(session).items():
        columns = [column for column in every_column if (table, column.column) in among]
        if table in _TERMS and columns:
            where = " OR ".join(f"({condition(column)})" for column in columns)
            statement = f"SELECT DISTINCT {_TERMS[table]} FROM lms.{table} AS t WHERE {where}"  # noqa: S608 - names of the catalogue
            found |= {term for term in session.scalars(text(statement), patterns(pattern)) if term is not None}
    return sorted(found)
