"""A CSV file from elsewhere, or another table with the same content, read row by row.

A workbook and the JSON or XML of Moodle are converted to rows of texts before (`tables`). A row that does not fit the
header is rejected with its position; a file that cannot be read to its end is refused as a whole, because the missing rows
are unknown.
"""

from __future__ import annotations

import csv
import re
from operator import itemgetter
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
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
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
MASK = "***"
SECRET = re.compile("passw|passphrase|pwd", re.IGNORECASE)
"""Part of the headers of columns with passwords: no report repeats their cells, nor a row with cells in wrong columns."""


class CsvFile:
    """The columns of a CSV file that an importer reads.

    Columns are found by their exact header. The other columns are in `skipped_columns`.

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
        Comma, semicolon or tab; by default the one that splits the header into most columns.

    Raises
    ------
    ImportFileError
        The file cannot be read, or has other columns.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], *, optional: Sequence[str] = (), whole: bool = False, delimiter: str | None = None
    ) -> None:
        self.text = table_at(path)
        self.name = self.text.name
        self.columns, self.optional, self.whole = tuple(columns), tuple(optional), whole
        self.header, self.delimiter = self._read_header(delimiter)
        read = {*self.columns, *self.optional}
        self.skipped_columns = tuple(column for column in self.header if column not in read)
        self.secret_columns = frozenset(column for column in self.header if SECRET.search(column))
        self.rows_in = self.blank_rows = 0
        self.rejections: list[Rejection] = []

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        if isinstance(self.text, ConvertedTable):
            return list(self.text.notes)
        notes = []
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
        self.rows_in, self.blank_rows, self.rejections = 0, 0, []
        pick = self._pick()
        width = len(self.header)
        for row, cells, lines in self._well_quoted_rows():
            if not any(map(str.strip, cells)):
                self.blank_rows += 1
                continue
            self.rows_in += 1
            if len(cells) == width and not lines.has_nul:
                yield row, pick(cells)
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
                    lines.has_nul = False
                    self.reject(row, None, None, "has a quotation mark inside a cell that is not doubled")
                    row = reader.line_num + 1
                else:
                    return

    def _converted_rows(self, table: ConvertedTable) -> Iterator[tuple[int, list[str], LineFlags]]:
        """Give out the rows below the header; a row ends with its last cell that is not empty."""
        flags = LineFlags()
        rows = table.rows()
        next(rows, None)
        width = len(self.header)
        for row, cells in rows:
            flags.has_nul = any("\0" in cell for cell in cells)
            yield row, cells + [""] * (width - len(cells)), flags

    def _read_header(self, delimiter: str | None) -> tuple[list[str], str]:
        csv.field_size_limit(MAX_CELL)
        candidates = [delimiter] if delimiter else list(DELIMITERS)
        headers = {candidate: self._header_split_by(candidate) for candidate in candidates}
        read = {*self.columns, *self.optional}
        best = max(headers, key=lambda candidate: (len(read & set(headers[candidate])), len(headers[candidate])))
        header = headers[best]
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
        return header, best

    def _header_split_by(self, delimiter: str) -> list[str]:
        if isinstance(self.text, ConvertedTable):
            return next((cells for _, cells in self.text.rows()), [])
        with self.text.open() as stream:
            try:
                return next(csv.reader(Lines(self.name, stream), delimiter=delimiter), [])
            except csv.Error as error:
                raise ImportFileError(_unreadable(self.name, 1, error)) from error


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
