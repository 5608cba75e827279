"""What every login may see and change, computed independently of the policies: from who teaches which course.

Everything runs over one superuser's connection that takes on each login, so that it can also run inside a transaction
in which a rule has been weakened.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from lmskit.db import scram_verifier
from lmskit.models import Base
from tests.security.world import FOREIGN, OWN, ROWS, Connection, Login, World

if TYPE_CHECKING:
    from collections.abc import Iterator

DENIED = "42501"
LED_COURSES = (
    "SELECT id FROM lms.courses WHERE (lecturer_id = %(me)s"
    " OR id IN (SELECT course_id FROM lms.course_staff WHERE person_id = %(me)s AND role = 'co-lecturer'))"
)
OWN_COURSES = (
    "SELECT id FROM lms.courses WHERE (lecturer_id = %(me)s"
    " OR id IN (SELECT course_id FROM lms.course_staff WHERE person_id = %(me)s AND role IN ('co-lecturer', 'assistant')))"
)
BY_COURSE = f"course_id IN ({OWN_COURSES})"
LIMITED_COURSES = (
    "SELECT s.course_id FROM lms.course_staff AS s JOIN lms.courses AS c ON c.id = s.course_id"
    " WHERE s.person_id = %(me)s AND s.limited AND c.lecturer_id <> s.person_id"
)
SECTIONS = "SELECT a.section_id FROM lms.staff_sections AS a WHERE a.person_id = %(me)s"
OF_STUDENTS = (
    f"{BY_COURSE} AND (course_id NOT IN ({LIMITED_COURSES})"
    " OR student_id IN (SELECT m.student_id FROM lms.section_members AS m"
    f" WHERE m.course_id = {{}}.course_id AND m.section_id IN ({SECTIONS})))"
)
"""Rows of students, in the table that is named."""
VISIBLE = {
    "users": f"id = %(me)s OR id IN (SELECT student_id FROM lms.student_enrollments AS e WHERE {OF_STUDENTS.format('e')})"
    f" OR id IN (SELECT lecturer_id FROM lms.courses WHERE id IN ({OWN_COURSES}))"
    f" OR id IN (SELECT person_id FROM lms.course_staff WHERE course_id IN ({OWN_COURSES}))",
    "terms": f"id IN (SELECT term_id FROM lms.courses WHERE id IN ({OWN_COURSES}))",
    "courses": f"id IN ({OWN_COURSES})",
    **dict.fromkeys(
        (
            "course_staff",
            "staff_sections",
            "syllabi",
            "quizzes",
            "bank_questions",
            "question_slots",
            "materials",
            "material_passages",
            "passage_vectors",
            "passage_words",
            "reading_decisions",
            "material_crawls",
            "crawl_pages",
        ),
        BY_COURSE,
    ),
    **{
        table: OF_STUDENTS.format(table)
        for table in (
            "student_enrollments",
            "section_members",
            "student_activity",
            "quiz_attempts",
            "quiz_exceptions",
            "topic_performance",
        )
    },
    "sections": f"{BY_COURSE} AND (course_id NOT IN ({LIMITED_COURSES}) OR id IN ({SECTIONS}))",
    "knowledge_fits": f"{BY_COURSE} AND course_id NOT IN ({LIMITED_COURSES})",
    "embedding_models": "true",
}
"""The rows of each table that are a lecturer's own, or that belong to no course; lecturers may read no other table."""
LED = {table: condition.replace(OWN_COURSES, LED_COURSES) for table, condition in VISIBLE.items()}
"""Those of them that a lecturer may change, as far as the table may be changed at all."""
TABLES = dict(Base.metadata.tables)
WHOLE = {name: {column.name for column in table.columns} for name, table in TABLES.items()}
PERSON = {"id", "email", "family_name", "given_name", "sort_name", "preferred_name", "preferred_sort_name", "role"}
ADDRESSES = {"course_id", "student_id", "email"}
"""The columns of the view of addresses."""


@dataclass(frozen=True)
class Rights:
    """By table, the columns that a login may read, fill in when adding, and change; and the tables that it may delete from."""

    read: dict[str, set[str]]
    insert: dict[str, set[str]]
    update: dict[str, set[str]]
    delete: set[str]


_MATERIAL = {
    "week_number", "kind", "title", "language", "licence", "url", "file_name", "checksum", "stored_as", "media_type", "size", "length",
    "state", "etag", "last_modified", "fetched_at", "findings",
}  # fmt: skip
LECTURER = Rights(
    read={table: WHOLE[table] for table in VISIBLE} | {"users": PERSON - {"email"}, "student_addresses": ADDRESSES},
    insert={
        "syllabi": {"course_id", "week_number", "topic", "objectives"},
        "materials": {"course_id", "origin"} | _MATERIAL,
        "material_passages": WHOLE["material_passages"] - {"body_vector"},
        "passage_vectors": WHOLE["passage_vectors"],
        "reading_decisions": {"course_id", "week_number", "material_id", "passage_checksum", "decision", "position"},
        "material_crawls": {"course_id", "start_url", "options"},
        "crawl_pages": WHOLE["crawl_pages"],
        "quizzes": {"course_id", "week_number", "title", "questions", "answer_key", "max_score", "due_on"},
        "quiz_attempts": {
            "quiz_id", "course_id", "student_id", "number", "score", "max_score", "feedback", "answers", "started_at",
            "submitted_at", "origin",
        },
    },
    update={
        "courses": {"title", "mastery_rule", "mastery_parameters"},
        "syllabi": {"topic", "objectives"},
        "materials": {"updated_at"} | _MATERIAL,
        "passage_vectors": {"embedding"},
        "reading_decisions": {"position"},
        "material_crawls": {"options", "state", "ended_at"},
        "crawl_pages": {"state", "finding", "material_id"},
        "quizzes": {"title", "questions", "answer_key", "max_score", "due_on"},
        "quiz_attempts": {"score", "feedback", "answers"},
    },
    delete=set(),
)  # fmt: skip
_ARCHIVED = {"archived_attempts", "archived_estimates"}
"""Tables that are read through those that they inherit from."""
_TERM = {"code", "name", "starts_on", "ends_on"}
_READ_BY_ADMINS = {"audit_log", "passage_words", "archives", "erasures", "invitations", "terms"}
_ADMINS = {table: columns for table, columns in WHOLE.items() if table not in {"users"} | _READ_BY_ADMINS | _ARCHIVED}
_PEOPLE = (PERSON | {"settings"}) - {"id"}
ADMIN = Rights(
    read=_ADMINS
    | {name: WHOLE[name] for name in _READ_BY_ADMINS}
    | {"users": PERSON | {"settings", "db_role", "created_at"}, "student_addresses": ADDRESSES},
    insert=_ADMINS | {"users": _PEOPLE | {"id", "created_at"}, "terms": _TERM},
    update=_ADMINS | {"users": _PEOPLE, "terms": _TERM, "archives": {"manifest"}, "invitations": {"invited_by"}},
    delete={*_ADMINS, "users", "terms"},
)
BLIND = {
    "users": "sort_name", "course_staff": "granted_at", "sections": "name", "section_members": "section_id", "staff_sections": "section_id",
    "quiz_exceptions": "due_on", "student_activity": "resource",
    "external_ids": "source", "terms": "name", "courses": "title", "student_enrollments": "origin",
    "syllabi": "topic", "materials": "title", "material_passages": "body", "passage_vectors": "embedding", "passage_words": "words",
    "reading_decisions": "position", "material_crawls": "options", "crawl_pages": "finding", "embedding_models": "state",
    "material_files": "created_at", "quizzes": "title", "quiz_attempts": "feedback",
    "topic_performance": "rule", "knowledge_fits": "prior", "bank_questions": "question", "question_slots": "points",
    "message_texts": "subject",
    "outbox": "template", "import_runs": "name", "audit_log": "action", "archives": "manifest", "archived_attempts": "feedback",
    "archived_estimates": "rule",
    "erasures": "erased_at", "import_choices": "chosen_at", "invitations": "invited_by", "person_merges": "picture",
}  # fmt: skip
"""A column of each table that can be set to itself."""
MISSING = "23503"
REFERRED_TO: set[str | None] = {"23001", "23503"}
"""A row that others refer to cannot be deleted; servers before 18 have one code for both."""
HIDDEN = {"quiz_attempts": DENIED} | dict.fromkeys(("material_passages", "passage_vectors", "reading_decisions", "crawl_pages"), MISSING)
"""How a copy of another's row in a course of one's own fails, whether or not there is such a row."""
VERIFIER = scram_verifier("a password")


def complaints(connection: Connection, world: World) -> Iterator[str]:
    """Say in which way a login could see or do more, or less, than it should."""
    people = (world.own, world.colleague, world.assistant, world.tutor, world.observer, world.foreign, world.admin)
    for login in people:
        rights = ADMIN if login is world.admin else LECTURER
        who = "an administrator" if rights is ADMIN else f"lecturer {login.id}"
        mine, led = (
            {table: keys(connection, table, rows.get(table, "false") if rights is LECTURER else "true", login) for table in TABLES}
            | {table: set() for table in _ARCHIVED}
            for rows in (VISIBLE, LED)
        )
        rows = {table: specimens(connection, table) for table in TABLES}
        with world.posing(connection, login.name):
            for complaint in chain(
                privileges(connection, rights),
                reading(connection, rights, mine),
                changing(connection, rights, led),
                adding(connection, rights, rows, None if login in (world.assistant, world.tutor, world.observer) else world_of(login)),
                deleting(connection, rights),
            ):
                yield f"{who} {complaint}"
    yield from functions(connection, world)
    yield from erasing(connection, world)


def keys(connection: Connection, table: str, condition: str, login: Login) -> set[tuple[Any, ...]]:
    """The primary keys of the rows for which a condition holds."""
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in TABLES[table].primary_key)
    query = sql.SQL("SELECT {} FROM lms.{} WHERE " + condition).format(columns, sql.Identifier(table))
    return set(connection.execute(query, {"me": login.id} if "%(" in condition else None).fetchall())


def specimens(connection: Connection, table: str) -> dict[int, dict[str, Any]]:
    """By lecturer, a row of theirs in the table as columns and values; of any table that has courses."""
    if "course_id" not in WHOLE[table]:
        return {}
    found = {}
    for base in (OWN, FOREIGN):
        row = connection.execute(
            sql.SQL("SELECT to_jsonb(t) FROM lms.{} AS t WHERE course_id = %s LIMIT 1").format(sql.Identifier(table)),
            [base + ROWS["course"]],
        ).fetchone()
        if row is not None:
            found[base] = row[0]
    return found


def privileges(connection: Connection, rights: Rights) -> Iterator[str]:
    """Compare what is granted, by whatever way, with what should be."""
    found: dict[str, set[tuple[str, str]]] = {"SELECT": set(), "INSERT": set(), "UPDATE": set()}
    for relation, column, verb in connection.execute(
        "SELECT c.relname, a.attname, v.verb FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid,"
        " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS v (verb)"
        " WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped"
        " AND has_column_privilege(c.oid, a.attnum, v.verb)"
    ).fetchall():
        found[verb].add((relation, column))
    for verb, expected in (("SELECT", rights.read), ("INSERT", rights.insert), ("UPDATE", rights.update)):
        wanted = {(table, column) for table, columns in expected.items() for column in columns}
        if found[verb] != wanted:
            yield f"has the wrong {verb} on {sorted(found[verb] ^ wanted)}"
    whole = connection.execute(
        "SELECT c.relname, v.verb FROM pg_class AS c, unnest(ARRAY['DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS v (verb)"
        " WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(c.oid, v.verb)"
    ).fetchall()
    if set(whole) != {(table, "DELETE") for table in rights.delete}:
        yield f"has the wrong right to whole tables: {sorted(set(whole) ^ {(table, 'DELETE') for table in rights.delete})}"


def reading(connection: Connection, rights: Rights, mine: dict[str, set[tuple[Any, ...]]]) -> Iterator[str]:
    """Compare the rows that are seen with those that should be."""
    for table, expected in mine.items():
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in TABLES[table].primary_key)
        seen, code, _ = tried(connection, sql.SQL("SELECT {} FROM lms.{}").format(columns, sql.Identifier(table)))
        if code is not None and table in rights.read:
            yield f"cannot read {table}"
        elif set(seen) != expected:
            yield f"sees {len(set(seen) - expected)} rows of {table} too many and {len(expected - set(seen))} too few"


def changing(connection: Connection, rights: Rights, led: dict[str, set[tuple[Any, ...]]]) -> Iterator[str]:
    """Change every table without WHERE."""
    for table, column in BLIND.items():
        statement = sql.SQL("UPDATE lms.{} SET {} = {}").format(*map(sql.Identifier, (table, column, column)))
        _, code, changed = tried(connection, statement)
        expected = len(led[table]) if table in rights.update else 0
        if (code == DENIED) == (table in rights.update) or (code is None and changed != expected):
            yield f"changes {changed} rows of {table} instead of {expected} ({code})"


def adding(connection: Connection, rights: Rights, rows: dict[str, dict[int, dict[str, Any]]], own: int | None) -> Iterator[str]:
    """Offer a copy of a row: what may be added fails as a duplicate at most, what may not is denied; `own` is the world that one leads."""
    for table, specimen in rows.items():
        for base, row in specimen.items():
            code = _copied(connection, table, rights.insert.get(table, WHOLE[table]), row)
            allowed = table in rights.insert and (rights is ADMIN or base == own)
            if (code != DENIED) != allowed:
                yield f"{'may not' if allowed else 'may'} add a row of {base} to {table} ({code})"
    if rights is LECTURER:
        other = OWN if own == FOREIGN else FOREIGN
        own_course = (own or OWN) + ROWS["course"]
        # An attempt's key does not carry its course, so the policy looks for the quiz; of the others, the foreign key says nothing more.
        for table, expected in HIDDEN.items():
            code = _copied(connection, table, rights.insert[table], rows[table][other] | {"course_id": own_course})
            if code != (expected if own is not None else DENIED):
                yield f"learns from {code} whether a row of {table} exists"
    else:
        for table in ("users", "terms", "courses", "import_runs"):
            statement = sql.SQL("INSERT INTO lms.{0} ({1}) SELECT {1} FROM lms.{0} LIMIT 1").format(
                sql.Identifier(table), _listed(table, rights.insert[table])
            )
            if tried(connection, statement)[1] == DENIED:
                yield f"may not add to {table}"


def world_of(login: Login) -> int:
    """The first id of the world in which a lecturer works."""
    return OWN if login.id < FOREIGN else FOREIGN


def deleting(connection: Connection, rights: Rights) -> Iterator[str]:
    """Delete from every table without WHERE; rows that others refer to may stand in the way."""
    for table in TABLES:
        _, code, gone = tried(connection, sql.SQL("DELETE FROM lms.{}").format(sql.Identifier(table)))
        if (code == DENIED or (code is None and not gone)) == (table in rights.delete):
            yield f"{'may not' if table in rights.delete else 'may'} delete from {table} ({code}, {gone} rows)"


def functions(connection: Connection, world: World) -> Iterator[str]:
    """Call the functions that act with more rights than their caller."""
    for login, base, other in ((world.own, OWN, FOREIGN), (world.foreign, FOREIGN, OWN)):
        with world.posing(connection, login.name):
            questions = {
                "SELECT lms.me()": login.id,
                "SELECT cardinality(lms.my_course_ids())": 2,
                f"SELECT lms.delete_material({base + ROWS['material']})": 1,
                f"SELECT lms.delete_material({other + ROWS['material']})": 0,
                f"SELECT count(*) FROM lms.passages_at(ARRAY[{base + ROWS['course']}], ARRAY[{base + ROWS['material']}], ARRAY[1])": 1,
                f"SELECT count(*) FROM lms.passages_at(ARRAY[{other + ROWS['course']}], ARRAY[{other + ROWS['material']}], ARRAY[1])": 0,
                f"SELECT lms.delete_passages({base + ROWS['material']}, 1)": 1,
                f"SELECT lms.delete_passages({other + ROWS['material']})": 0,
                f"SELECT lms.delete_reading_decision({base + ROWS['decision']})": 1,
                f"SELECT lms.delete_reading_decision({other + ROWS['decision']})": 0,
                f"SELECT lms.delete_crawl({base + ROWS['crawl']})": 1,
                f"SELECT lms.delete_crawl({other + ROWS['crawl']})": 0,
                f"SELECT lms.release_material_file('{stored_file(base)}')": False,
                f"SELECT lms.keep_material_file('{'0' * 64}')": "",
                f"SELECT lms.release_material_file('{'0' * 64}')": True,
                "SELECT lms.my_address()": login.email,
                # Two shared students and two of their own in each of two courses; the third has withdrawn.
                "SELECT count(DISTINCT (course_id, student_id)) FROM lms.student_addresses": 8,
                f"SELECT count(*) FROM lms.student_addresses WHERE student_id >= {other} AND student_id < {other + 1000}": 0,
                f"SELECT count(*) FROM lms.external_ids_in({base + ROWS['course']})": 2,
                f"SELECT count(*) FROM lms.external_ids_in({other + ROWS['course']})": 0,
                f"SELECT count(*) FROM lms.addresses_in({other + ROWS['course']})": 0,
                f"SELECT count(*) FROM lms.staff_in({base + ROWS['course']})": 5,
                f"SELECT count(*) FROM lms.staff_in({other + ROWS['course']})": 0,
                "SELECT cardinality(lms.my_colleague_ids())": 5,
                "SELECT cardinality(lms.my_led_course_ids())": 2,
                f"SELECT count(*) FROM lms.student_addresses WHERE student_id = {base + 33}": 0,
            }
            for question, answer in questions.items():
                given, code, _ = tried(connection, sql.SQL(question))
                if code is not None or given != [(answer,)]:
                    yield f"lecturer {login.id} gets {given or code} for {question}"
    with world.posing(connection, world.colleague.name):
        questions = {
            "SELECT lms.my_course_ids()": [OWN + ROWS["course"]],
            "SELECT lms.my_led_course_ids()": [OWN + ROWS["course"]],
            "SELECT lms.my_term_ids()": [OWN + ROWS["term"]],
            f"SELECT lms.delete_material({OWN + ROWS['material']})": 1,
            f"SELECT lms.delete_material({OWN + ROWS['material'] + 1})": 0,
            "SELECT count(DISTINCT course_id) FROM lms.student_addresses": 1,
            f"SELECT count(*) FROM lms.staff_in({OWN + ROWS['course']})": 5,
            f"SELECT count(*) FROM lms.staff_in({OWN + ROWS['second_course']})": 0,
            f"SELECT count(*) FROM lms.external_ids_in({OWN + ROWS['course']})": 2,
        }
        for question, answer in questions.items():
            given, code, _ = tried(connection, sql.SQL(question))
            if code is not None or given != [(answer,)]:
                yield f"the co-lecturer gets {given or code} for {question}"
    yield from as_assistant(connection, world)
    setting = f"SELECT lms.set_login({FOREIGN + ROWS['lecturer']}, '{VERIFIER}', '!')"
    for login, expected in ((world.own, DENIED), (world.foreign, DENIED), (world.admin, None)):
        with world.posing(connection, login.name):
            code = tried(connection, sql.SQL(setting))[1]
            if code != expected:
                yield f"{login.email} sets a password of a lecturer: {code}"
    with connection.transaction(force_rollback=True):
        connection.execute("UPDATE lms.users SET db_role = NULL")
        connection.execute("SET LOCAL SESSION AUTHORIZATION lmskit_migrator")
        connection.execute("SET LOCAL ROLE lmskit_owner")
        founding = f"SELECT lms.found_administrator('first@example.org', 'First', '', 'first', '{VERIFIER}', '!') IS NOT NULL"
        given, code, _ = tried(connection, sql.SQL(founding))
        if given != [(True,)]:
            yield f"the owner cannot found an administrator ({code})"


def as_assistant(connection: Connection, world: World) -> Iterator[str]:
    """Call the functions as those who read a course, or a section of it, and change nothing in it."""
    for login, students, sections, members in ((world.assistant, 5, 0, 0), (world.tutor, 2, 1, 2)):
        yield from _as_assistant(connection, world, login, students=students, sections=sections, members=members)


def _as_assistant(connection: Connection, world: World, login: Login, *, students: int, sections: int, members: int) -> Iterator[str]:
    with world.posing(connection, login.name):
        questions = {
            "SELECT cardinality(lms.my_student_ids())": students,
            "SELECT cardinality(lms.my_limited_course_ids())": sections,
            "SELECT cardinality(lms.my_section_ids())": sections,
            "SELECT count(*) FROM lms.my_section_members()": members,
            f"SELECT count(*) FROM lms.addresses_in({OWN + ROWS['course']})": min(students, 4),
            "SELECT lms.my_course_ids()": [OWN + ROWS["course"]],
            "SELECT lms.my_led_course_ids()": [],
            "SELECT lms.my_term_ids()": [OWN + ROWS["term"]],
            f"SELECT lms.delete_material({OWN + ROWS['material']})": 0,
            f"SELECT lms.delete_passages({OWN + ROWS['material']})": 0,
            f"SELECT lms.delete_reading_decision({OWN + ROWS['decision']})": 0,
            f"SELECT lms.delete_crawl({OWN + ROWS['crawl']})": 0,
            f"SELECT lms.release_material_file('{'0' * 64}')": False,
            f"SELECT count(*) FROM lms.passages_at(ARRAY[{OWN + ROWS['course']}], ARRAY[{OWN + ROWS['material']}], ARRAY[1])": 1,
            "SELECT count(*) FROM lms.student_addresses": min(students, 4),  # the fifth has withdrawn
            f"SELECT count(*) FROM lms.staff_in({OWN + ROWS['course']})": 5,
            f"SELECT count(*) FROM lms.staff_in({OWN + ROWS['second_course']})": 0,
            f"SELECT count(*) FROM lms.external_ids_in({OWN + ROWS['course']})": 2,
        }
        for question, answer in questions.items():
            given, code, _ = tried(connection, sql.SQL(question))
            if code is not None or given != [(answer,)]:
                yield f"{login.email} gets {given or code} for {question}"
        code = tried(connection, sql.SQL(f"SELECT lms.keep_material_file('{'0' * 64}')"))[1]
        if code != DENIED:
            yield f"{login.email} keeps a file ({code})"


def erasing(connection: Connection, world: World) -> Iterator[str]:
    """Call the functions that change the audit trail."""
    for login, refusal, answers in ((world.own, DENIED, []), (world.admin, None, [(0,)])):
        with world.posing(connection, login.name):
            given, code, _ = tried(connection, sql.SQL("SELECT lms.remove_old_entries('infinity')"))
            if code != refusal or given != answers:
                yield f"{login.email} removes {given or code} entries of the last year"
    # An administrator erases a person of whom nothing is left but the row; one who has an enrollment or a course stays.
    for person, by_administrator in ((OWN + 34, {None}), (OWN + 31, REFERRED_TO), (FOREIGN + 1, REFERRED_TO)):
        for login, codes in ((world.own, {DENIED}), (world.admin, by_administrator)):
            with world.posing(connection, login.name):
                code = tried(connection, sql.SQL(f"SELECT lms.erase_person({person}, false)"))[1]
                if code not in codes:
                    yield f"{login.email} erases person {person}: {code}"


def stored_file(base: int) -> str:
    """The name in the store of the file that a lecturer's materials have."""
    word = "wren" if base == OWN else "canary"
    return hashlib.sha256(f"{word} file".encode()).hexdigest()


def tried(connection: Connection, statement: sql.SQL | sql.Composed, values: list[Any] | None = None) -> tuple[list[Any], str | None, int]:
    """Carry out a statement and undo it; return its rows, the SQLSTATE if it failed, and how many rows it touched."""
    try:
        with undone(connection):
            cursor = connection.execute(statement, values)
            return (cursor.fetchall() if cursor.description else []), None, cursor.rowcount
    except psycopg.Error as error:
        return [], error.sqlstate, 0


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """Undo at the end of the block what happened in it."""
    with connection.transaction(force_rollback=True):
        yield


def _copied(connection: Connection, table: str, columns: set[str], row: dict[str, Any]) -> str | None:
    listed = _listed(table, columns)
    statement = sql.SQL("INSERT INTO lms.{0} ({1}) SELECT {1} FROM jsonb_populate_record(NULL::lms.{0}, %s)").format(
        sql.Identifier(table), listed
    )
    return tried(connection, statement, [psycopg.types.json.Jsonb(row)])[1]


def _listed(table: str, columns: set[str]) -> sql.Composed:
    settable = [
        column.name for column in TABLES[table].columns if column.identity is None and column.computed is None and column.name in columns
    ]
    return sql.SQL(", ").join(map(sql.Identifier, settable))
