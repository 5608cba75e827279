"""Pages of a list: every list takes `limit` and `offset`, and its order is total, so pages neither overlap nor skip."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVarTuple

from lmskit.errors import PageLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from sqlalchemy import Select

Columns = TypeVarTuple("Columns")

DEFAULT_PAGE = 100
"""Rows that a list returns by default."""
MAX_PAGE = 1000
"""The most rows that a list returns at once."""
LAST_ROW = 2**63 - 1
"""The largest `offset`: PostgreSQL counts rows with 63 bits."""


def check_page(limit: int, offset: int) -> None:
    """Refuse a page that no list has.

    Raises
    ------
    PageLimitError
        `limit` is not a whole number from 1 to `MAX_PAGE`, or `offset` is not a whole number from 0 to `LAST_ROW`.

    Examples
    --------
    >>> check_page(1001, 0)
    Traceback (most recent call last):
    lmskit.errors.input.PageLimitError: A list shows 1 to 1000 rows at once, not 1001. For further rows raise the offset.
    """
    if not _is_whole(limit) or not 1 <= limit <= MAX_PAGE:
        raise PageLimitError(f"A list shows 1 to {MAX_PAGE} rows at once, not {limit!r}. For further rows raise the offset.")
    if _is_whole(offset) and offset > LAST_ROW:
        raise PageLimitError(f"No list has a row {offset!r}: the last one that can be counted is {LAST_ROW}. Choose a smaller offset.")
    if not _is_whole(offset) or offset < 0:
        raise PageLimitError(f"A list begins at row 0 or a later one, not at {offset!r}. Choose an offset of 0 or more.")


def paged(statement: Select[*Columns], limit: int, offset: int) -> Select[*Columns]:
    """Keep `limit` rows of a statement whose order is total, from row `offset` on.

    Raises
    ------
    PageLimitError
        No list has such a page.
    """
    check_page(limit, offset)
    return statement.limit(limit).offset(offset)


def all_pages(page: Callable[[int, int], pd.DataFrame]) -> pd.DataFrame:
    """Return all rows of a list as one table; `page` takes limit and offset."""
    import pandas as pd  # noqa: PLC0415 - as in lmskit.columns

    pages = [page(MAX_PAGE, 0)]
    while len(pages[-1]) == MAX_PAGE:
        pages.append(page(MAX_PAGE, MAX_PAGE * len(pages)))
    return pd.concat(pages, ignore_index=True)


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
