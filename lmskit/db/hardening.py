"""Close the plan oracle: no built-in function of a database is trusted to be leakproof.

PostgreSQL may apply a condition before a row policy when it believes that the condition's function tells nothing of its arguments.
Row counts and estimates of EXPLAIN then answer questions about rows that the policy hides. Without the mark, policies come first.
The mark is a superuser's to change, belongs to one database, and comes back with a new one and with a new major version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    Connection = psycopg.Connection[Any]

REFERENCE = "template1"
"""The database that is left as PostgreSQL made it, from which the marks can be restored. lmskit's own come from template0."""

_REMOVE = """
DO $$
DECLARE
    marked regprocedure;
BEGIN
    FOR marked IN SELECT oid FROM pg_catalog.pg_proc WHERE proleakproof LOOP
        EXECUTE format('ALTER FUNCTION %s NOT LEAKPROOF', marked);
    END LOOP;
END
$$
"""
_RESTORE = """
SELECT format('ALTER FUNCTION %%s LEAKPROOF', p.oid::regprocedure)
FROM pg_catalog.pg_proc AS p WHERE p.oid = ANY (%s) AND p.pronamespace = 'pg_catalog'::regnamespace AND NOT p.proleakproof
"""


def is_hardened(connection: Connection) -> bool:
    """Whether no function of the database is leakproof; any login may ask, and it takes less than a millisecond."""
    row = connection.execute("SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proleakproof)").fetchone()
    return row is not None and bool(row[0])


def harden(connection: Connection) -> None:
    """Take the mark from every function of the database, pgvector's included; as superuser. Can be repeated."""
    connection.execute(_REMOVE)


def leakproof_builtins(connection: Connection) -> list[int]:
    """Return the built-in functions that are marked; their numbers are the same in all databases of a cluster."""
    statement = "SELECT oid FROM pg_catalog.pg_proc WHERE proleakproof AND pronamespace = 'pg_catalog'::regnamespace"
    return [int(row[0]) for row in connection.execute(statement).fetchall()]


def soften(connection: Connection, builtins: Sequence[int]) -> None:
    """Give the mark back to the functions that `leakproof_builtins` found in another database; as superuser."""
    for (statement,) in connection.execute(_RESTORE, [list(builtins)]).fetchall():
        connection.execute(statement)
