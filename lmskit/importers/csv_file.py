"""A CSV file that somebody else made, read row by row.

A row that is not like the header is rejected with its place; a file that cannot be read to its end is refused as a
whole, because nobody knows what is missing.
"""

from __future__ import annotations

import csv
import re
from operator import itemgetter
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.report import Rejection, shortened
from lmskit.importers.text_file import Lines, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

MAX_CELL = 1024**2
"""Characters of one cell."""
MAX_COLUMNS = 10_000
MAX_REJECTIONS = 250_000
"""More rejected rows than this are no accident of single rows: the file is refused."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
MASK = "***"
SECRET = re.compile("passw|passphrase|pwd", re.IGNORECASE)
"""Found in the headers of columns that hold passwords: no report repeats their cells, nor a row whose cells have slipped."""


class CsvFile:
    """The columns of a CSV file that an importer uses.

    Columns are matched by their exact header. What is not asked for is in `skipped_columns`.

    Parameters
    ----------
    path
        The file.
    columns
        Headers that have to be there, in the order in which `rows` gives the cells.
    optional
        Headers that may be there; their cells come behind those of `columns`, empty where the file lacks the column.
    whole
        Whether `rows` gives all cells of a row in the order of `header`, instead of those of `columns` and `optional`.
    delimiter
        Comma, semicolon or tab; by default the one that splits the header into most columns.

    Raises
    ------
    ImportFileError
        The file cannot be read, or has other columns.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], *, optional: Sequence[str] = (), whole: bool = False, delimiter: str | None = None
    ) -> None:
        self.text = scan(path)
        self.name = self.text.name
        self.columns, self.optional, self.whole = tuple(columns), tuple(optional), whole
        self.header, self.delimiter = self._read_header(delimiter)
        asked_for = {*self.columns, *self.optional}
        self.skipped_columns = tuple(column for column in self.header if column not in asked_for)
        self.secret_columns = frozenset(column for column in self.header if SECRET.search(column))
        self.rows_in = 0
        self.rejections: list[Rejection] = []

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the file was read."""
        notes = []
        if self.text.encoding not in {"utf-8", "utf-8-sig"}:
            notes.append(f"{self.name} was read as {self.text.encoding_name}.")
        if self.delimiter != ",":
            notes.append(f"{self.name} was read with the {DELIMITERS[self.delimiter]} between columns.")
        return notes

    def reject(self, row: int, column: str | None, value: str | None, reason: str) -> None:
        """Note that a row is not imported. What could hold a password is masked.

        Raises
        ------
        ImportFileError
            There are too many for a report that anybody would read.
        """
        if value is not None and self.secret_columns and (column is None or column in self.secret_columns):
            value = MASK
        self.rejections.append(Rejection(self.name, row, column, None if value is None else shortened(value), reason))
        if len(self.rejections) > MAX_REJECTIONS:
            raise ImportFileError(f"More than {MAX_REJECTIONS:,} rows of {self.name} cannot be imported; the first: {self.rejections[0]}.")

    def rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the number of each row and the cells that were asked for; rows unlike the header are rejected.

        Raises
        ------
        ImportFileError
            The file ends in the middle of a row, or a quoted cell is never closed.
        """
        self.rows_in, self.rejections = 0, []
        pick = self._pick()
        width = len(self.header)
        for row, cells, lines in self._well_quoted_rows():
            self.rows_in += 1
            if len(cells) == width and not lines.holds_nul:
                yield row, pick(cells)
            elif lines.holds_nul:
                lines.holds_nul = False
                place = next((place for place, cell in enumerate(cells) if "\0" in cell), width)
                column = self.header[place] if place < width else None
                self.reject(row, column, cells[place].replace("\0", "␀") if column else None, "holds a NUL character")
            elif len(cells) < width and lines.is_cut_off:
                raise ImportFileError(
                    f"{self.name}, row {row}: the file ends after {len(cells)} of {width} cells: it seems to be cut off. Get it again."
                )
            else:
                reason = "has more cells than the header" if len(cells) > width else "has fewer cells than the header"
                self.reject(row, None, self.delimiter.join(cells[: width + 1])[:MAX_CELL], reason)

    def _pick(self) -> Callable[[list[str]], tuple[str, ...]]:
        """Return what takes the cells that are asked for out of a row."""
        if self.whole:
            return tuple
        if all(column in self.header for column in self.optional):
            return _picker([self.header.index(column) for column in (*self.columns, *self.optional)])
        there = dict(zip(self.header, range(len(self.header)), strict=True))
        places = [there.get(column) for column in (*self.columns, *self.optional)]
        return lambda cells: tuple("" if place is None else cells[place] for place in places)

    def _well_quoted_rows(self) -> Iterator[tuple[int, list[str], Lines]]:
        csv.field_size_limit(MAX_CELL)
        with self.text.open() as stream:
            lines = Lines(self.name, stream)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            try:
                next(reader, None)
            except csv.Error as error:
                raise ImportFileError(_unreadable(self.name, 1, error)) from error
            row = reader.line_num + 1
            while True:
                try:
                    for cells in reader:
                        if cells:
                            yield row, cells, lines
                        row = reader.line_num + 1
                except csv.Error as error:
                    if reader.line_num != row or "end of data" in str(error) or "limit" in str(error):
                        raise ImportFileError(_unreadable(self.name, row, error)) from error
                    # The row's quotes do not match, but they end with its line: the next row can be read.
                    self.rows_in += 1
                    lines.holds_nul = False
                    self.reject(row, None, None, "has a quotation mark inside a cell that is not doubled")
                    row = reader.line_num + 1
                else:
                    return

    def _read_header(self, delimiter: str | None) -> tuple[list[str], str]:
        csv.field_size_limit(MAX_CELL)
        candidates = [delimiter] if delimiter else list(DELIMITERS)
        headers = {candidate: self._header_split_by(candidate) for candidate in candidates}
        asked_for = {*self.columns, *self.optional}
        best = max(headers, key=lambda candidate: (len(asked_for & set(headers[candidate])), len(headers[candidate])))
        header = headers[best]
        if len(header) > MAX_COLUMNS:
            raise ImportFileError(f"{self.name} has {len(header):,} columns; at most {MAX_COLUMNS:,} are read.")
        if any("\0" in column for column in header):
            raise ImportFileError(f"{self.name} has NUL characters in its header. Save it as UTF-8.")
        missing = [column for column in self.columns if column not in header]
        if missing:
            found = ", ".join(shortened(column) for column in header[:20])
            raise ImportFileError(
                f"{self.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; it has {found or 'none'}. "
                "Is it the file that its name says?"
            )
        repeated = [column for column in (*self.columns, *self.optional) if header.count(column) > 1]
        if repeated:
            raise ImportFileError(f"{self.name} has the column {repeated[0]} more than once. Remove one of them.")
        return header, best

    def _header_split_by(self, delimiter: str) -> list[str]:
        with self.text.open() as stream:
            try:
                return next(csv.reader(Lines(self.name, stream), delimiter=delimiter), [])
            except csv.Error as error:
                raise ImportFileError(_unreadable(self.name, 1, error)) from error


def _picker(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """Return what takes the cells at some places of a row; `itemgetter` alone gives no tuple for a single place."""
    if len(places) == 1:
        return lambda cells: (cells[places[0]],)
    return itemgetter(*places)


def _unreadable(name: str, row: int, error: csv.Error) -> str:
    text = str(error)
    if "end of data" in text:
        return f"{name}, row {row}: a quoted cell is never closed: the file seems to be cut off. Get it again."
    if "limit" in text:
        return f"{name}, row {row}: a cell is longer than 1 MiB, or a quotation mark is never closed."
    return f"{name}, row {row}: the quotation marks of a cell do not match, so it is not known where the row ends."
