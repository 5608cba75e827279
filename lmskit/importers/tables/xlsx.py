"""A workbook of Excel (XLSX): the values of the first sheet that has any, formulas as the values that were stored with them."""

from __future__ import annotations

import re
import warnings
import zipfile
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from lmskit.errors import ImportFileError
from lmskit.importers.tables.cell_text import cell_text
from lmskit.importers.tables.rows import MAX_COLUMNS
from lmskit.importers.tables.sheets import SheetRows, notes_on
from lmskit.importers.tables.workbook_parts import FormulaCells, checked_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

ESCAPED = re.compile("_x(?!0000|[dD][89A-Fa-f])([0-9A-Fa-f]{4})_")
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    ParseError,
    RecursionError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
"""What openpyxl raises on parts that are damaged or forged."""


def read_workbook(path: Path) -> SheetRows:
    """Read a workbook.

    Raises
    ------
    ImportFileError
        It is damaged or larger than is read, or no sheet has a cell.
    """
    stream, formulas = checked_parts(path)
    with stream:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of parts that are left out
                return _read(path.name, stream, formulas)
        except UNREADABLE as error:
            raise ImportFileError(
                f"{path.name} cannot be read: a part of it is not as the format of workbooks demands. "
                "Open it in a spreadsheet program and save it again, or export the table as CSV."
            ) from error


def _read(name: str, stream: IO[bytes], formulas: dict[str, FormulaCells]) -> SheetRows:
    from openpyxl import load_workbook

    workbook = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    try:
        return _first_sheet(name, [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"], formulas)
    finally:
        workbook.close()


def _first_sheet(name: str, sheets: list[ReadOnlyWorksheet], formulas: dict[str, FormulaCells]) -> SheetRows:
    """Return the first sheet that has a cell."""
    found = SheetRows(name)
    for sheet in sheets:
        if found.is_empty:
            of_sheet = formulas.get(sheet._worksheet_path.lstrip("/"), FormulaCells())  # noqa: SLF001 - the only way to the part
            found = SheetRows(name, sheet.title, _rows(sheet, of_sheet))
            found.notes = notes_on(name, "sheet", sheet.title, [other.title for other in sheets if other is not sheet], of_sheet)
    return found.checked()


def _rows(sheet: ReadOnlyWorksheet, formulas: FormulaCells) -> Iterator[tuple[int, list[str]]]:
    """Give out the rows of a sheet; the size that it declares may be wrong, and is not used."""
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if not cells:
            continue
        texts = [cell_text(_unescaped(cell.value), cell.number_format or "General") for cell in cells[:MAX_COLUMNS]]
        for column, text in enumerate(texts, 1):
            if not text and (formula := formulas.get((number, column))):
                texts[column - 1] = formula
        yield number, texts


def _unescaped(value: object) -> object:
    """Return a value; of a text, with the characters that are written by their number, such as `_x000D_`."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if isinstance(value, str) and "_x" in value else value
