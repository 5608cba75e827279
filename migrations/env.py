"""Alembic's connection to the database: as the migrator, whose login acts as the role that owns the tables."""

import logging.config
import re

from alembic import context
from alembic.operations.ops import MigrationScript
from sqlalchemy import Connection

from lmskit.db import access, migrator_engine
from lmskit.db.migration_statements import begin, begin_script
from lmskit.models import Base

LOCK_TIMEOUT = 10.0
"""Seconds after which a migration that cannot get its lock fails, so that others do not queue behind it; less if the setting is less."""
RANDOM_NAME = re.compile("[0-9a-f]{12}")
"""What Alembic names a revision by itself."""


def number(_context: object, _revision: object, directives: list[MigrationScript]) -> None:
    """Number a new revision, so that its name says what it follows, unless it was given a name (`--rev-id`)."""
    if RANDOM_NAME.fullmatch(directives[0].rev_id or ""):
        directives[0].rev_id = f"{int(context.script.get_current_head() or 0) + 1:04}"


def run_migrations(connection: Connection) -> None:
    """Migrate over `connection`, in one transaction for all revisions."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        include_schemas=False,
        process_revision_directives=number,
    )
    with context.begin_transaction():
        begin(connection, longest_wait())
        context.run_migrations()


def longest_wait() -> float:
    """Return for how many seconds a migration waits for a lock."""
    return min(LOCK_TIMEOUT, access().settings.lock_timeout)


def main() -> None:
    """Migrate over the connection that lmskit passes, or, from Alembic's own command line, over a new one; or write a script (`--sql`)."""
    if context.is_offline_mode():
        context.configure(
            url="postgresql+psycopg://", target_metadata=Base.metadata, literal_binds=True, dialect_opts={"paramstyle": "named"}
        )
        with context.begin_transaction():
            begin_script(longest_wait())
            context.run_migrations()
        return
    connection = context.config.attributes.get("connection")
    if connection is not None:
        run_migrations(connection)
        return
    if context.config.config_file_name is not None:
        logging.config.fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    with migrator_engine().connect() as own_connection:
        run_migrations(own_connection)


main()
