"""The revision of the database, and migrations to the one this lmskit needs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from lmskit.db import access, migrator_engine
from lmskit.db.failure import translated_errors
from lmskit.db.known_databases import EMPTY_MEANS, KnownDatabases
from lmskit.db.lock import exclusively
from lmskit.db.migration_statements import NOT_UNIQUE, VALIDATE_BOUNDS
from lmskit.db.parking import REFUSED
from lmskit.db.schema_revision import difference, read_revision, revisions, serves
from lmskit.db.transaction import retried
from lmskit.errors import (
    DatabaseError,
    DataWouldBeLostError,
    EmptyDatabaseError,
    MigratedMeanwhileError,
    RevisionError,
    SeveralHeadsError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

BUSY_LIMIT = 600.0
TRIES = 5
"""How often a migration is tried where others hold what it needs, or where another process migrates."""
FIRST_PAUSE = 0.5
"""Seconds after the first try, in which those who waited behind it go on; then twice as long each time."""


def alembic_config() -> Config:
    """Return Alembic's configuration, from the same alembic.ini that its own command line reads."""
    return Config(str(access().settings.project_root / "alembic.ini"))


def upgrade(revision: str = "head", *, engine: Engine | None = None, empty: bool = False) -> None:
    """Bring the database to a revision, by default the newest. Nothing happens if the database has it already.

    Parameters
    ----------
    revision
        Its number, or `head`.
    engine
        By default the migrator's of this process.
    empty
        Whether to make tables also in an empty database of a server that this machine had migrated before.

    Raises
    ------
    EmptyDatabaseError
        The database of a server is empty, and this machine had migrated it.
    SeveralHeadsError
        Two migrations are the newest.
    RevisionError
        The database is at a revision that this lmskit does not have.
    LockedError
        Another session has held a table that a revision changes, at each try. The revisions before it are done and stay.
    """
    target = head() if revision == "head" else revision
    server = access().server
    known = KnownDatabases(access().settings.home) if engine is None and server.external is not None else None
    if known is not None and not empty and (before := known.revision(server.name)) is not None and current() is None:
        message = (
            f"The database {server.name} is empty, and this machine had brought it to revision {before}. {EMPTY_MEANS}. "
            "To make tables in the empty database: lmskit db upgrade --empty"
        )
        raise EmptyDatabaseError(message)
    _migrate(command.upgrade, target, engine)
    if known is not None:
        known.keep(server.name, current())


def write_script(revision: str = "head", *, start: str) -> None:
    """Print the statements that bring a database from the revision `start` to another, for a database administrator to run with psql.

    Each revision is one transaction, which refuses a database that is not at the one before it, the first at `start`; `base` has no tables.
    """
    try:
        command.upgrade(alembic_config(), f"{start}:{head() if revision == 'head' else revision}", sql=True)
    except CommandError as error:
        message = f"There is no script from revision {start} to {revision}: {error}."
        raise RevisionError(message) from error


def downgrade(revision: str, *, engine: Engine | None = None, lose_data: bool = False) -> None:
    """Bring the database back to an older revision; `base` removes all tables.

    Rows and values for which the older revision has no table or column are parked in the table `parked_rows`, and are put back when the
    database is upgraded again (`lmskit.db.parking`).

    Parameters
    ----------
    revision
        Its number, or `base`.
    engine
        By default the migrator's of this process.
    lose_data
        Park nothing, and remove also what cannot be parked.

    Raises
    ------
    DataWouldBeLostError
        What would be lost cannot be parked, and `lose_data` is not set.
    """
    _migrate(command.downgrade, revision, engine, lose_data=lose_data)
    server = access().server
    if engine is None and server.external is not None:
        KnownDatabases(access().settings.home).keep(server.name, current())


def _migrate(action: Callable[[Config, str], None], revision: str, engine: Engine | None, *, lose_data: bool = False) -> None:
    """Migrate revision by revision; what is done stays, if one that follows cannot be done."""
    with translated_errors():
        start = current(engine)
    with exclusively(access().settings.home / "migration.lock", timeout=BUSY_LIMIT):
        try:
            _migrate_patiently(lambda: _migrate_once(action, revision, engine, lose_data=lose_data))
        except DatabaseError as error:
            with suppress(DatabaseError, DBAPIError):
                if (reached := current(engine)) != start:
                    error.args = (f"The database went from revision {start or 'none'} to {reached}, and stays there. {error}",)
            raise


def _migrate_patiently(work: Callable[[], None]) -> None:
    """Migrate; where another process has made a revision meanwhile, go on from there."""
    for n_left in reversed(range(len(revisions()) + 1)):
        try:
            retried(work, attempts=TRIES, lock_attempts=TRIES, first_pause=FIRST_PAUSE)
        except MigratedMeanwhileError:
            if n_left == 0:
                raise
        else:
            return


def _migrate_once(action: Callable[[Config, str], None], revision: str, engine: Engine | None, *, lose_data: bool) -> None:
    config = alembic_config()
    with translated_errors(), (engine or migrator_engine()).connect() as connection:
        config.attributes |= {"connection": connection, "lose_data": lose_data}
        found = read_revision(connection)
        if found is not None and found not in (known := revisions()):
            raise difference(found, needed=known[-1], known=known)
        connection.rollback()
        try:
            action(config, revision)
        except CommandError as error:
            message = f"The database cannot go to the revision {revision}: {error}."
            raise RevisionError(message) from error
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.Error) and error.orig.sqlstate == REFUSED:
                raise DataWouldBeLostError(str(error.orig.diag.message_primary)) from error
            if isinstance(error.orig, psycopg.Error) and error.orig.sqlstate == NOT_UNIQUE:
                raise RevisionError(str(error.orig.diag.message_primary)) from error
            raise
        connection.commit()
        if action is command.upgrade:
            connection.exec_driver_sql(VALIDATE_BOUNDS)
            connection.commit()


def head() -> str:
    """Return the revision that this lmskit needs.

    Raises
    ------
    SeveralHeadsError
        Two migrations follow the same one.
    """
    scripts = ScriptDirectory.from_config(alembic_config())
    heads = scripts.get_heads()
    if not heads:
        message = f"There are no migrations in {access().settings.project_root}. Set LMSKIT_PROJECT_ROOT to the checkout of lmskit."
        raise RevisionError(message)
    if len(heads) > 1:
        files = " and ".join(sorted(Path(scripts.get_revision(name).path).name for name in heads))
        message = (
            f"Several migrations are the newest: {files}, in {scripts.versions}. Let one follow the other (its down_revision), "
            "or merge them: alembic merge heads"
        )
        raise SeveralHeadsError(message)
    return heads[0]


def current(engine: Engine | None = None) -> str | None:
    """Return the revision of the database, or None if it has no tables yet."""
    with (engine or migrator_engine()).connect() as connection:
        return read_revision(connection)


def is_served(engine: Engine | None = None) -> bool:
    """Whether the database is newer than this lmskit, and works with it."""
    with (engine or migrator_engine()).connect() as connection:
        return serves(connection, head())


def require_current(engine: Engine | None = None) -> None:
    """Refuse a database whose revision is not the one this lmskit needs, and none that works with it.

    Raises
    ------
    RevisionError
        The revision differs; the sentence says what to do.
    """
    needed = head()
    with (engine or migrator_engine()).connect() as connection:
        found = read_revision(connection)
        is_right = found == needed or serves(connection, needed)
    if not is_right:
        raise difference(found, needed=needed, known=revisions())
