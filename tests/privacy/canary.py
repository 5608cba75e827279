"""A person with a name like no other, planted wherever a text can be, and looked for in every row."""

from __future__ import annotations

import psycopg
from psycopg import sql

from lmskit.db import transaction
from lmskit.queries.personal_data import text_columns

FORMS = "Zephyra Quixwell; QUIXWELL, Zephyra; zephyra.quixwell@example.org, zephyra_quixwell and SIS90817263."
TRACES = ("quixwel", "zephyr", "sis9081726")
"""Without the last letter: text vectors have the stems of words."""
CLOSED = {
    "archives.sha256", "import_choices.source_key", "invitations.login",
    "erasures.fingerprint", "embedding_models.checksum", "material_files.stored_as",
    "materials.checksum",
    "materials.stored_as", "reading_decisions.passage_checksum", "material_passages.language", "materials.language",
    "embedding_models.name", "passage_vectors.model", "message_texts.kind", "message_texts.language",
    "quiz_exceptions.excused_by_format",
}  # fmt: skip
"""Columns whose checks or keys allow no name."""
BY_TRIGGERS = {"audit_log.action", "audit_log.table_name", "audit_log.row_key"}
"""Columns that triggers fill with names of tables and numbers."""
STAYS = {"archives.location"}
"""Columns that no erasure changes, as the receipt says."""
OWN_NAMES = {
    "users.email", "users.family_name", "users.given_name", "users.sort_name", "users.preferred_name", "users.preferred_sort_name",
    "users.db_role", "users.password_hash",
}  # fmt: skip
"""Columns that name another person where they are not the person's own."""


def call_zephyra(world, student):
    """Give a student the name, the address and the id that the tests look for."""
    with world.superuser() as connection:
        connection.execute(
            "UPDATE users SET family_name = 'Quixwell', given_name = 'Zephyra', sort_name = 'quixwell zephyra',"
            " preferred_name = 'Zephyrine', preferred_sort_name = 'zephyrine',"
            " email = 'zephyra.quixwell@example.org', settings = '{\"note\": \"Zephyra\"}' WHERE id = %s",
            [student],
        )
        connection.execute(
            "INSERT INTO external_ids (source, kind, external_id, person_id) VALUES ('sis', 'person', 'SIS90817263', %s)", [student]
        )


def planted(world, columns):
    """Plant the name in every column that takes it, in rows of others too; return the columns that do not."""
    refused = set()
    with world.superuser() as connection:
        for column in columns:
            name = f"{column.table}.{column.column}"
            if name in OWN_NAMES | BY_TRIGGERS | STAYS or column.type == "tsvector" or column.is_login:
                continue
            tries = {
                "text": (FORMS, "https://example.org/zephyra.quixwell", "zephyra.quixwell@example.org"),
                "text[]": (f'{{"{FORMS}"}}',),
                "jsonb": (
                    f'[{{"id": "q1", "deep": {{"{FORMS}": ["{FORMS}"]}}}}]',
                    f'{{"deep": {{"{FORMS}": ["{FORMS}"]}}}}',
                    f'{{"{FORMS}": "{FORMS}"}}',
                ),
            }[column.type]
            statement = sql.SQL("UPDATE lms.{0} SET {1} = %s WHERE ctid = (SELECT max(ctid) FROM lms.{0})").format(
                sql.Identifier(column.table), sql.Identifier(column.column)
            )
            if not any(accepted(connection, statement, value) for value in tries):
                refused.add(name)
        # An entry is searched for the names that the person had when it was made.
        connection.execute("UPDATE audit_log SET at = clock_timestamp() WHERE old::text ~* 'quixwell' OR new::text ~* 'quixwell'")
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
    with world.superuser() as connection:
        return traces_in(connection, words)


def traces_in(connection, words=TRACES):
    """The same over a connection of a superuser."""
    tables = "SELECT format('%I.%I', 'lms', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'lms'::regnamespace"
    return [
        f"{table}: {word} in {row}"
        for (table,) in connection.execute(tables).fetchall()
        for (row,) in connection.execute(sql.SQL("SELECT t::text FROM ONLY {} AS t").format(sql.SQL(table))).fetchall()
        for word in words
        if word in row.lower()
    ]


def columns_of(world):
    with transaction(world.engine(world.admin)) as session:
        return text_columns(session)
