"""From a statement to its rows, or to a table whose columns have the promised types even if there are no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    import pandas as pd
    from sqlalchemy import Executable
    from sqlalchemy.orm import Session

    from lmskit.columns import Columns

    Rows: TypeAlias = Sequence[Mapping[str, Any]]


def frame(session: Session, statement: Executable, columns: Columns, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Run `statement` and return its rows as a table.

    Parameters
    ----------
    session
        The caller's.
    statement
        A statement that yields at least these columns.
    columns
        The columns of the result, in order.
    parameters
        Of the statement.
    """
    return columns.table(rows(session, statement, parameters))


def rows(session: Session, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Rows:
    """Run `statement` and return its rows, each with its values by column; the terminal shows them without loading pandas."""
    return cast("Rows", session.execute(statement, parameters or {}).mappings().all())
