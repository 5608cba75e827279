"""The rows of a table that was converted to text: in a temporary file, so that a table of any size takes little memory."""

from __future__ import annotations

import json
import tempfile
import threading
import weakref
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from lmskit.errors import ImportFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_ROWS = 250_000
MAX_COLUMNS = 10_000
MAX_CELLS = 5_000_000
"""With the empty ones between others."""
MAX_CELL = 1024**2
"""Characters of one cell."""
READ_AT_ONCE = 256 * 1024
"""Bytes of rows that are read at a time."""


@dataclass(frozen=True)
class ConvertedTable:
    """A table that was read to its end; its rows can be read any number of times.

    The name of its `encoding` is that of a text file of the same content, so that nothing is reported about it.
    """

    name: str
    """Of the file, without its path."""
    sha256: str
    """Of the file."""
    notes: tuple[str, ...]
    """Notes for a report on how the file was read."""
    stored: StoredRows
    encoding: str = "utf-8"
    encoding_name: str = "UTF-8"

    @property
    def n_lines(self) -> int:
        """How many rows are not empty."""
        return self.stored.count

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Give out the number of each row that is not empty, and its cells up to the last one that is not empty."""
        return self.stored.rows()


class StoredRows:
    """Rows in a temporary file without a name, which is gone with the process at the latest.

    Parameters
    ----------
    name
        The name of the file from which the rows come, for refusals.
    rows
        The number and the cells of each row.

    Raises
    ------
    ImportFileError
        There are more rows, columns or cells than are read, or a cell is too long.
    """

    def __init__(self, name: str, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        self._stream: IO[bytes] = tempfile.TemporaryFile(prefix="lmskit-")  # noqa: SIM115 - closed with this object
        weakref.finalize(self, self._stream.close)
        self._lock = threading.Lock()
        self.count = 0
        """Rows that are not empty."""
        try:
            self._store(name, rows)
        except BaseException:
            self._stream.close()
            raise

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Give out the rows that are not empty; several readers may read at the same time."""
        position = 0
        while lines := self._lines_at(position):
            for line in lines:
                position += len(line)
                number, cells = json.loads(line)
                yield number, cells

    def _store(self, name: str, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
        n_cells = 0
        for number, cells in rows:
            width = len(cells)
            while width and not cells[width - 1].strip():
                width -= 1
            if not width:
                continue
            self.count, n_cells = self.count + 1, n_cells + width
            if max(number, self.count) > MAX_ROWS:
                raise _refusal(name, f"has more than {MAX_ROWS:,} rows")
            if width > MAX_COLUMNS:
                raise _refusal(name, f"has more than {MAX_COLUMNS:,} columns", number)
            if n_cells > MAX_CELLS:
                raise _refusal(name, f"has more than {MAX_CELLS:,} cells")
            if any(len(cell) > MAX_CELL for cell in cells):
                raise _refusal(name, "has a cell of more than 1 MiB", number)
            self._stream.write(json.dumps([number, list(cells[:width])]).encode() + b"\n")

    def _lines_at(self, position: int) -> list[bytes]:
        with self._lock:
            self._stream.seek(position)
            return self._stream.readlines(READ_AT_ONCE)


def _refusal(name: str, reason: str, row: int | None = None) -> ImportFileError:
    where = name if row is None else f"{name}, row {row}"
    return ImportFileError(f"{where}: it {reason}, which is more than is read. Export the table as CSV.")
