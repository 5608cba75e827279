"""Alembic's connection to the database: as the migrator, whose login acts as the role that owns the tables."""

import logging.config
import re
from collections.abc import Collection

from alembic import context
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations.ops import MigrationScript
from sqlalchemy import Connection

from lmskit.db import access, migrator_engine
from lmskit.db.migration_statements import SERVED, MigrationProgress
from lmskit.models import Base

LOCK_TIMEOUT = 3.0
"""Seconds after which a migration that cannot get its lock lets those behind it go on, before it tries again (`lmskit.db.revision`); less
if the setting is less."""
RANDOM_NAME = re.compile("[0-9a-f]{12}")
"""What Alembic names a revision by itself."""


def number(_context: object, _revision: object, directives: list[MigrationScript]) -> None:
    """Number a new revision, so that its name says what it follows, unless it was given a name (`--rev-id`)."""
    if RANDOM_NAME.fullmatch(directives[0].rev_id or ""):
        directives[0].rev_id = f"{int(context.script.get_current_head() or 0) + 1:04}"


def longest_wait() -> float:
    """Return for how many seconds a migration waits for a lock."""
    return min(LOCK_TIMEOUT, access().settings.lock_timeout)


progress = MigrationProgress(longest_wait(), lose_data=context.config.attributes.get("lose_data", False))


def done(ctx: object, step: object, heads: Collection[str], run_args: object) -> None:  # noqa: ARG001 - Alembic's signature
    """Note what revision the database has when the transaction of a step is committed, and which lmskit works with it."""
    progress.applied(heads)
    for reached in heads:
        serves = getattr(context.script.get_revision(reached).module, "SERVES", reached)
        context.get_context().impl.execute(SERVED.format(serves=serves))


class Script(PostgresqlImpl):
    """Writes the script (`--sql`), each part of which begins as a transaction of the migration itself does."""

    __dialect__ = "postgresql"

    def emit_begin(self) -> None:
        """Begin a transaction."""
        super().emit_begin()
        progress.begin_script()


def run_migrations(connection: Connection) -> None:
    """Migrate over `connection`, in one transaction for each revision."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        include_schemas=False,
        process_revision_directives=number,
        transaction_per_migration=True,
        on_version_apply=done,
    )
    with progress.over(connection), context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Migrate over the connection that lmskit passes, or, from Alembic's own command line, over a new one; or write a script (`--sql`)."""
    if context.is_offline_mode():
        context.configure(
            url="postgresql+psycopg://",
            target_metadata=Base.metadata,
            literal_binds=True,
            dialect_opts={"paramstyle": "named"},
            transaction_per_migration=True,
            on_version_apply=done,
        )
        with context.begin_transaction():
            context.run_migrations()
        progress.end_script()
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
