"""Close what PostgreSQL leaves open to every login: the plan oracle, and resources that all sessions share.

**Plan oracle.** PostgreSQL may apply a condition before a row policy if the condition's function is marked LEAKPROOF, that is, if it
reveals nothing of its arguments. Row counts and estimates of EXPLAIN then answer questions about rows that the policy hides. Without the
mark, policies are applied first. Only a superuser can change the mark; it belongs to one database, and is back in a new database and after
an upgrade to a new major version.

**Shared resources.** A login that takes advisory locks until the lock table of the server is full stops every other session, and what it
writes into large objects has no quota. The functions for them are revoked from PUBLIC; lmskit uses none of them. The privilege belongs to
one database too. A dump contains the revokes, unless it leaves out pg_catalog; a restore without a superuser would fail at them where they
hold already. docs/shared-resources.md has a decision on every other function that every login may call.

**The server's log.** `RAISE LOG` and `debug_print_plan` write into it as often and as much as a client likes, until the disk is full. In
sessions of the database only what ends a session is logged; the server's own processes log as before.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    Connection = psycopg.Connection[Any]

REFERENCE = "template1"
"""A database that is left as PostgreSQL made it, so that marks can be restored from it. lmskit's own are made from template0."""

SHARED_RESOURCES = (
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
    "lo_creat",
    "lo_create",
    "lo_from_bytea",
    "lo_put",
    "lowrite",
    "lo_truncate",
    "lo_truncate64",
    "pg_logical_emit_message",
    "currtid2",
)
"""Built-in functions that take shared memory or disk without a quota (locks, large objects, messages in the write-ahead log), and one
that follows the versions of a row whatever the policies say."""

_OPEN_TO_ALL = """
SELECT p.oid::regprocedure::text FROM pg_catalog.pg_proc AS p
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%s)
  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee = 0)
ORDER BY 1
"""

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
    """Whether no function of the database is leakproof; any login may call this, and it takes less than a millisecond."""
    row = connection.execute("SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE proleakproof)").fetchone()
    return row is not None and bool(row[0])


def harden(connection: Connection) -> None:
    """Remove the mark from every function of the database, including pgvector's; as superuser. It can be repeated."""
    connection.execute(_REMOVE)


def leakproof_builtins(connection: Connection) -> list[int]:
    """Return the built-in functions that are marked; their oids are the same in all databases of a cluster."""
    statement = "SELECT oid FROM pg_catalog.pg_proc WHERE proleakproof AND pronamespace = 'pg_catalog'::regnamespace"
    return [int(row[0]) for row in connection.execute(statement).fetchall()]


def soften(connection: Connection, builtins: Sequence[int]) -> None:
    """Mark the functions again that `leakproof_builtins` found in another database; as superuser."""
    for (statement,) in connection.execute(_RESTORE, [list(builtins)]).fetchall():
        connection.execute(statement)


def open_shared_resources(connection: Connection) -> list[str]:
    """Return the functions of `SHARED_RESOURCES`, with their arguments, that every login may call; any login may ask."""
    return [str(row[0]) for row in connection.execute(_OPEN_TO_ALL, [list(SHARED_RESOURCES)]).fetchall()]


def close_shared_resources(connection: Connection) -> None:
    """Let only superusers call the functions of `SHARED_RESOURCES`, and write into the server's log; as superuser. It can be repeated."""
    for function in open_shared_resources(connection):
        connection.execute(f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC".encode())
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
        connection.execute(sql.SQL("ALTER DATABASE {} SET log_min_messages = 'fatal'").format(sql.Identifier(connection.info.dbname)))
