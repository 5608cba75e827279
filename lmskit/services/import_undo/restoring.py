"""Put changed rows back to what they were, add rows again that the import deleted, and remove those that it added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lmskit.services.import_undo.checking import check_messages
from lmskit.services.import_undo.report import Why
from lmskit.services.import_undo.trail import run
from lmskit.services.import_undo.written import REMOVED, WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from lmskit.services.import_undo.written import WrittenTable

COLUMNS = text("""
    SELECT a.attname::text FROM pg_attribute AS a
    WHERE a.attrelid = CAST(:table AS regclass) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
    ORDER BY a.attnum
""")
"""The columns of a table that can be set."""


ANSWERED = frozenset({"questions", "answer_key"})
"""The columns of a quiz to which answers belong: the database keeps a question as long as it has answers."""


def put_back(session: Session) -> None:
    """Give changed rows the values that they had, parents first; one whose earlier values another row has by now stays as it is.

    What answers belong to follows in `remove`, after the answers.
    """
    for table in reversed(WRITTEN):
        if table.name == "outbox":
            check_messages(session)
        for keys, known in _sets_of_columns(session, table):
            columns = known - ANSWERED if table.name == "quizzes" else known
            try:
                with session.begin_nested():
                    _put_back(session, table, keys, columns)
            except IntegrityError:
                _put_back_what_can_be(session, table, keys, columns)
    _add_again(session)


def _sets_of_columns(session: Session, table: WrittenTable) -> Iterator[tuple[list[str], set[str]]]:
    """Give out which columns the import changed together, and those of them that can be set: as few statements as there are such sets."""
    sets = text(
        f"SELECT DISTINCT ARRAY(SELECT jsonb_object_keys(u.old) ORDER BY 1) FROM undo_changed_{table.name} AS u"  # noqa: S608 - written.py
        " WHERE u.reason IS NULL"
    )
    known = set(session.scalars(COLUMNS, {"table": f"lms.{table.name}"}))
    for (found,) in session.execute(sets).all():
        yield found, known & set(found)


def _put_back(session: Session, table: WrittenTable, keys: list[str], columns: set[str], only: str = "true") -> None:
    """Put columns back of the rows of which the import changed exactly those that `keys` names."""
    if not columns:
        return
    names = ", ".join(f'"{column}"' for column in sorted(columns))
    values = ", ".join(f'o."{column}"' for column in sorted(columns))
    run(
        session,
        f"UPDATE ONLY {table.name} AS r SET ({names}) = ROW({values})"  # noqa: S608 - catalogue
        f" FROM undo_changed_{table.name} AS u CROSS JOIN LATERAL jsonb_populate_record(NULL::lms.{table.name}, u.old) AS o"
        f" WHERE {table.same('r', 'u')} AND u.reason IS NULL AND {only}"
        " AND ARRAY(SELECT jsonb_object_keys(u.old) ORDER BY 1) = CAST(:keys AS text[])",
        keys=keys,
    )


def _put_back_what_can_be(session: Session, table: WrittenTable, keys: list[str], columns: set[str]) -> None:
    """Put rows back but for those whose earlier values another row has, which are found by halves."""
    name = f"undo_changed_{table.name}"
    found = text(
        f"SELECT u.ctid::text FROM {name} AS u"  # noqa: S608 - written.py
        " WHERE u.reason IS NULL AND ARRAY(SELECT jsonb_object_keys(u.old) ORDER BY 1) = CAST(:keys AS text[]) ORDER BY u.ctid"
    )
    positions = list(session.scalars(found, {"keys": keys}))
    middle = len(positions) // 2
    parts = [(middle, len(positions)), (0, middle)]
    while parts:
        first, beyond = parts.pop()
        if first == beyond:
            continue
        among = f"u.ctid BETWEEN '{positions[first]}' AND '{positions[beyond - 1]}'"
        try:
            with session.begin_nested():
                _put_back(session, table, keys, columns, among)
        except IntegrityError:
            if beyond - first > 1:
                middle = (first + beyond) // 2
                parts += [(middle, beyond), (first, middle)]
            else:
                run(session, f"UPDATE {name} AS u SET reason = :why WHERE {among}", why=str(Why.TAKEN))  # noqa: S608 - as above


def _add_again(session: Session) -> None:
    """Add rows again that the import deleted."""
    for table in REMOVED:
        run(
            session,
            f"INSERT INTO {table.name} SELECT r.* FROM undo_removed_{table.name} AS u"  # noqa: S608 - written.py
            f" CROSS JOIN LATERAL jsonb_populate_record(NULL::lms.{table.name}, u.old) AS r WHERE u.reason IS NULL",
        )


UNRECORDED = """
CREATE TEMPORARY TABLE undo_section ON COMMIT DROP AS
SELECT DISTINCT m.section_id AS id FROM section_members AS m
JOIN undo_student_enrollments AS u ON u.course_id = m.course_id AND u.student_id = m.student_id
WHERE u.reason IS NULL AND NOT EXISTS (
    SELECT FROM undo_section_members AS w WHERE w.course_id = m.course_id AND w.section_id = m.section_id AND w.student_id = m.student_id
)
"""
"""The sections of students who go, where it is not on record that the import put them there: it ran before that was recorded."""


def remove(session: Session) -> None:
    """Remove the rows that the import added and that nothing keeps, children first, and put back the questions that had answers."""
    run(session, UNRECORDED)
    _remove(session)
    run(
        session,
        "DELETE FROM sections AS s USING undo_section AS u WHERE u.id = s.id"
        " AND NOT EXISTS (SELECT FROM section_members AS m WHERE m.section_id = s.id AND m.course_id = s.course_id)"
        " AND NOT EXISTS (SELECT FROM staff_sections AS a WHERE a.section_id = s.id)",
    )
    run(session, "DROP TABLE undo_section")


def _remove(session: Session) -> None:
    for table in WRITTEN:
        run(session, f"DELETE FROM ONLY {table.name} AS r USING undo_{table.name} AS u WHERE u.reason IS NULL AND {table.same('r', 'u')}")  # noqa: S608 - written.py
        if table.name == "quiz_attempts":
            _put_back_questions(session)


def _put_back_questions(session: Session) -> None:
    (quizzes,) = (table for table in WRITTEN if table.name == "quizzes")
    for keys, known in _sets_of_columns(session, quizzes):
        _put_back(session, quizzes, keys, known & ANSWERED)
