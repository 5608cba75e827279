"""A row as its cells by column; a cell that is not a value of its column rejects the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.record import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lmskit.importers.csv_file import CsvFile
    from lmskit.importers.record import Record

T = TypeVar("T")


class RejectedRowError(Exception):
    """A row is not imported because of one of its cells, or because of the whole row if `column` is None."""

    def __init__(self, column: str | None, cell: str | None, reason: str) -> None:
        self.column, self.cell, self.reason = column, cell, reason
        super().__init__(reason)


def value(read: Callable[[str], T], column: str, cell: str) -> T:
    """Read a cell.

    Raises
    ------
    RejectedRowError
        It is not a value of its column.
    """
    try:
        return read(cell)
    except UnreadableCellError as error:
        raise RejectedRowError(column, cell, str(error)) from error


class Row:
    """One row of a file whose columns are read by their headers."""

    def __init__(self, file: CsvFile, number: int, cells: Sequence[str]) -> None:
        self.file, self.number = file, number
        self.position = Position(file.name, number)
        self._cells = dict(zip((*file.columns, *file.optional), cells, strict=True))

    def __getitem__(self, column: str) -> str:
        """Return a cell's text without the blanks around it; empty if the file lacks the column."""
        return self._cells[column].strip()

    def read(self, column: str, read: Callable[[str], T]) -> T:
        """Return a cell's value, or reject the row."""
        return value(read, column, self._cells[column])

    def rejected(self, column: str | None, reason: str) -> RejectedRowError:
        """Return the error that rejects the row because of a cell."""
        return RejectedRowError(column, self._cells[column] if column else None, reason)


def rows(file: CsvFile, read: Callable[[Row], Sequence[Record] | None]) -> Iterator[Record]:
    """Give out the records of a file's rows; a row for which `read` returns None is not counted."""
    for number, cells in file.rows():
        try:
            found = read(Row(file, number, cells))
        except RejectedRowError as error:
            file.reject(number, error.column, error.cell, error.reason)
        else:
            if found is None:
                file.rows_in -= 1
            else:
                yield from found
