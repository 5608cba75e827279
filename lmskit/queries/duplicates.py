"""People who are probably in lmskit twice."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.listings import DUPLICATES
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, check_page

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

_PAIRS = files(__package__).joinpath("duplicates.sql").read_text(encoding="utf-8").rstrip()


@DUPLICATES.documented
def duplicates(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Pairs of people of one role who are probably one person, the likeliest first; only administrators see them.

    {columns}
    """
    return DUPLICATES.table(duplicate_rows(session, limit=limit, offset=offset))


def duplicate_rows(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `duplicates`, for a list in the terminal."""
    check_page(limit, offset)
    return rows(session, text(f"{_PAIRS} LIMIT :limit OFFSET :offset"), {"limit": limit, "offset": offset})


def count_duplicates(session: Session) -> int:
    """The number of rows on all pages of `duplicates`."""
    return session.scalar(text(f"SELECT count(*) FROM ({_PAIRS}) AS pair")) or 0  # noqa: S608 - a file of this package
