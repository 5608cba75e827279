"""What a database contains, table by table, in one snapshot: to compare a restored database with the one that was saved.

A checksum reads its table once, sorts nothing and keeps nothing in memory, so its time grows with the bytes of the table. It is computed
from the text of each row, as a dump writes it, and is the same on every platform and release of PostgreSQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from lmskit.backups.manifest import TableContent

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]

FORMATS = {
    "search_path": "pg_catalog, pg_temp",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "row_security": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""Settings of a session by which the text of a row is the same everywhere, no row is left out, and no time limit ends the work."""

FILES_OF_MATERIALS = b"SELECT DISTINCT stored_as FROM lms.materials WHERE stored_as IS NOT NULL ORDER BY 1"
"""Names in the store. The table of files also has those that no material needs any more, until a sweep removes them."""

_TABLES = """
SELECT n.nspname, c.relname, array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname
"""
_SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) FROM pg_catalog.pg_sequences"
# MD5 finds damage, not forgery; it takes hardly longer than making the text of a row, and its sum does not depend on an order.
_CONTENT = """
SELECT count(*), coalesce(sum(('x' || substr(md5(ROW({columns})::text), 1, 16))::bit(64)::bigint), 0) FROM ONLY {table}
"""


def set_formats(connection: Connection) -> None:
    """Give the session the settings that comparing needs."""
    for name, value in FORMATS.items():
        connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])


def table_contents(connection: Connection) -> dict[str, TableContent]:
    """Return the content of each table, by its name with its schema, as the connection's snapshot has it.

    The connection has the settings of `set_formats`, and may read every row.
    """
    found = {}
    for schema, table, columns in connection.execute(_TABLES).fetchall():
        statement = sql.SQL(_CONTENT).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, columns or ())), table=sql.Identifier(schema, table)
        )
        row = connection.execute(statement).fetchone()
        assert row is not None  # noqa: S101 - an aggregate has one row
        found[f"{schema}.{table}"] = TableContent(rows=row[0], checksum=int(row[1]))
    return found


def sequence_values(connection: Connection) -> dict[str, int]:
    """Return the last value of each sequence, 0 for one that was never used."""
    return {str(name): int(value) for name, value in connection.execute(_SEQUENCES).fetchall()}
