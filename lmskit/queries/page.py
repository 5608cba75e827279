"""The bounds of a page: every list takes `limit` and `offset`, and its order is total, so pages neither overlap nor skip."""

from collections.abc import Callable

import pandas as pd

from lmskit.errors import PageLimitError

DEFAULT_PAGE = 100
"""Rows that a list returns when nobody says how many."""
MAX_PAGE = 1000
"""The most rows that a list returns at once."""
LAST_ROW = 2**63 - 1
"""PostgreSQL counts rows no further."""


def check_page(limit: int, offset: int) -> None:
    """Refuse a page that lists do not have.

    Raises
    ------
    PageLimitError
        `limit` is not a whole number from 1 to `MAX_PAGE`, or `offset` is not one from 0.

    Examples
    --------
    >>> check_page(1001, 0)
    Traceback (most recent call last):
    lmskit.errors.input.PageLimitError: A list shows 1 to 1000 rows at once, not 1001. For further rows raise the offset.
    """
    if not _is_whole(limit) or not 1 <= limit <= MAX_PAGE:
        raise PageLimitError(f"A list shows 1 to {MAX_PAGE} rows at once, not {limit!r}. For further rows raise the offset.")
    if not _is_whole(offset) or not 0 <= offset <= LAST_ROW:
        raise PageLimitError(f"A list begins at row 0 or a later one, not at {offset!r}. Choose an offset of 0 or more.")


def all_pages(page: Callable[[int, int], pd.DataFrame]) -> pd.DataFrame:
    """Put the pages of a list together; `page` takes limit and offset."""
    pages = [page(MAX_PAGE, 0)]
    while len(pages[-1]) == MAX_PAGE:
        pages.append(page(MAX_PAGE, MAX_PAGE * len(pages)))
    return pd.concat(pages, ignore_index=True)


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
