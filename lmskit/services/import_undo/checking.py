"""Which of the rows that an import wrote can be taken back, and why others cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from lmskit.services.import_undo.report import Why
from lmskit.services.import_undo.trail import run
from lmskit.services.import_undo.written import (
    ACCOMPANYING,
    BANK_QUESTIONS,
    DERIVED,
    INHERITING,
    QUIZ_EXCEPTIONS,
    SECTION_MEMBERS,
    SECTIONS,
    WRITTEN,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.services.import_undo.written import WrittenTable

REFERENCES = text("""
    SELECT child.relname, parent.relname,
        ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY AS k (n, nth)
              JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.n ORDER BY k.nth),
        ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY AS k (n, nth)
              JOIN pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.n ORDER BY k.nth)
    FROM pg_constraint AS f
    JOIN pg_class AS child ON child.oid = f.conrelid
    JOIN pg_class AS parent ON parent.oid = f.confrelid
    WHERE f.contype = 'f' AND parent.relnamespace = 'lms'::regnamespace AND child.relnamespace = 'lms'::regnamespace
    ORDER BY 1, 2, f.conname
""")
CLOSED = "(SELECT c.id FROM courses AS c JOIN terms AS t ON t.id = c.term_id WHERE t.state <> 'open')"

BELONGING = ("external_ids", "question_slots", "section_members")
"""Rows that stay with what they belong to: without its id, it would be added a second time by the next import; the questions of a quiz
would be forgotten; and a later file may have had the sections of a student too, and not written them again."""
HANDED_OVER = {
    Why.SENT: "r.status = 'sent'",
    Why.SENDING: "r.status = 'waiting' AND r.leased_until >= clock_timestamp()",
    # A lease that ran out belonged to a try that nobody reported on.
    Why.IN_DOUBT: "r.status = 'waiting' AND (r.in_doubt OR r.leased_until IS NOT NULL) OR r.status = 'dead' AND r.in_doubt",
}
"""When a message was given to the mail server, or may have been."""


class Reference(NamedTuple):
    """A foreign key."""

    child: str
    parent: str
    child_columns: list[str]
    parent_columns: list[str]


def check_since(session: Session) -> None:
    """Say which added rows cannot be removed because others have changed them, or their term is closed."""
    for table in WRITTEN:
        _closed(session, table, f"undo_{table.name}")
        _since(session, table)


def check_changed(session: Session) -> None:
    """Say which changed rows cannot be put back, and which deleted ones not added again; those that are what they were are left out."""
    for table in WRITTEN:
        name = f"undo_changed_{table.name}"
        present = f"(SELECT jsonb_object_agg(o.key, {table.document} -> o.key) FROM jsonb_each(u.old) AS o)"  # noqa: S608 - written.py
        row = f"FROM {table.name} AS r WHERE {table.same('r', 'u')}"
        run(session, f"DELETE FROM {name} AS u WHERE NOT EXISTS (SELECT {row} AND {present} IS DISTINCT FROM u.old)")  # noqa: S608 - written.py
        _closed(session, table, name)
        changed = f"EXISTS (SELECT {row} AND {present} IS DISTINCT FROM u.new)"  # noqa: S608 - written.py
        _mark(session, name, Why.CHANGED, changed)
    # A login is named by the address of its person.
    login = "EXISTS (SELECT FROM users AS r WHERE r.id = u.id AND r.db_role IS NOT NULL)"
    _mark(session, "undo_changed_users", Why.HAS_LOGIN, login)
    _check_sending(session)
    _check_removed(session)
    _check_questions(session)


def _check_sending(session: Session) -> None:
    """Keep messages that arrived or may have, and the enrollments that they confirm; locked as they are, none is sent meanwhile."""
    for why, condition in HANDED_OVER.items():
        handed_over = f"SELECT FROM outbox AS r JOIN undo_outbox AS m ON m.id = r.id WHERE ({condition})"
        _mark(session, "undo_outbox", why, f"EXISTS ({handed_over} AND r.id = u.id)")
        for name in ("undo_student_enrollments", "undo_changed_student_enrollments"):
            _mark(session, name, why, f"EXISTS ({handed_over} AND r.course_id = u.course_id AND r.student_id = u.student_id)")


def check_messages(session: Session) -> None:
    """Let a message wait again only if its enrollment waits again; once enrollments are put back."""
    waits = """
        SELECT FROM outbox AS r
        JOIN undo_changed_student_enrollments AS x ON x.course_id = r.course_id AND x.student_id = r.student_id
        WHERE r.id = u.id AND x.reason IS NULL
    """
    _mark(session, "undo_changed_outbox", Why.BELONGS, f"NOT EXISTS ({waits})")


def _check_removed(session: Session) -> None:
    """Leave a bank, the sections of a student, or an excuse, as they are if they were changed since."""
    of_bank = "SELECT FROM bank_questions AS r WHERE r.course_id = u.course_id AND r.bank = u.bank"
    _again(session, BANK_QUESTIONS, of_bank, f"{BANK_QUESTIONS.key['bank'].replace('e.', 's.')} = u.bank")
    of_student = """
        SELECT FROM student_enrollments AS r JOIN sections AS s ON s.course_id = r.course_id
        WHERE r.course_id = u.course_id AND r.student_id = u.student_id AND s.id = u.section_id
    """
    _again(session, SECTION_MEMBERS, of_student, f"{SECTION_MEMBERS.key['student_id'].replace('e.', 's.')} = u.student_id")
    of_quiz = of_student.replace("sections AS s", "quizzes AS s").replace("u.section_id", "u.quiz_id")
    is_it = f"s.row_key = {QUIZ_EXCEPTIONS.row_key.replace('r.', 'u.')}"
    _again(session, QUIZ_EXCEPTIONS, of_quiz, is_it)


def _again(session: Session, table: WrittenTable, whole: str, is_part: str) -> None:
    """Say which deleted rows are not added again: `whole` finds what they belong to, of which `is_part` knows an entry `s` since."""
    name = f"undo_removed_{table.name}"
    there = f"SELECT FROM {table.name} AS r WHERE {table.same('r', 'u')}"
    run(session, f"DELETE FROM {name} AS u WHERE EXISTS ({there} AND to_jsonb(r) = u.old)")  # noqa: S608 - written.py
    _mark(session, name, Why.CLOSED, f"u.course_id IN {CLOSED}")
    _mark(session, name, Why.GONE, f"NOT EXISTS ({whole})")
    since = f"SELECT FROM undo_since AS s WHERE s.table_name = '{table.name}' AND s.course_id = u.course_id AND {is_part}"
    _mark(session, name, Why.CHANGED, f"(EXISTS ({since}) OR EXISTS ({there}))")
    # An undo after this import found the row gone, and could not take it back.
    undone = f"""
        SELECT e.row_key FROM (
            SELECT max(a.id) AS id FROM audit_log AS a
            WHERE a.table_name = '{table.name}' AND a.action = 'insert' AND a.id < (SELECT min(n.id) FROM undo_entry AS n)
                AND a.course_id IN (SELECT x.course_id FROM {name} AS x)
            GROUP BY a.row_key
        ) AS made
        JOIN audit_log AS e ON e.id = made.id
        JOIN import_runs AS i ON i.undoes = e.import_run_id AND i.audit_from > (SELECT min(n.id) FROM undo_entry AS n)
    """  # noqa: S608 - written.py
    _mark(session, name, Why.UNDONE, f"{table.row_key.replace('r.', 'u.')} IN ({undone})")


def _check_questions(session: Session) -> None:
    """Keep the questions of a quiz, and the answers to them, if later results rest on them: answers to the questions as they are now.

    These are answers that came later, and answers that stay because others have changed the attempt.
    """
    later = """
        SELECT a.quiz_id FROM undo_since AS s CROSS JOIN LATERAL unnest(s.numbers) AS m (range)
        JOIN quiz_attempts AS a ON a.id >= lower(m.range) AND a.id < upper(m.range)
        WHERE s.table_name = 'quiz_attempts' AND s.action = 'insert' AND a.answers <> '[]'
        UNION
        SELECT a.quiz_id FROM undo_since AS s JOIN quiz_attempts AS a ON a.id = CAST(s.row_key AS bigint)
        WHERE s.table_name = 'quiz_attempts' AND s.action = 'insert' AND s.row_key <> '*' AND a.answers <> '[]'
    """
    _mark(session, "undo_changed_quizzes", Why.ANSWERED, f"u.old ?| ARRAY['questions', 'answer_key'] AND u.id IN ({later})")
    staying = """
        SELECT q.id FROM undo_changed_quizzes AS q
        JOIN quizzes AS r ON r.id = q.id
        JOIN quiz_attempts AS a ON a.quiz_id = q.id AND a.course_id = r.course_id
        LEFT JOIN undo_changed_quiz_attempts AS c ON c.id = a.id AND c.reason IS NULL AND c.old ? 'answers'
        CROSS JOIN LATERAL jsonb_path_query(coalesce(c.old -> 'answers', a.answers), '$[*].question') AS e (question)
        WHERE q.reason IS NULL AND q.old ? 'questions'
            AND NOT EXISTS (SELECT FROM undo_quiz_attempts AS g WHERE g.id = a.id AND g.reason IS NULL)
            AND jsonb_path_query_array(r.questions, '$[*].id') @> e.question
            AND NOT jsonb_path_query_array(q.old -> 'questions', '$[*].id') @> e.question
    """
    _mark(session, "undo_changed_quizzes", Why.ANSWERED, f"u.id IN ({staying})")
    kept = "SELECT q.id FROM undo_changed_quizzes AS q WHERE q.old ?| ARRAY['questions', 'answer_key'] AND q.reason IS NOT NULL"
    answers = f"u.old ? 'answers' AND EXISTS (SELECT FROM quiz_attempts AS r WHERE r.id = u.id AND r.quiz_id IN ({kept}))"
    _mark(session, "undo_changed_quiz_attempts", Why.ANSWERED, answers)
    for name in ("undo_changed_question_slots", "undo_question_slots"):
        _mark(session, name, Why.ANSWERED, f"u.quiz_id IN ({kept})")
    of_course = f"u.course_id IN (SELECT q.course_id FROM quizzes AS q WHERE q.id IN ({kept}))"  # noqa: S608 - above
    for name in ("undo_changed_bank_questions", "undo_bank_questions", "undo_removed_bank_questions"):
        _mark(session, name, Why.ANSWERED, of_course)


def check_added(session: Session) -> None:
    """Say which added rows cannot be removed, and why; once what was changed is put back."""
    references = [Reference(*row) for row in session.execute(REFERENCES)]
    to_written = [(table, reference) for table in WRITTEN for reference in references if reference.parent == table.name]
    for table, reference in to_written:
        if reference.child not in DERIVED | ACCOMPANYING | INHERITING:
            _used(session, table, reference)
    for table, reference in to_written:
        if reference.child in BELONGING and table is not SECTIONS:
            _belonging(session, table, reference)
    for table, reference in to_written:
        if table is SECTIONS:
            _used(session, table, reference)


def _mark(session: Session, name: str, why: Why, condition: str, detail: str = "NULL") -> None:
    run(session, f"UPDATE {name} AS u SET reason = :why, detail = {detail} WHERE u.reason IS NULL AND {condition}", why=str(why))  # noqa: S608 - written.py


def _closed(session: Session, table: WrittenTable, name: str) -> None:
    if table.course is not None:
        _mark(
            session, name, Why.CLOSED, f"EXISTS (SELECT FROM {table.name} AS r WHERE {table.same('r', 'u')} AND {table.course} IN {CLOSED})"
        )
    elif table.name == "terms":
        _mark(session, name, Why.CLOSED, "EXISTS (SELECT FROM terms AS r WHERE r.id = u.id AND r.state <> 'open')")


def _since(session: Session, table: WrittenTable) -> None:
    """Keep what others changed after the import, with who did it last and when."""
    row_key = table.row_key.replace("r.", "u.")
    run(
        session,
        f"""
        UPDATE undo_{table.name} AS u SET reason = :why, detail = s.detail
        FROM (
            SELECT DISTINCT ON (s.row_key) s.row_key,
                concat_ws(' ', to_char(s.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'by ' || coalesce(p.email, s.actor),
                          'import ' || s.import_run_id) AS detail
            FROM undo_since AS s LEFT JOIN users AS p ON p.db_role = s.actor
            WHERE s.table_name = '{table.name}' AND s.row_key <> '*'
            ORDER BY s.row_key, s.id DESC
        ) AS s
        WHERE u.reason IS NULL AND s.row_key = {row_key}
        """,  # noqa: S608 - written.py
        why=str(Why.CHANGED),
    )
    if table.is_counted_by_course:
        # Some are added by one import, removed, and added again by another; an id never comes twice.
        again = f"""
            SELECT FROM undo_since AS s CROSS JOIN LATERAL unnest(s.numbers) AS m (range)
            WHERE s.table_name = '{table.name}' AND s.action = 'insert'
                AND u.{table.number} >= lower(m.range) AND u.{table.number} < upper(m.range)
                AND s.course_id = u.course_id
        """
        if session.scalar(text(f"SELECT EXISTS (SELECT FROM undo_since WHERE table_name = '{table.name}' AND numbers IS NOT NULL)")):  # noqa: S608 - as above
            _mark(session, f"undo_{table.name}", Why.ADDED_AGAIN, f"EXISTS ({again})")


def _going(name: str, alias: str) -> str:
    """SQL that is true if a row of a table is one that goes; a membership also goes with its student."""
    names = (name, "student_enrollments") if name == "section_members" else (name,)
    going = [
        f"EXISTS (SELECT FROM undo_{table.name} AS x WHERE x.reason IS NULL AND {table.same('x', alias)})"
        for table in WRITTEN
        if table.name in names
    ]
    return f"({' OR '.join(going)})" if going else "false"


def _used(session: Session, table: WrittenTable, reference: Reference) -> None:
    """Keep the rows to which a row refers that stays."""
    pairs = zip(reference.child_columns, reference.parent_columns, strict=True)
    refers = " AND ".join(f"s.{child} = r.{parent}" for child, parent in pairs)
    keys = ", ".join(f"r.{column}" for column in table.keys)
    stays = (
        f"SELECT {keys} FROM {table.name} AS r JOIN undo_{table.name} AS w ON {table.same('w', 'r')}"  # noqa: S608 - catalogue
        f" JOIN {reference.child} AS s ON {refers}"
        f" WHERE w.reason IS NULL AND NOT {_going(reference.child, 's')}"
    )
    own = ", ".join(f"u.{column}" for column in table.keys)
    kinds = {each.name: each.kind for each in WRITTEN} | {"staff_sections": "assistants of sections"}
    _mark(
        session,
        f"undo_{table.name}",
        Why.USED,
        f"({own}) IN ({stays})",
        f"'{kinds.get(reference.child, reference.child.replace('_', ' '))}'",
    )


def _belonging(session: Session, table: WrittenTable, reference: Reference) -> None:
    """Keep a row that refers to a row that the import added and that stays."""
    (child,) = [each for each in WRITTEN if each.name == reference.child]
    pairs = zip(reference.child_columns, reference.parent_columns, strict=True)
    refers = " AND ".join(f"s.{child_} = r.{parent}" for child_, parent in pairs)
    # The id of a quiz names its course too, and goes with the quiz.
    of_row = " AND s.quiz_id IS NULL" if (child.name, table.name) == ("external_ids", "courses") else ""
    keys, own = ", ".join(f"s.{column}" for column in child.keys), ", ".join(f"u.{column}" for column in child.keys)
    stays = (
        f"SELECT {keys} FROM {child.name} AS s JOIN {table.name} AS r ON {refers} JOIN undo_{table.name} AS w ON {table.same('w', 'r')}"  # noqa: S608 - catalogue
        f" WHERE w.reason IS NOT NULL{of_row}"
    )
    _mark(session, f"undo_{child.name}", Why.BELONGS, f"({own}) IN ({stays})")
