"""What later revisions made of the columns of archived rows, so that files of an earlier revision can be restored.

Archived rows in the database follow each migration by themselves, since their tables inherit. A migration that renames, drops or
reinterprets a column of `quiz_attempts` or `topic_performance` adds its `Change` here; a new column with a default needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql

from lmskit.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.schemas.archive import ArchivedColumn


@dataclass(frozen=True)
class Change:
    """What a revision did to the columns of a table.

    Attributes
    ----------
    revision
        Number of the revision.
    table
        The table.
    values
        By column as it is afterwards, SQL for its value from the columns of a staged row `r` as they were before.
    gone
        Columns that are no more.
    """

    revision: str
    table: str
    values: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()


CHANGES: tuple[Change, ...] = ()
"""In the order of their revisions."""


def upgraded(
    table: str,
    revision: str,
    written: Sequence[ArchivedColumn],
    now: Sequence[ArchivedColumn],
    changes: Sequence[Change] = CHANGES,
) -> dict[str, sql.Composable]:
    """Return SQL for the columns of a table as it is now, by name, from a staged row `r` of a file.

    Parameters
    ----------
    table
        The table.
    revision
        Of the database when the file was written.
    written, now
        The columns of the file, and of the table.
    changes
        What revisions did in between.

    Raises
    ------
    ArchiveError
        The file has a column of which nothing is known.
    """
    values: dict[str, sql.Composable] = {column.name: sql.Identifier("r", column.name) for column in written}
    for change in changes:
        if change.table == table and change.revision > revision:
            for name in change.gone:
                values.pop(name, None)
            values |= {name: sql.SQL("({})").format(sql.SQL(value)) for name, value in change.values.items()}
    kinds = {column.name: column.kind for column in now}
    if unknown := sorted(values.keys() - kinds.keys()):
        raise ArchiveError(
            f"The files have a column {unknown[0]} of {table}, which the database does not have any more. Nothing was changed. "
            "Install the lmskit that the database was upgraded with, or a newer one."
        )
    before = {column.name: column.kind for column in written}
    return {
        name: value if kinds[name] == before.get(name) else sql.SQL("CAST({} AS {})").format(value, sql.SQL(kinds[name]))
        for name, value in values.items()
    }
