"""Write a table into a CSV file or a workbook of which no spreadsheet runs a cell, whole or not at all."""

from __future__ import annotations

import csv
import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from lmskit.errors import InputError
from lmskit.readable import without_formula
from lmskit.whole_file import whole_file, whole_text_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MOST_ROWS = 1_048_576
"""Rows of a sheet of Excel and LibreOffice, the header included."""
LONGEST_CELL = 32_767
"""Characters of a cell of a workbook."""
FOUR_DECIMALS, LIKE_THOUSANDS = Decimal("0.0001"), 3
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that no workbook can contain."""
ESCAPE_OF_WORKBOOKS = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""What begins a character written by its number in a workbook, so that `_x0041_` is read as `A`."""


def require_new_file(path: Path) -> None:
    """Refuse a file that exists, or a name that is not that of a table.

    Raises
    ------
    InputError
        It is one.
    """
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        raise InputError(f"{path} is the name of neither a CSV file nor a workbook. End it with .csv or .xlsx.")
    if path.exists():
        raise InputError(f"{path} exists. Nothing was written; name a file that does not exist yet.")


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, encoding: str = "utf-8-sig") -> int:
    """Write a table into a new file, `.csv` or `.xlsx`, and return its number of rows.

    Numbers stay numbers; days and times are written as text, times in UTC. A text that begins like a formula has an apostrophe in front,
    which the importer of plain tables takes away again. By the mark at the start of a CSV file Excel knows that it is in UTF-8.

    Raises
    ------
    InputError
        The file exists or cannot be made, or the table is too large for a workbook.
    """
    require_new_file(path)
    table = ([cell(value) for value in row] for row in rows)
    try:
        if path.suffix.lower() == ".csv":
            with whole_text_file(path, encoding=encoding, is_new=True) as text:
                writer = csv.writer(text)
                writer.writerow([cell(name) for name in header])
                return sum(1 for _ in map(writer.writerow, table))
        with whole_file(path, is_new=True) as file:
            return _write_workbook(file, header, table)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}. Name another file.") from error


def cell(value: object) -> str | int | Decimal:
    """Return a value as a cell.

    Examples
    --------
    >>> cell(None), cell("-1"), cell(Decimal("7.5000")), cell(Decimal("7.1250")), cell(dt.datetime(2026, 9, 25, 20, tzinfo=dt.timezone.utc))
    ('', "'-1", Decimal('7.5'), Decimal('7.1250'), '2026-09-25 20:00:00 UTC')
    """
    match value:
        case None:
            return ""
        case Decimal():
            plain = Decimal(f"{value.normalize():f}")
            # Three decimals could be thousands: 7.125.
            return plain.quantize(FOUR_DECIMALS) if plain.as_tuple().exponent == -LIKE_THOUSANDS else plain
        case int() | float() if not isinstance(value, bool):
            return value if isinstance(value, int) else Decimal(repr(value))
        case dt.datetime():
            return f"{value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(' ')} UTC"
        case dt.date():
            return value.isoformat()
    return without_formula(str(value))


def _write_workbook(file: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[str | int | Decimal]]) -> int:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("lmskit")
    sheet.freeze_panes = "A2"

    def shown(value: str | int | Decimal) -> object:
        made = WriteOnlyCell(sheet, _storable(value) if isinstance(value, str) else value)
        if isinstance(value, str):
            made.data_type = "s"  # a text stays one, whatever it begins with
        elif isinstance(value, Decimal) and value.as_tuple().exponent == FOUR_DECIMALS.as_tuple().exponent:
            made.number_format = "0.0000"
        return made

    n_rows = 0
    sheet.append([shown(cell(name)) for name in header])
    for n_rows, row in enumerate(rows, 1):
        if n_rows >= MOST_ROWS:
            raise InputError(f"A workbook has at most {MOST_ROWS:,} rows, and this table has more. Nothing was written; write a CSV file.")
        sheet.append([shown(value) for value in row])
    workbook.save(file)
    return n_rows


def _storable(text: str) -> str:
    text = ESCAPE_OF_WORKBOOKS.sub("_x005F_", NOT_IN_XML.sub("\ufffd", text))
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
