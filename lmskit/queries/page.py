"""Pages of a list: every list takes `limit` and `offset`, and its order is total, so pages neither overlap nor skip.

A list that grows with the institution takes `after` instead of `offset`, too: the page begins after a row that is named. The server then
reads that page alone, and not all rows before it; rows that were added or deleted meanwhile do not move it.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVarTuple, cast

from sqlalchemy import and_, or_, tuple_

from lmskit.errors import PageLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from sqlalchemy import ColumnElement, Select, SQLColumnExpression
    from sqlalchemy.orm import Session
    from sqlalchemy.orm.attributes import InstrumentedAttribute

Columns = TypeVarTuple("Columns")
Name = int | str
"""What names a row in a list: its number or its code."""

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


@dataclass(frozen=True)
class RowOrder:
    """The order of a list in which a page can begin after a row.

    Parameters
    ----------
    name
        The column by which a row is named; no two rows of the list have the same.
    keys
        By what rows are sorted, first by the first of them; together they differ for any two rows, and none is ever null.
    descending
        How many of the keys, from the first on, run from the largest to the smallest.
    is_name
        The condition that a name is that of the row; by default that they are equal.
    """

    name: InstrumentedAttribute[Any]
    keys: tuple[SQLColumnExpression[Any], ...]
    descending: int = 0
    is_name: Callable[[SQLColumnExpression[Any], Any], ColumnElement[bool]] = operator.eq

    @property
    def clauses(self) -> list[ColumnElement[Any]]:
        """For `order_by`."""
        return [key.desc() if number < self.descending else key.asc() for number, key in enumerate(self.keys)]

    def beyond(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """Return the condition for rows after the one that has these values of the keys."""
        n = self.descending
        if n == 0:
            return _compared(operator.gt, self.keys, values)
        falling = _compared(operator.lt, self.keys[:n], values[:n])
        if n == len(self.keys):
            return falling
        level = _compared(operator.eq, self.keys[:n], values[:n])
        return or_(falling, and_(level, _compared(operator.gt, self.keys[n:], values[n:])))


def _compared(relation: Callable[[Any, Any], Any], keys: Sequence[SQLColumnExpression[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """Compare keys as a whole, so that an index of these columns leads to the first row."""
    return cast("ColumnElement[bool]", relation(keys[0], values[0]) if len(keys) == 1 else relation(tuple_(*keys), tuple(values)))


def page_of(
    session: Session, statement: Select[*Columns], order: RowOrder, *, limit: int, offset: int, after: Name | None
) -> Select[*Columns]:
    """Sort a statement and keep one page: `limit` rows from row `offset` on, or after the row named `after`.

    Raises
    ------
    PageLimitError
        No list has such a page, or this one has no row of that name.
    """
    ordered = statement.order_by(*order.clauses)
    if after is None:
        return paged(ordered, limit, offset)
    check_page(limit, offset)
    if offset:
        raise PageLimitError("A page begins at an offset or after a row, not both. Leave one of them out.")
    return ordered.where(order.beyond(_keys_of(session, statement, order, after))).limit(limit)


def _keys_of(session: Session, statement: Select[*Columns], order: RowOrder, after: Name) -> Sequence[Any]:
    """The values of the keys of the row named `after`, if the list has it."""
    is_known = 0 < after <= LAST_ROW if isinstance(after, int) else "\0" not in after
    keys = statement.with_only_columns(*order.keys, maintain_column_froms=True).where(order.is_name(order.name, after))
    found = session.execute(keys).one_or_none() if is_known else None
    if found is None:
        raise PageLimitError(f"This list has no row {after!r} after which it could go on; it may be gone. Begin again at the first page.")
    return found


def all_rows(page: Callable[[int, Any], pd.DataFrame], *, name: str) -> pd.DataFrame:
    """Return all rows of a list as one table; `page` takes limit and after, and the column `name` names a row, which it does for each."""
    import pandas as pd  # noqa: PLC0415 - as in lmskit.columns

    pages = [page(MAX_PAGE, None)]
    while len(pages[-1]) == MAX_PAGE:
        last = pages[-1][name].iloc[-1]
        pages.append(page(MAX_PAGE, last if isinstance(last, str) else int(last)))
    return pd.concat(pages, ignore_index=True)


def all_pages(page: Callable[[int, int], pd.DataFrame]) -> pd.DataFrame:
    """Return all rows of a list of one course as one table; `page` takes limit and offset."""
    import pandas as pd  # noqa: PLC0415 - as in lmskit.columns

    pages = [page(MAX_PAGE, 0)]
    while len(pages[-1]) == MAX_PAGE:
        pages.append(page(MAX_PAGE, MAX_PAGE * len(pages)))
    return pd.concat(pages, ignore_index=True)


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
