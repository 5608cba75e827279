"""Reads the cells of a file that say who a person is, and warns of those that were mended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lmskit.importers.cell import ColumnValues, UnreadableCellError
from lmskit.importers.identity_cell import is_plain_id, read_address, read_id
from lmskit.importers.person_name import is_plain_name, read_family_name, read_full_name, read_given_name
from lmskit.importers.plain_headers import FAMILY_FIRST, plain_header, without_accents
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import plain_address

if TYPE_CHECKING:
    from lmskit.importers.person_name import FullName
    from lmskit.importers.record import Position
    from lmskit.importers.row_warnings import RowWarnings


class PersonCells:
    """The readers of ids, names and addresses of people.

    Each method takes the position of the row, the header and the text of a cell, and raises `RejectedRowError` if the cell
    cannot be read.
    """

    def __init__(self, warnings: RowWarnings) -> None:
        self._warnings = warnings
        self._given = ColumnValues(read_given_name)

    def optional_id(self, position: Position, column: str, cell: str) -> str | None:
        """Return an id, None if there is none."""
        if is_plain_id(cell):
            return cell
        try:
            found = read_id(cell)
        except UnreadableCellError as error:
            raise RejectedRowError(column, cell, str(error)) from error
        if found.mended is not None:
            self._warn(position, column, cell, found.value or "", found.mended)
        return found.value

    def id(self, position: Position, column: str, cell: str) -> str:
        """Return an id, which may not be missing."""
        found = self.optional_id(position, column, cell)
        if found is None:
            raise RejectedRowError(column, cell, "is empty")
        return found

    def family_name(self, position: Position, column: str, cell: str) -> str:
        """Return a family name, which may not be empty."""
        if is_plain_name(cell):
            return cell
        found = value(read_family_name, column, cell)
        if found.mended is not None:
            self._warn(position, column, cell, found.value, found.mended)
        return found.value

    def given_name(self, position: Position, column: str, cell: str) -> str:
        """Return a given name, which may be empty."""
        found = value(self._given.__getitem__, column, cell)
        if found.mended is not None:
            self._warn(position, column, cell, found.value, found.mended)
        return found.value

    def full_name(self, position: Position, column: str, cell: str) -> FullName:
        """Return the name in one cell, which may not be empty; some headers say that the family name comes first."""
        family_first = without_accents(plain_header(column)) in FAMILY_FIRST
        found = value(partial(read_full_name, family_first=family_first), column, cell)
        if found.mended is not None:
            self._warn(position, column, cell, f"{found.family}, {found.given}" if found.given else found.family, found.mended)
        return found

    def address(self, position: Position, column: str, cell: str) -> str | None:
        """Return an e-mail address in lower case, None if there is none."""
        if plain := plain_address(cell):
            return plain
        found = value(read_address, column, cell)
        if found.mended is not None:
            self._warn(position, column, cell, found.value or "", found.mended)
        return found.value

    def _warn(self, position: Position, column: str, cell: str, read: str, reason: str) -> None:
        cell = cell.strip()
        self._warnings.add(position.part, position.row, column, cell if read in {"", cell} else f"{cell} → {read}", reason)
