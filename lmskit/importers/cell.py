"""From the text of a cell to its value, or to the reason why it does not have one.

A column repeats few texts many times, so each distinct text is read once.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lmskit.importers.csv_file import CsvFile

T = TypeVar("T")
BATCH = 2000
"""Rows that are read at a time."""
KEPT_TEXTS = 100_000
"""Distinct texts of a column that are kept, so that memory is limited for files of any size."""
LONGEST_KEPT = 400
"""Characters of a text that is kept; a longer one is seldom repeated."""
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
DECIMAL_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)


class UnreadableCellError(ValueError):
    """A cell is not a value of its column; the text is the reason."""


class ColumnValues(dict[str, T]):
    """The values of one column by their texts; indexing by a text that is not a value raises `UnreadableCellError`.

    Examples
    --------
    >>> days = ColumnValues(whole_number(-10, 10, missing="?"))
    >>> days["-3"], days["?"]
    (-3, None)
    >>> days["12"]
    Traceback (most recent call last):
    lmskit.importers.cell.UnreadableCellError: is not between -10 and 10
    """

    def __init__(self, read: Callable[[str], T]) -> None:
        super().__init__()
        self.read = read

    def __missing__(self, text: str) -> T:
        """Read a text for the first time."""
        value = self.read(text)
        if len(self) < KEPT_TEXTS and len(text) <= LONGEST_KEPT:
            self[text] = value
        return value


def whole_number(low: int, high: int, *, missing: str | None = None) -> Callable[[str], int | None]:
    """Return a reader of whole numbers between two bounds; the text `missing` is None."""

    def read(text: str) -> int | None:
        if text == missing:
            return None
        if not WHOLE_NUMBER.fullmatch(text):
            raise UnreadableCellError("is not a whole number")
        value = int(text)
        if not low <= value <= high:
            raise UnreadableCellError(f"is not between {low} and {high}")
        return value

    return read


def number(low: int, high: int, *, missing: str | None = None) -> Callable[[str], float | None]:
    """Return a reader of numbers with a decimal point between two bounds; the text `missing` is None."""

    def read(text: str) -> float | None:
        if text == missing:
            return None
        if not DECIMAL_NUMBER.fullmatch(text):
            raise UnreadableCellError("is not a number")
        value = float(text)
        if not low <= value <= high:
            raise UnreadableCellError(f"is not between {low} and {high}")
        return value

    return read


def one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    """Return a reader of a closed list of texts."""

    def read(text: str) -> T:
        try:
            return values[text]
        except KeyError:
            raise UnreadableCellError(f"is not one of {', '.join(filter(None, values))}") from None

    return read


def matching(pattern: str, reason: str) -> Callable[[str], str]:
    """Return a reader of texts that match a pattern; `reason` explains why others are rejected."""
    form = re.compile(pattern, re.ASCII)

    def read(text: str) -> str:
        if not form.fullmatch(text):
            raise UnreadableCellError(reason)
        return text

    return read


def records(file: CsvFile, columns: Mapping[str, ColumnValues[object]]) -> Iterator[tuple[object, ...]]:
    """Give out the number of each row and its values; a row with an unreadable cell is rejected.

    Parameters
    ----------
    file
        Opened with the same columns, in the same order.
    columns
        How each column is read.
    """
    readers = [column.__getitem__ for column in columns.values()]
    rows = file.rows()
    while batch := list(islice(rows, BATCH)):
        numbers, cells = zip(*batch, strict=True)
        try:
            # Column by column, so that the loops run in C.
            values = [list(map(read, texts)) for read, texts in zip(readers, zip(*cells, strict=True), strict=True)]
        except UnreadableCellError:
            yield from _one_by_one(file, columns, batch)
        else:
            yield from zip(numbers, *values, strict=True)


def _one_by_one(
    file: CsvFile, columns: Mapping[str, ColumnValues[object]], rows: Iterable[tuple[int, tuple[str, ...]]]
) -> Iterator[tuple[object, ...]]:
    for number, cells in rows:
        values: list[object] = []
        for (name, column), text in zip(columns.items(), cells, strict=True):
            try:
                values.append(column[text])
            except UnreadableCellError as error:
                file.reject(number, name, text, str(error))
                break
        else:
            yield (number, *values)
