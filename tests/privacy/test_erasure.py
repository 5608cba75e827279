"""A person with a name like no other is planted wherever a text can be, erased, and looked for."""

from __future__ import annotations

import datetime as dt
import zlib

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from lmskit.db import transaction
from lmskit.errors import TeachesCoursesError
from lmskit.models import User
from lmskit.queries.personal_data import text_columns
from lmskit.services.erasure import ALWAYS_REMAINS, erase_person, remembered_erasures, replay_erasures
from tests.security.world import FOREIGN, OWN, prepared

STUDENT = 31
"""A student of both lecturers."""
FORMS = "Zephyra Quixwell; QUIXWELL, Zephyra; zephyra.quixwell@example.org, zephyra_quixwell and SIS90817263."
TRACES = ("quixwell", "zephyra", "sis90817263")
CLOSED = {
    "archives.sha256", "erasures.fingerprint", "embedding_models.checksum", "material_files.stored_as", "materials.checksum",
    "materials.stored_as",
    "reading_decisions.passage_checksum", "material_passages.language", "materials.language",
    "embedding_models.name", "passage_vectors.model",
}  # fmt: skip
"""Columns whose checks or keys allow no name."""
BY_TRIGGERS = {"audit_log.action", "audit_log.table_name", "audit_log.row_key"}
"""Columns that triggers fill with names of tables and numbers."""
OWN_NAMES = {"users.email", "users.family_name", "users.given_name", "users.sort_name", "users.db_role", "users.password_hash"}
"""Columns that name another person where they are not the person's own."""


@pytest.fixture
def world(fresh_database, endpoint, request):
    """Two lecturers with a row in every table, and a student of both with a name that is planted everywhere."""
    made = prepared(fresh_database, endpoint, f"lmskit_erasure_{zlib.crc32(request.node.name.encode()):x}")
    with made.superuser() as connection:
        connection.execute(
            "UPDATE users SET family_name = 'Quixwell', given_name = 'Zephyra', sort_name = 'quixwell zephyra',"
            " email = 'zephyra.quixwell@example.org', settings = '{\"note\": \"Zephyra\"}' WHERE id = %s",
            [STUDENT],
        )
        connection.execute(
            "INSERT INTO external_ids (source, kind, external_id, person_id) VALUES ('sis', 'person', 'SIS90817263', %s)", [STUDENT]
        )
    return made


def planted(world, columns):
    """Plant the name in every column that takes it, in rows of others too; return the columns that do not."""
    refused = set()
    with world.superuser() as connection:
        for column in columns:
            name = f"{column.table}.{column.column}"
            if name in OWN_NAMES | BY_TRIGGERS or column.type == "tsvector" or column.is_login:
                continue
            tries = {
                "text": (FORMS, "https://example.org/zephyra.quixwell", "zephyra.quixwell@example.org"),
                "text[]": (f'{{"{FORMS}"}}',),
                "jsonb": (
                    f'[{{"deep": {{"{FORMS}": ["{FORMS}"]}}}}]',
                    f'{{"deep": {{"{FORMS}": ["{FORMS}"]}}}}',
                    f'{{"{FORMS}": "{FORMS}"}}',
                ),
            }[column.type]
            statement = sql.SQL("UPDATE lms.{0} SET {1} = %s WHERE ctid = (SELECT max(ctid) FROM lms.{0})").format(
                sql.Identifier(column.table), sql.Identifier(column.column)
            )
            if not any(accepted(connection, statement, value) for value in tries):
                refused.add(name)
    return refused


def accepted(connection, statement, value):
    """Whether the database takes the value; a row it is in has to be there."""
    try:
        with connection.transaction():
            return connection.execute(statement, [value]).rowcount == 1
    except psycopg.Error:
        return False


def traces(world, words=TRACES):
    """Every row of every table, as text, in which a trace of the person is left."""
    tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'lms'::regnamespace"
    with world.superuser() as connection:
        return [
            f"{table}: {word} in {row}"
            for (table,) in connection.execute(tables).fetchall()
            for (row,) in connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.SQL(table))).fetchall()
            for word in words
            if word in row.lower()
        ]


def columns_of(world):
    with transaction(world.engine(world.admin)) as session:
        return text_columns(session)


def test_nothing_is_left_of_a_student_and_the_receipt_says_what_remains(world):
    assert planted(world, columns_of(world)) == CLOSED
    assert len(traces(world)) > 100
    with transaction(world.engine(world.admin)) as session:
        receipt = erase_person(session, STUDENT)
    assert traces(world) == []
    assert receipt.removed["quiz_attempts"] == 8
    assert receipt.removed["student_enrollments"] == 4
    assert any("file of material" in sentence for sentence in receipt.remains)
    assert any("Backups" in sentence for sentence in receipt.remains)
    with transaction(world.engine(world.admin)) as session:
        assert STUDENT in {one.person_id for one in remembered_erasures(session)}
        (entry,) = session.execute(text("SELECT actor, row_key FROM audit_log WHERE action = 'person erased'"))
    assert tuple(entry) == (world.admin.name, str(STUDENT))


def test_nothing_is_left_of_a_lecturer_whose_login_made_rows(world):
    login = world.own.name
    with world.superuser() as connection:
        for column in columns_of(world):
            if column.is_login:
                connection.execute(f"UPDATE lms.{column.table} SET {column.column} = '{login}'".encode())
    with transaction(world.engine(world.admin)) as session, pytest.raises(TeachesCoursesError, match="wren-1, wren-2"):
        erase_person(session, OWN + 1)
    with transaction(world.engine(world.admin)) as session:
        receipt = erase_person(session, OWN + 1, courses_to=session.get(User, FOREIGN + 1))
    assert receipt.remains == ALWAYS_REMAINS
    assert traces(world, [login, "wren.lecturer@", "wren-family"]) == []
    with world.superuser() as connection:
        assert connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = %s", [login]).fetchone() == (0,)


def test_a_dry_run_changes_nothing_and_says_the_same(world):
    planted(world, columns_of(world))
    before = traces(world)
    with transaction(world.engine(world.admin)) as session:
        rehearsed = erase_person(session, STUDENT, dry_run=True)
    assert traces(world) == before
    with transaction(world.engine(world.admin)) as session:
        assert erase_person(session, STUDENT) == rehearsed


def test_a_person_of_an_older_backup_is_erased_again_and_one_with_the_same_id_is_not(world):
    with world.superuser() as connection:
        row = connection.execute("SELECT created_at FROM users WHERE id = %s", [STUDENT]).fetchone()
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, STUDENT)
        remembered = remembered_erasures(session)
    person = (
        "INSERT INTO users (id, email, family_name, sort_name, role, created_at) OVERRIDING SYSTEM VALUE"
        " VALUES (%s, 'zephyra.quixwell@example.org', 'Quixwell', 'quixwell', 'student', %s)"
    )
    with world.superuser() as connection:
        connection.execute(person, [STUDENT, row[0] + dt.timedelta(microseconds=1)])
    with transaction(world.engine(world.admin)) as session:
        assert replay_erasures(session, remembered) == []
    with world.superuser() as connection:
        connection.execute("DELETE FROM users WHERE id = %s", [STUDENT])
        connection.execute(person, [STUDENT, row[0]])
    with transaction(world.engine(world.admin)) as session:
        assert [one.person_id for one in replay_erasures(session, remembered)] == [STUDENT]
    assert traces(world) == []
