"""A workbook in the OpenDocument format (ODS): the values of the first sheet that has any, formulas as the values stored with them.

A cell contains its value and beside it the text that is shown. Numbers are read from the value, since the text may be
rounded, and ids of digits from the text. No library that is still kept gives both, so the format is read here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmskit.importers.archive import opened
from lmskit.importers.tables.cell_text import duration_text, number_text, plain_number
from lmskit.importers.tables.rows import MAX_CELL, MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from lmskit.importers.tables.sheets import SheetRows, notes_on
from lmskit.importers.tables.xml_events import XmlEvents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
CONTENT = "content.xml"
MAX_CONTENT = 128 * 1024**2
MAX_SHEETS = 1000
MAX_STYLES = 100_000
SHOWN_IN_FULL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
DIGITS_AND_SEPARATORS = re.compile(r"[0-9](?:[ /\-]?[0-9]){1,40}", re.ASCII)
_DURATION = re.compile(r"(-?)PT?(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:[.,][0-9]{1,18})?S)?", re.ASCII)
_NOT_SHOWN = frozenset({"annotation", "tracked-changes", "forms", "shapes"})
"""Elements whose texts are not those of cells."""


class _Cell:
    """A cell whose end was not read yet."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self.attributes = attributes
        self.paragraphs: list[list[str]] = []

    @property
    def shown(self) -> str:
        return "\n".join("".join(pieces) for pieces in self.paragraphs)

    @property
    def formula(self) -> str:
        """The formula if no value is stored with it, else empty."""
        formula = self.attributes.get("formula", "")
        return "" if not formula or "value-type" in self.attributes else f"={formula.partition('=')[2]}"

    def text(self) -> str:
        shown, kind = self.shown, self.attributes.get("value-type", "")
        value = self.attributes.get("value", "")
        if self.attributes.get("error") or kind not in {"float", "currency", "percentage", "date", "time", "boolean"}:
            return shown or self.attributes.get("string-value", "") or self.formula
        match kind:
            case "date":
                return self.attributes.get("date-value", shown).replace("T", " ")
            case "time":
                return _duration(self.attributes.get("time-value", ""), shown)
            case "boolean":
                return self.attributes.get("boolean-value", shown).upper()
            case _:
                return _number(value, shown, is_percentage=kind == "percentage")


class _Content(XmlEvents):
    """Collects the rows of every sheet until one has a cell with a text."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.sheet = ""
        self.others: list[str] = []
        self.rows: list[tuple[int, list[str]]] = []
        self.formulas: dict[tuple[int, int], str] = {}
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._is_read = False
        self._row: list[str] = []
        self._repeated = 1
        self._n_rows = self._n_cells = self._empty = self._text = 0
        self._cell: _Cell | None = None
        self._not_shown = 0
        self._tables = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._not_shown or tag in _NOT_SHOWN:
            self._not_shown += 1
            return
        local = {name.rpartition("}")[2]: value for name, value in attributes.items()} if attributes else {}
        match tag:
            case "style":
                self._style = local.get("name", "")
            case "table-properties" if local.get("display") == "false" and len(self._hidden_styles) < MAX_STYLES:
                self._hidden_styles.add(self._style)
            case "table":
                self._begin_sheet(local)
            case "table-row" if self._is_read:
                self._row, self._empty, self._repeated = [], 0, _count(local.get("number-rows-repeated", ""))
            case "table-cell" | "covered-table-cell" if self._is_read:
                error = {"error": "1"} if attributes.get(_CALC_TYPE) == "error" else {}
                self._cell, self._text = _Cell(local | error), 0
            case "p" | "h" if self._cell:
                self._cell.paragraphs.append([])
            case "s" if self._cell:
                self.data(" " * min(_count(local.get("c", "")), MAX_CELL + 1))
            case "tab" | "line-break" if self._cell:
                self.data("\t" if tag == "tab" else "\n")

    def end(self, tag: str) -> None:
        if self._not_shown:
            self._not_shown -= 1
        elif tag in {"table-cell", "covered-table-cell"} and self._cell:
            cell, self._cell = self._cell, None
            self._add_cell(cell.text(), _count(cell.attributes.get("number-columns-repeated", "")), cell.formula)
        elif tag == "table-row" and self._is_read:
            self._add_row()
        elif tag == "table":
            self._tables -= 1
            self._is_read = False

    def data(self, text: str) -> None:
        if self._cell and self._cell.paragraphs and not self._not_shown:
            self._text += len(text)
            if self._text > MAX_CELL:
                raise self.refusal(f"row {self._n_rows + 1} has a cell of more than 1 MiB")
            self._cell.paragraphs[-1].append(text)

    def damage(self, part: str) -> str:
        """Return the sentence about a file that is not well-formed, with what is known to write such files."""
        return (
            f"{self.name}, row {self._n_rows + 1}: {part} in it is not well-formed XML. "
            "Moodle writes that for a text that begins with =, and leaves the text out. Export the table as CSV."
        )

    def _begin_sheet(self, attributes: Mapping[str, str]) -> None:
        self._tables += 1
        if self._tables > 1 or attributes.get("style-name") in self._hidden_styles:
            return  # a table within a cell, or a sheet that is not shown
        name = attributes.get("name", "")
        if self.rows:
            if len(self.others) < MAX_SHEETS:
                self.others.append(name)
            return
        if self.sheet:
            self.others.append(self.sheet)
        self.sheet, self._is_read, self._n_rows = name, True, 0

    def _add_cell(self, text: str, repeated: int, formula: str) -> None:
        if not text.strip():
            self._empty += repeated
            return
        width = len(self._row) + self._empty + repeated
        if width > MAX_COLUMNS:
            raise self.refusal(f"row {self._n_rows + 1} has more than {MAX_COLUMNS:,} columns, which is more than is read")
        if formula:
            self.formulas[self._n_rows + 1, width] = formula
        self._row += [""] * self._empty + [text] * repeated
        self._empty = 0

    def _add_row(self) -> None:
        first = self._n_rows + 1
        self._n_rows += self._repeated
        if not self._row:
            return
        self._n_cells += len(self._row) * self._repeated
        if self._n_rows > MAX_ROWS or self._n_cells > MAX_CELLS:
            raise self.refusal(f"it has more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells, which is more than is read")
        self.rows += [(first + nth, self._row) for nth in range(self._repeated)]


_CALC_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"


def _count(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else 1  # noqa: PLR2004 - digits of any sheet


def _number(value: str, shown: str, *, is_percentage: bool) -> str:
    """Return the text of a number; of an id of digits what is shown, if it has the same digits."""
    try:
        number = float(value)
    except ValueError:
        return shown
    if is_percentage:
        return number_text(number, "%")
    if SHOWN_IN_FULL.fullmatch(shown) and float(shown) == number:
        return shown
    digits = "".join(character for character in shown if character.isdigit())
    is_id = DIGITS_AND_SEPARATORS.fullmatch(shown) and float(digits) == number
    return shown if is_id else plain_number(number)


def _duration(value: str, shown: str) -> str:
    found = _DURATION.fullmatch(value)
    if not found:
        return shown
    hours, minutes, seconds = (int(piece or 0) for piece in found.groups()[1:])
    total = 3600 * hours + 60 * minutes + seconds
    return duration_text(-total if found[1] else total)


def read_workbook(path: Path) -> SheetRows:
    """Read a workbook.

    Raises
    ------
    ImportFileError
        It is damaged, encrypted or larger than is read, or no sheet has a cell.
    """
    content = _Content(path.name)
    with opened(path, names=[CONTENT]) as folder:
        if CONTENT in folder:
            content.read(folder[CONTENT], most=MAX_CONTENT)
    found = SheetRows(path.name, content.sheet, content.rows)
    found.notes = notes_on(path.name, "sheet", content.sheet, content.others, content.formulas)
    return found.checked()
