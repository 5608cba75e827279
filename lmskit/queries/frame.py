"""From the rows of a statement to a table whose columns have the promised types, also when there are no rows."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Executable
from sqlalchemy.orm import Session


def frame(session: Session, statement: Executable, columns: Mapping[str, str], parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Run `statement` and return its rows as a table.

    Parameters
    ----------
    session
        The caller's.
    statement
        A statement that yields at least the columns named.
    columns
        Name of each column of the result, in order, with its pandas type: `str` and `float64` hold gaps as NaN,
        `Int64` holds gaps as `<NA>`, `int64` and `bool` have none, `object` keeps what the driver gives (dates, dictionaries).
    parameters
        Of the statement.
    """
    rows = session.execute(statement, parameters or {}).mappings().all()
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in columns.items()})
