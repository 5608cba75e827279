"""A CSV file from elsewhere, or another table with the same content, read row by row.

A workbook and the JSON or XML of Moodle are converted to rows of texts before (`tables`). A row that does not fit the
header is rejected with its position; a file that cannot be read to its end is refused as a whole, because the missing rows
are unknown.
"""

from __future__ import annotations

import csv
import re
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.header_rows import FEWEST_KNOWN, SEPARATOR_LINE, HeaderRow, header_among
from lmskit.importers.report import Rejection, shortened
from lmskit.importers.tables.opened import table_at
from lmskit.importers.tables.rows import ConvertedTable
from lmskit.importers.text_file import LineFlags, Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

MAX_CELL = 1024**2
"""Characters of one cell."""
MAX_COLUMNS = 10_000
MAX_REJECTIONS = 250_000
"""With more rejected rows than this, the file as a whole is wrong and is refused."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", ":": "colon"}
RARE_DELIMITERS = (":",)
"""Delimiters that are detected only if the others do not split the header into known columns."""
MASK = "***"
SECRET = re.compile("passw|passphrase|pwd", re.IGNORECASE)
"""Part of the headers of columns with passwords: no report repeats their cells, nor a row with cells in wrong columns."""


class CsvFile:
    """The columns of a CSV file that an importer reads.

    Columns are found by their exact header, which need not be the first row (`header_rows`). The other columns are in
    `skipped_columns`; columns behind the last header are not read.

    Parameters
    ----------
    path
        The file.
    columns
        Headers that the file must have, in the order in which `rows` gives the cells.
    optional
        Headers that the file may have; their cells are behind those of `columns`, and empty if the file lacks the column.
    whole
        Whether `rows` gives all cells of a row, in the order of `header`, and not only those of `columns` and `optional`.
    delimiter
        Comma, semicolon, tab or colon; by default the one that the file's first line names (`sep=;`), or else the one that
        splits the header into most known columns.
    padded
        Whether columns without a header behind the last header are columns, too.

    Raises
    ------
    ImportFileError
        The file cannot be read, or has other columns.
    """

    def __init__(
        self,
        path: Path,
        columns: Sequence[str],
        *,
        optional: Sequence[str] = (),
        whole: bool = False,
        delimiter: str | None = None,
        padded: bool = False,
    ) -> None:
        self.text = table_at(path)
        self.name = self.text.name
        self.columns, self.optional, self.whole = tuple(columns), tuple(optional), whole
        self._lines_above, said = self._separator_line()
        self._header, self.delimiter = self._read_header(delimiter or said)
        n_blank = self._header.width - len(self._header.cells) if padded else 0
        self.header, self.header_row = [*self._header.cells, *[""] * n_blank], self._header.row
        read = {*self.columns, *self.optional}
        self.skipped_columns = tuple(column for column in self.header if column not in read)
        self.secret_columns = frozenset(column for column in self.header if SECRET.search(column))
        self.rows_in = self.blank_rows = self.rows_beyond = 0
        self.rejections: list[Rejection] = []

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        notes = []
        if self.header_row > 1 + self._lines_above:
            notes.append(f"{self.name}: the header is row {self.header_row}; the rows above it are not read.")
        if self.rows_beyond:
            notes.append(f"{self.name}: cells behind the last header are not read; rows with such cells: {self.rows_beyond:,}.")
        if isinstance(self.text, ConvertedTable):
            return [*self.text.notes, *notes]
        if self.blank_rows:
            notes.append(f"{self.name}: rows whose cells are all blank are not counted: {self.blank_rows:,}.")
        if self.text.encoding not in {"utf-8", "utf-8-sig"}:
            notes.append(f"{self.name} was read as {self.text.encoding_name}.")
        if self.delimiter != ",":
            notes.append(f"{self.name} was read with the {DELIMITERS[self.delimiter]} between columns.")
        return notes

    def reject(self, row: int, column: str | None, value: str | None, reason: str) -> None:
        """Report that a row is not imported. A value that could be a password is masked.

        Raises
        ------
        ImportFileError
            More than `MAX_REJECTIONS` rows are rejected.
        """
        if value is not None and self.secret_columns and (column is None or column in self.secret_columns):
            value = MASK
        self.rejections.append(Rejection(self.name, row, column, None if value is None else shortened(value), reason))
        if len(self.rejections) > MAX_REJECTIONS:
            raise ImportFileError(f"More than {MAX_REJECTIONS:,} rows of {self.name} cannot be imported; the first: {self.rejections[0]}.")

    def rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the number of each row and the cells of its columns; rows that do not fit the header are rejected.

        A row of blank cells, as spreadsheets write below a table, is not counted.

        Raises
        ------
        ImportFileError
            The file ends in the middle of a row, or a quoted cell is never closed.
        """
        self.rows_in, self.blank_rows, self.rows_beyond, self.rejections = 0, 0, 0, []
        pick = self._pick()
        width = len(self.header)
        for row, cells, lines in self._well_quoted_rows():
            if not any(map(str.strip, cells)):
                self.blank_rows += 1
                continue
            self.rows_in += 1
            if len(cells) == width and not lines.has_nul:
                yield row, pick(cells)
            elif width < len(cells) <= self._header.width and not lines.has_nul:
                self.rows_beyond += any(map(str.strip, cells[width:]))
                yield row, pick(cells[:width])
            elif lines.has_nul:
                lines.has_nul = False
                index = next((index for index, cell in enumerate(cells) if "\0" in cell), width)
                column = self.header[index] if index < width else None
                self.reject(row, column, cells[index].replace("\0", "␀") if column else None, "contains a NUL character")
            elif len(cells) < width and lines.is_cut_off:
                raise ImportFileError(
                    f"{self.name}, row {row}: the file ends after {len(cells)} of {width} cells: it seems to be cut off. Get it again."
                )
            else:
                reason = "has more cells than the header" if len(cells) > width else "has fewer cells than the header"
                self.reject(row, None, self.delimiter.join(cells[: width + 1])[:MAX_CELL], reason)

    def _pick(self) -> Callable[[list[str]], tuple[str, ...]]:
        """Return a function from the cells of a row to those of the columns that are read."""
        if self.whole:
            return tuple
        if all(column in self.header for column in self.optional):
            return _picker([self.header.index(column) for column in (*self.columns, *self.optional)])
        index_of = dict(zip(self.header, range(len(self.header)), strict=True))
        indices = [index_of.get(column) for column in (*self.columns, *self.optional)]
        return lambda cells: tuple("" if index is None else cells[index] for index in indices)

    def _well_quoted_rows(self) -> Iterator[tuple[int, list[str], LineFlags]]:
        if isinstance(self.text, ConvertedTable):
            yield from self._converted_rows(self.text)
            return
        csv.field_size_limit(MAX_CELL)
        with self.text.open() as stream:
            lines = Lines(self.name, stream)
            above = self.header_row - 1
            below = islice(lines, above, None)
            reader = csv.reader(below, delimiter=self.delimiter, strict=True)
            try:
                next(reader, None)
            except csv.Error as error:
                raise ImportFileError(_unreadable(self.name, self.header_row, error)) from error
            row = above + reader.line_num + 1
            lines.has_nul = False
            while True:
                try:
                    for cells in reader:
                        if cells:
                            yield row, cells, lines
                        row = above + reader.line_num + 1
                except csv.Error as error:
                    if above + reader.line_num != row or "end of data" in str(error) or "limit" in str(error):
                        raise ImportFileError(_unreadable(self.name, row, error)) from error
                    # The row's quotes do not match, but they end with its line: the next row can be read.
                    self.rows_in += 1
                    lines.has_nul = False
                    self.reject(row, None, None, "has a quotation mark inside a cell that is not doubled")
                    row = above + reader.line_num + 1
                else:
                    return

    def _converted_rows(self, table: ConvertedTable) -> Iterator[tuple[int, list[str], LineFlags]]:
        """Give out the rows below the header; a row ends with its last cell that is not empty."""
        flags = LineFlags()
        width = len(self.header)
        for row, cells in table.rows():
            if row <= self.header_row:
                continue
            flags.has_nul = any("\0" in cell for cell in cells)
            yield row, cells + [""] * (width - len(cells)), flags

    def _separator_line(self) -> tuple[int, str | None]:
        """Return how many lines name the delimiter, which is the first or none, and the delimiter, if it is one that is read."""
        if isinstance(self.text, ConvertedTable):
            return 0, None
        with self.text.open() as stream:
            found = SEPARATOR_LINE.fullmatch(next(iter(Lines(self.name, stream)), ""))
        if found is None:
            return 0, None
        return 1, found["delimiter"] if found["delimiter"] in DELIMITERS else None

    def _read_header(self, delimiter: str | None) -> tuple[HeaderRow, str]:
        csv.field_size_limit(MAX_CELL)
        read = {*self.columns, *self.optional}
        usual = [delimiter] if delimiter else [mark for mark in DELIMITERS if mark not in RARE_DELIMITERS]
        headers = {mark: self._header_split_by(mark) for mark in usual}
        if not delimiter and not any(found.known >= FEWEST_KNOWN or read & set(found.cells) for found in headers.values()):
            rare = {mark: self._header_split_by(mark) for mark in RARE_DELIMITERS}
            headers |= {mark: found for mark, found in rare.items() if found.known >= FEWEST_KNOWN}
        best = max(headers, key=lambda mark: (len(read & set(headers[mark].cells)), headers[mark].known, len(headers[mark].cells)))
        self._check_header(headers[best].cells)
        return headers[best], best

    def _check_header(self, header: list[str]) -> None:
        """Refuse a header that is too wide, or lacks a column that is needed, or has one twice."""
        if len(header) > MAX_COLUMNS:
            raise ImportFileError(f"{self.name} has {len(header):,} columns; at most {MAX_COLUMNS:,} are read.")
        if any("\0" in column for column in header):
            raise ImportFileError(f"{self.name} has NUL characters in its header. Save it as UTF-8.")
        missing = [column for column in self.columns if column not in header]
        if missing:
            found = ", ".join(shortened(column) for column in header[:20])
            raise ImportFileError(
                f"{self.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; it has {found or 'no columns'}. "
                "Is it the right file?"
            )
        repeated = [column for column in (*self.columns, *self.optional) if header.count(column) > 1]
        if repeated:
            raise ImportFileError(f"{self.name} has the column {repeated[0]} more than once. Remove one of them.")

    def _header_split_by(self, delimiter: str) -> HeaderRow:
        rows = self.text.rows() if isinstance(self.text, ConvertedTable) else self._first_rows(delimiter)
        return header_among(rows, self.columns)

    def _first_rows(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """Give out rows until one cannot be read; if it is the first, the file is refused."""
        assert not isinstance(self.text, ConvertedTable)  # noqa: S101 - for the type
        above = self._lines_above
        with self.text.open() as stream:
            reader = csv.reader(islice(Lines(self.name, stream), above, None), delimiter=delimiter)
            row = above + 1
            try:
                for cells in reader:
                    yield row, cells
                    row = above + reader.line_num + 1
            except csv.Error as error:
                if row == above + 1:
                    raise ImportFileError(_unreadable(self.name, row, error)) from error


def _picker(indices: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """Return a function from the cells of a row to those at some indices; `itemgetter` alone gives no tuple for one index."""
    if len(indices) == 1:
        return lambda cells: (cells[indices[0]],)
    return itemgetter(*indices)


def _unreadable(name: str, row: int, error: csv.Error) -> str:
    text = str(error)
    if "end of data" in text:
        return f"{name}, row {row}: a quoted cell is never closed: the file seems to be cut off. Get it again."
    if "limit" in text:
        return f"{name}, row {row}: a cell is longer than 1 MiB, or a quotation mark is never closed."
    return f"{name}, row {row}: the quotation marks of a cell do not match, so the end of the row is unknown."
