"""Statements of a migration that are run as they are written, or are written into the script for a database administrator."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from alembic import context, op
from sqlalchemy import event

from lmskit.db.parking import LOSE_DATA
from lmskit.errors import MigratedMeanwhileError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Connection

SERVED = """DO $served$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = 'lms.alembic_version'::regclass AND a.attname = 'serves' AND NOT a.attisdropped
    ) THEN
        UPDATE lms.alembic_version SET serves = '{serves}';
    END IF;
END
$served$"""
"""Keeps which lmskit works with the revision that is reached, where the database has a column for it."""
GUARD = """DO $guard$
DECLARE
    found text;
BEGIN
    IF to_regclass('lms.alembic_version') IS NOT NULL THEN
        EXECUTE 'SELECT max(version_num) FROM lms.alembic_version' INTO found;
    END IF;
    IF found IS DISTINCT FROM {start} THEN
        RAISE EXCEPTION 'This part of the script begins at revision %, and the database is at revision %. Nothing was changed.',
            coalesce({start}, 'base'), coalesce(found, 'base');
    END IF;
END
$guard$;"""


NOT_UNIQUE = "LM002"
"""The error code of a migration after which rows would not be unique; its message names them."""
VALIDATE_BOUNDS = """DO $bounds$
DECLARE
    bound record;
BEGIN
    FOR bound IN
        SELECT c.conrelid::regclass::text AS relation, c.conname AS name
        FROM pg_constraint AS c
        WHERE c.connamespace = to_regnamespace('lms') AND c.contype = 'c' AND NOT c.convalidated
        ORDER BY c.conname, c.conrelid
    LOOP
        BEGIN
            EXECUTE 'ALTER TABLE ' || bound.relation || ' VALIDATE CONSTRAINT ' || quote_ident(bound.name);
        EXCEPTION WHEN check_violation THEN
            NULL; -- rows that break it stay as they are, and it holds for new ones
        END;
    END LOOP;
END
$bounds$"""
"""Lets bounds hold for all rows, where no row breaks them, that were added `NOT VALID` by a revision, or while some rows broke them."""
LOCK = """DO $lock$
DECLARE
    wanted text[] := ARRAY[{wanted}];
    busy integer;
    ends CONSTANT timestamptz := clock_timestamp() + current_setting('lock_timeout')::interval;
BEGIN
    LOOP
        busy := 1;
        BEGIN
            EXECUTE 'LOCK TABLE ' || wanted[1];
            FOR number IN 2 .. cardinality(wanted) LOOP
                busy := number;
                EXECUTE 'LOCK TABLE ' || wanted[number] || ' NOWAIT';
            END LOOP;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() >= ends THEN
                RAISE;
            END IF;
        END;
        wanted := wanted[busy] || wanted[: busy - 1] || wanted[busy + 1 :]; -- what was locked is free again
    END LOOP;
END
$lock$;"""


def run_as_written(statements: str) -> None:
    """Run the statements without parameters, so that colons and percent signs keep their meaning."""
    if context.is_offline_mode():
        op.get_context().impl.static_output(statements.strip())
    else:
        op.get_bind().execution_options(no_parameters=True).exec_driver_sql(statements)


def earlier_function(statements: str, name: str) -> str:
    """Return the statement that makes a function of the schema `lms` as an earlier revision made it, to replace the one that there is.

    Raises
    ------
    LookupError
        The statements of that revision do not make it.
    """
    found = re.search(rf"^CREATE (?:OR REPLACE )?FUNCTION lms\.{name}\(.*?^\$function\$;", statements, re.MULTILINE | re.DOTALL)
    if found is None:
        raise LookupError(name)
    return re.sub(r"^CREATE (?:OR REPLACE )?", "CREATE OR REPLACE ", found[0])


def lock_first(*tables: str, from_writers: tuple[str, ...] = ()) -> None:
    """Lock all tables that a revision changes, before it changes one of them.

    A revision that waits for a table while it holds another deadlocks with a query that reads both, and the server may end the query. So it
    waits for one table while it holds none, and lets all go again where another one is not free.

    Parameters
    ----------
    tables
        In the schema `lms`; exclusively, as `ALTER TABLE` locks them.
    from_writers
        Those that are locked from writers alone, as by a trigger or a foreign key.
    """
    modes = dict.fromkeys(tables, "ACCESS EXCLUSIVE") | dict.fromkeys(from_writers, "SHARE ROW EXCLUSIVE")
    wanted = ", ".join(f"'lms.{name} IN {mode} MODE'" for name, mode in modes.items())
    run_as_written(LOCK.replace("{wanted}", wanted))


def index_concurrently(name: str, table: str, indexed: str) -> None:
    """Make an index of a table that is in use, while others read and write it.

    It is made in no transaction, so what an interrupted try left is removed first; it belongs into a revision of its own.

    Parameters
    ----------
    name
        Of the index.
    table
        With its schema.
    indexed
        What follows the table's name in `CREATE INDEX`, such as `USING hash (term_id)`.
    """
    with op.get_context().autocommit_block():
        run_as_written("SET client_min_messages = warning;")  # there is seldom one to remove
        run_as_written(f"DROP INDEX CONCURRENTLY IF EXISTS lms.{name};")
        run_as_written("RESET client_min_messages;")
        run_as_written(f"CREATE INDEX CONCURRENTLY {name} ON {table} {indexed};")


def limits_of_transaction(lock_timeout: float) -> list[str]:
    """Return the statements with which each transaction of a migration begins.

    Parameters
    ----------
    lock_timeout
        Seconds after which a migration that cannot get a lock fails, so that others do not wait behind it.
    """
    return [
        f"SET LOCAL lock_timeout = {lock_timeout * 1000:.0f}",
        # The owner is subject to row security too: without this, a data migration would change 0 rows in silence.
        "SET LOCAL row_security = off",
        # What a migration that was killed has locked is free after a second, not when its statement would have ended.
        "SET LOCAL client_connection_check_interval = 1000",
    ]


class MigrationProgress:
    """The revision that the database has as far as this migration knows, which goes on with each revision that is done.

    Parameters
    ----------
    lock_timeout
        Seconds that each transaction waits for a lock.
    lose_data
        Whether what an older revision has no column for may be lost.
    """

    def __init__(self, lock_timeout: float, *, lose_data: bool = False) -> None:
        self._limits = [*limits_of_transaction(lock_timeout), *([f"SET LOCAL {LOSE_DATA} = 'on'"] if lose_data else [])]
        self._known = False
        self._revision: str | None = None

    def applied(self, heads: Collection[Any]) -> None:
        """Go on: a revision is done, and its transaction will be committed."""
        self._known, self._revision = True, max(heads, default=None)

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        """Within the block, begin each transaction of the connection with the limits, and alone: a second migration waits.

        The limits end with each transaction, since the connection may go back to a pool.

        Raises
        ------
        MigratedMeanwhileError
            Another process migrated the database between two transactions.
        """
        event.listen(connection, "begin", self._begin)
        try:
            yield
        finally:
            event.remove(connection, "begin", self._begin)

    def _begin(self, connection: Connection) -> None:
        opened = connection.connection.driver_connection
        if opened is not None and opened.autocommit:  # within `index_concurrently`
            return
        for statement in self._limits:
            connection.exec_driver_sql(statement)
        if connection.exec_driver_sql("SELECT to_regclass('lms.alembic_version')").scalar_one() is None:
            return
        connection.exec_driver_sql("LOCK TABLE lms.alembic_version IN SHARE ROW EXCLUSIVE MODE")
        found = connection.exec_driver_sql("SELECT max(version_num) FROM lms.alembic_version").scalar_one()
        if self._known and found != self._revision:
            raise MigratedMeanwhileError(expected=self._revision, found=found)
        self._known, self._revision = True, found

    def begin_script(self) -> None:
        """Begin a part of the script: as the owner, also where a superuser runs it, and only where all parts before it are done."""
        if not self._known:
            start = context.get_starting_revision_argument()
            self._known, self._revision = True, None if start in {None, "base"} else str(start)
        known = "NULL" if self._revision is None else f"'{self._revision}'"
        write = context.get_context().impl.static_output
        for statement in ("SET LOCAL client_encoding = 'UTF8'", "SET LOCAL ROLE lmskit_owner", *self._limits):
            write(f"{statement};")
        write(GUARD.format(start=f"CAST({known} AS text)"))

    def end_script(self) -> None:
        """End a script that goes forward as the upgrade itself ends: after the last revision, bounds are validated."""
        start = str(context.get_starting_revision_argument() or "base")
        if self._known and (self._revision or "") > ("" if start == "base" else start):
            implementation = context.get_context().impl
            implementation.emit_begin()
            implementation.static_output(f"{VALIDATE_BOUNDS};")
            implementation.emit_commit()
