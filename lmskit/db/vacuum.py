"""Clean up after many rows of a table have moved at once, so that queries are as fast as before."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from lmskit.db.access import migrator_engine
from lmskit.errors import LmskitError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine


def vacuum(tables: Iterable[str], engine: Engine | None = None) -> None:
    """Remove what deleted rows have left in tables of the schema `lms`, and gather their statistics, if that can be done now.

    The server does it too, minutes after many rows have changed (autovacuum). Until then queries read past the rows that are gone, and are
    planned for their number. It takes the login of migrations, since only the owner of tables may do it; where this machine does not have
    it, the server refuses, or a table is locked, nothing happens, and nothing is raised.

    Parameters
    ----------
    tables
        Their names.
    engine
        By default the migrator's of this process.
    """
    names = sql.SQL(", ").join(sql.Identifier("lms", name) for name in tables)
    statement = sql.SQL("VACUUM (ANALYZE, SKIP_LOCKED) {}").format(names).as_string()
    with suppress(LmskitError, SQLAlchemyError, psycopg.Error), (engine or migrator_engine()).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)
