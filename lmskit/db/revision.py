"""The revision of the database, and migrations to the one this lmskit needs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lmskit.db import access, migrator_engine
from lmskit.db.failure import translated_errors
from lmskit.db.lock import exclusively
from lmskit.errors import RevisionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

BUSY_LIMIT = 600.0


def alembic_config() -> Config:
    """Return Alembic's configuration, from the same alembic.ini that its own command line reads."""
    return Config(str(access().settings.project_root / "alembic.ini"))


def upgrade(revision: str = "head", *, engine: Engine | None = None) -> None:
    """Bring the database to a revision, by default the newest. Nothing happens if the database has it already.

    Raises
    ------
    RevisionError
        The database is at a revision that this lmskit does not have.
    LockedError
        Another session holds a table that a migration changes; the database is as it was.
    """
    _migrate(command.upgrade, revision, engine)


def downgrade(revision: str, *, engine: Engine | None = None) -> None:
    """Bring the database back to an older revision; `base` removes all tables and their rows."""
    _migrate(command.downgrade, revision, engine)


def _migrate(action: Callable[[Config, str], None], revision: str, engine: Engine | None) -> None:
    config = alembic_config()
    lock = access().settings.home / "migration.lock"
    with translated_errors(), (engine or migrator_engine()).connect() as connection, exclusively(lock, timeout=BUSY_LIMIT):
        config.attributes["connection"] = connection
        found = _read(connection)
        connection.rollback()
        if found is not None and found not in _known():
            raise newer(found)
        try:
            with translated_errors():
                action(config, revision)
        except CommandError as error:
            message = f"The database cannot go to the revision {revision}: {error}."
            raise RevisionError(message) from error
        connection.commit()
        if action is command.upgrade:
            _validate_bounds(connection)


def _validate_bounds(connection: Connection) -> None:
    """Let bounds hold for all rows that were added while some rows broke them; those that are still broken stay as they are."""
    unmet = connection.execute(
        text(
            "SELECT conrelid::regclass || ' VALIDATE CONSTRAINT ' || quote_ident(conname) FROM pg_constraint"
            " WHERE connamespace = to_regnamespace('lms') AND contype = 'c' AND NOT convalidated ORDER BY conname"
        )
    ).scalars()
    for constraint in unmet.all():
        with suppress(IntegrityError), connection.begin_nested():
            connection.execute(text(f"ALTER TABLE {constraint}"))
    connection.commit()


def head() -> str:
    """Return the revision that this lmskit needs."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if revision is None:
        message = f"There are no migrations in {access().settings.project_root}. Set LMSKIT_PROJECT_ROOT to the checkout of lmskit."
        raise RevisionError(message)
    return revision


def current(engine: Engine | None = None) -> str | None:
    """Return the revision of the database, or None if it has no tables yet."""
    with (engine or migrator_engine()).connect() as connection:
        return _read(connection)


def require_current(engine: Engine | None = None) -> None:
    """Refuse a database whose revision is not the one this lmskit needs.

    Raises
    ------
    RevisionError
        The revision differs; the sentence says what to do.
    """
    found, needed = current(engine), head()
    if found == needed:
        return
    if found is None:
        message = "The database has no tables yet. To make them: lmskit db upgrade"
        raise RevisionError(message)
    if found not in _known():
        raise newer(found)
    message = f"The database is at revision {found}, and this lmskit needs {needed}. To bring it up to date: lmskit db upgrade"
    raise RevisionError(message)


def newer(found: str) -> RevisionError:
    """Return the error for a database at the revision of a newer lmskit."""
    return RevisionError(
        f"The database is at revision {found}, which this lmskit does not have: the database is newer. Install a newer lmskit."
    )


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()}


def _read(connection: Connection) -> str | None:
    """Read the revision from the function `schema_revision`, which every login may call, or from the table while there is no function."""
    state = connection.execute(
        text("SELECT to_regclass('lms.alembic_version') IS NOT NULL, to_regprocedure('lms.schema_revision()') IS NOT NULL")
    ).one()
    if state[1]:
        statement = "SELECT lms.schema_revision()"
    elif state[0]:
        statement = "SELECT max(version_num) FROM lms.alembic_version"
    else:
        return None
    found = connection.execute(text(statement)).scalar_one()
    return None if found is None else str(found)
