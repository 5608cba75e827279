"""The sheet of a workbook that is read, and what a report says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from lmskit.errors import ImportFileError
from lmskit.importers.report import shortened
from lmskit.importers.tables.rows import StoredRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_NAMED = 10
"""Other sheets that a note names."""


class SheetRows:
    """The stored rows of one sheet, with notes on how it was read."""

    def __init__(self, name: str, sheet: str = "", rows: Iterable[tuple[int, Sequence[str]]] = ()) -> None:
        self.name, self.sheet = name, sheet
        self.stored = StoredRows(name, rows)
        self.notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no cell has a text."""
        return next(self.stored.rows(), None) is None

    def checked(self) -> Self:
        """Return the sheet, or refuse a workbook in which no sheet that is shown has a cell."""
        if self.is_empty:
            raise ImportFileError(f"{self.name} has no sheet with cells that is shown. Is it the right file?")
        return self


def notes_on(name: str, kind: str, sheet: str, others: Sequence[str], formulas: Mapping[tuple[int, int], str]) -> tuple[str, ...]:
    """Return notes on the sheet that was read, on those that were not, and on formulas without a stored value."""
    notes = []
    if others:
        named = ", ".join(repr(shortened(other)) for other in others[:MOST_NAMED]) + (" …" if len(others) > MOST_NAMED else "")
        notes.append(f"{name}: the {kind} {shortened(sheet)!r} was read, and not {named}. To import another, save it as a file of its own.")
    if formulas:
        (row, _), formula = min(formulas.items())
        notes.append(
            f"{name}: cells with a formula whose value is not stored were read as the text of the formula: {len(formulas):,}, "
            f"the first in row {row}: {shortened(formula)}. To get their values, save the file in a spreadsheet program."
        )
    return tuple(notes)
