"""Column contracts: which columns a table has, of which type, with which meaning, and under which heading lists show them.

A contract is written once, beside the function that returns the table. The types of the table, the empty table, the table in the
docstring and the headings on screen, in the terminal and in a file all follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from lmskit.errors import ColumnsMissingError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

F = TypeVar("F", bound="Callable[..., Any]")

MARK = "{columns}"
"""The line of a docstring that `Columns.documented` replaces with the table of the columns."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        As in the table.
    dtype
        The pandas type: `str` and `float64` hold gaps as NaN, `Int64` holds gaps as `<NA>`, `int64` and `bool` have no gaps,
        `object` keeps what the driver gives (dates, dictionaries).
    meaning
        Range, unit of measurement, meaning of a gap; empty if the name is enough.
    heading
        What lists show above the column; empty for a column that they do not show.
    """

    name: str
    dtype: str
    meaning: str = ""
    heading: str = ""

    def renamed(self, name: str, *, meaning: str | None = None, heading: str | None = None) -> Column:
        """The same column under another name, such as `lecturer` instead of `name`."""
        return replace(
            self,
            name=name,
            meaning=self.meaning if meaning is None else meaning,
            heading=self.heading if heading is None else heading,
        )


class Columns(Sequence[Column]):
    """The columns of a table, in order.

    Examples
    --------
    >>> weeks = Columns(
    ...     Column("week_number", "int64", "1-60", heading="Week"),
    ...     Column("topic", "str", heading="Topic"),
    ... )
    >>> weeks.names, weeks.headings
    (('week_number', 'topic'), {'week_number': 'Week', 'topic': 'Topic'})
    >>> weeks.empty().dtypes.astype(str).to_dict()
    {'week_number': 'int64', 'topic': 'str'}
    >>> print(weeks.described())
    ===========  =====  ====
    week_number  int64  1-60
    topic        str
    ===========  =====  ====
    """

    def __init__(self, *columns: Column) -> None:
        self._columns = columns
        self.dtypes = {column.name: column.dtype for column in columns}
        """The pandas type of each column, by its name."""
        if len(self.dtypes) < len(columns):
            raise ValueError(f"two columns of one name: {', '.join(column.name for column in columns)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(self.dtypes)

    @property
    def headings(self) -> dict[str, str]:
        """The headings of those that lists show, by name, in order."""
        return {column.name: column.heading for column in self if column.heading}

    def empty(self) -> pd.DataFrame:
        """A table with these columns and no rows."""
        return self.table(())

    def table(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """A table of rows, each of which has at least these columns."""
        import pandas as pd  # noqa: PLC0415 - takes a third of a second; lists in the terminal do without

        taken = list(rows)
        return pd.DataFrame({name: pd.Series([row[name] for row in taken], dtype=dtype) for name, dtype in self.dtypes.items()})

    def shown(self, table: pd.DataFrame) -> pd.DataFrame:
        """The columns that lists show, under their headings."""
        return table[list(self.headings)].rename(columns=self.headings)

    def described(self) -> str:
        """The columns as a table in reStructuredText: name, type, meaning."""
        rows = [(column.name, column.dtype, column.meaning) for column in self]
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        rule = "  ".join("=" * max(width, 2) for width in widths)
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([rule, *lines, rule])

    def documented(self, function: F) -> F:
        """Decorate a function that returns a table with these columns: the line ``{columns}`` of its docstring becomes their table."""
        text = function.__doc__
        if text is not None:  # there are no docstrings under python -OO
            line = next((line for line in text.splitlines() if line.strip() == MARK), None)
            if line is None:
                raise ValueError(f"the docstring of {function.__qualname__} has no line {MARK}")
            margin = line[: line.index(MARK)]
            function.__doc__ = text.replace(line, "\n".join(margin + row for row in self.described().splitlines()))
        return function

    def need(self, table: pd.DataFrame, *, subject: str) -> None:
        """Refuse a table that lacks any of these columns; `subject` begins the sentence, such as "The heat map".

        Raises
        ------
        ColumnsMissingError
            It names those that are missing and those that the table has.
        """
        need_columns(table, self.names, subject=subject)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - a number gives a column, a slice gives several
        """The column at this position."""
        return self._columns[index]

    def __len__(self) -> int:
        return len(self._columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns)


def need_columns(table: pd.DataFrame, names: Iterable[str], *, subject: str) -> None:
    """Refuse a table that lacks any of the named columns.

    Raises
    ------
    ColumnsMissingError
        It names those that are missing and those that the table has.

    Examples
    --------
    >>> import pandas as pd
    >>> need_columns(pd.DataFrame({"week": [1]}), ["week", "level"], subject="The heat map")
    Traceback (most recent call last):
    lmskit.errors.input.ColumnsMissingError: The heat map needs the column level; the table has week.
    """
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise ColumnsMissingError(subject=subject, missing=missing, present=[str(name) for name in table.columns])


NAME = Column("name", "str", '"Family, Given"', heading="Name")
EMAIL = Column("email", "str", "lower case", heading="E-mail")
WEEK_NUMBER = Column("week_number", "int64", "1-60", heading="Week")
QUIZ_WEEK = Column("week_number", "Int64", "1-60; <NA> for a quiz without a week, whose attempts are not evidence", heading="Week")
TOPIC = Column("topic", "str", heading="Topic")
