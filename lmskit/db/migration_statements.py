"""Statements of a migration that are run as they are written, or are written into the script for a database administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context, op
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

GUARD = """DO $guard$
DECLARE
    found text;
BEGIN
    IF to_regclass('lms.alembic_version') IS NOT NULL THEN
        EXECUTE 'SELECT max(version_num) FROM lms.alembic_version' INTO found;
    END IF;
    IF found IS DISTINCT FROM {start} THEN
        RAISE EXCEPTION 'This script begins at revision %, and the database is at revision %. Nothing was changed.',
            coalesce({start}, 'base'), coalesce(found, 'base');
    END IF;
END
$guard$;"""


def run_as_written(statements: str) -> None:
    """Run the statements without parameters, so that colons and percent signs keep their meaning."""
    if context.is_offline_mode():
        op.get_context().impl.static_output(statements.strip())
    else:
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)


def limits_of_transaction(lock_timeout: float) -> list[str]:
    """Return the statements with which the transaction of a migration begins.

    Parameters
    ----------
    lock_timeout
        Seconds after which a migration that cannot get a lock fails, so that others do not wait behind it.
    """
    return [
        f"SET LOCAL lock_timeout = {lock_timeout * 1000:.0f}",
        # The owner is subject to row security too: without this, a data migration would change 0 rows in silence.
        "SET LOCAL row_security = off",
    ]


def begin(connection: Connection, lock_timeout: float) -> None:
    """Begin a migration over a connection; the limits end with its transaction, since the connection may go back to a pool."""
    for statement in limits_of_transaction(lock_timeout):
        connection.execute(text(statement))


def begin_script(lock_timeout: float) -> None:
    """Begin the script: as the owner, also where a superuser runs it, and only in a database at the revision that it begins with."""
    start = context.get_starting_revision_argument()
    known = "NULL" if start in {None, "base"} else f"'{start}'"
    write = context.get_context().impl.static_output
    for statement in ("SET LOCAL client_encoding = 'UTF8'", "SET LOCAL ROLE lmskit_owner", *limits_of_transaction(lock_timeout)):
        write(f"{statement};")
    write(GUARD.format(start=f"CAST({known} AS text)"))
