"""The parts of an XLSX workbook that contain its tables, checked: no macros, pictures, embedded files or links to others.

What openpyxl gets is an archive of these parts alone, of limited size and without document types.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from typing import IO, TYPE_CHECKING

from lmskit.importers.archive import opened
from lmskit.importers.tables.rows import MAX_CELL, MAX_COLUMNS, MAX_ROWS
from lmskit.importers.tables.xml_events import XmlEvents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

WORKBOOK = re.compile(r"xl/workbook\d{0,3}\.xml", re.ASCII)
SHEET = re.compile(r"xl/worksheets/[^/]{1,100}\.xml")
STRINGS = re.compile(r"xl/sharedstrings\d{0,3}\.xml", re.ASCII | re.IGNORECASE)
_OTHERS = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/_rels/workbook\d{0,3}\.xml\.rels|xl/styles\d{0,3}\.xml", re.ASCII)
MAX_SHEET, MAX_STRINGS, MAX_OTHER = 128 * 1024**2, 32 * 1024**2, 2 * 1024**2
"""Bytes of a sheet, of the texts of all sheets, and of any other part."""
MAX_ELEMENTS = 50_000
"""Elements of a part outside its rows and texts, and elements of one row or text."""
MAX_TEXTS = 1_000_000
"""Different texts of all sheets."""
ROWS_OF_A_SHEET = 1_048_576
"""The last of which some programs write although it is empty."""
MAX_FORMULAS = 100_000
"""Formulas without a stored value that are kept."""


class FormulaCells(dict[tuple[int, int], str]):
    """The formulas whose value is not stored, by row and column of their cells; both count from 1."""


class _Part(XmlEvents):
    """Checks that a part needs little memory to be read, row by row or text by text."""

    COUNTED = frozenset({"row", "si"})

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.formulas = FormulaCells()
        self._elements = self._inside = self._n_begun = self._text = 0
        self._begun_at = 0
        self._row = self._column = 0
        self._formula: list[str] | None = None
        self._has_value = self._in_formula = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._begun_at:
            self._inside += 1
        elif tag in self.COUNTED:
            self._begun_at, self._inside, self._column = self.depth, 0, 0
            self._n_begun += 1
            self._text = 0
            if tag == "row":
                self._row = _number(attributes.get("r", ""), self._row + 1)
            if self._n_begun > MAX_TEXTS or self._row > ROWS_OF_A_SHEET:
                raise self.refusal(f"it has more than {MAX_TEXTS:,} different texts, or a row that no sheet has")
        else:
            self._elements += 1
        if max(self._elements, self._inside) > MAX_ELEMENTS:
            raise self.refusal("it has too many elements")
        if tag == "c":
            self._column = _column(attributes.get("r", ""), self._column + 1)
            self._formula, self._has_value, self._text = None, False, 0
        elif tag == "f":
            self._formula, self._in_formula = [], True
            self._check_position()
        elif tag in {"v", "is"}:
            self._has_value = True
            self._check_position()

    def end(self, tag: str) -> None:
        if tag == "f":
            self._in_formula = False
        elif tag == "c" and self._formula is not None and not self._has_value and len(self.formulas) < MAX_FORMULAS:
            self.formulas[self._row, self._column] = "=" + "".join(self._formula)
        if self._begun_at and self.depth < self._begun_at:
            self._begun_at = 0

    def data(self, text: str) -> None:
        self._text += len(text)
        if self._text > MAX_CELL and self._begun_at:
            raise self.refusal("it has a cell of more than 1 MiB")
        if self._in_formula and self._formula is not None:
            self._formula.append(text)

    def _check_position(self) -> None:
        """Refuse a cell with a value beyond the rows and columns that are read; empty ones may be to the end of the sheet."""
        if self._row > MAX_ROWS:
            raise self.refusal(f"it has more than {MAX_ROWS:,} rows, which is more than is read")
        if self._column > MAX_COLUMNS:
            raise self.refusal(f"row {self._row} has more than {MAX_COLUMNS:,} columns, which is more than is read")


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise  # noqa: PLR2004 - digits of any row


def _column(reference: str, otherwise: int) -> int:
    """Return the number of the column of a reference such as AB12."""
    letters = reference.rstrip("0123456789")
    if not letters or len(letters) > 3 or not (letters.isascii() and letters.isalpha()):  # noqa: PLR2004 - letters of any column
        return otherwise
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def is_workbook(names: Iterable[str]) -> bool:
    """Return whether an archive with files of these names is an XLSX workbook."""
    return any(WORKBOOK.fullmatch(name) for name in names)


def checked_parts(path: Path) -> tuple[IO[bytes], dict[str, FormulaCells]]:
    """Return an archive of the parts with tables, and the formulas without a value by the name of the sheet's part.

    Raises
    ------
    ImportFileError
        The workbook is damaged, encrypted, larger than is read, or has document types.
    """
    with opened(path, names=()) as listed:
        names = [name for name in listed.others if any(kind.fullmatch(name) for kind in (WORKBOOK, SHEET, STRINGS, _OTHERS))]
    formulas: dict[str, FormulaCells] = {}
    with opened(path, names=names) as folder:
        for name, file in folder.items():
            part = _Part(path.name)
            part.read(file, most=MAX_SHEET if SHEET.fullmatch(name) else MAX_STRINGS if STRINGS.fullmatch(name) else MAX_OTHER)
            formulas[name] = part.formulas
        stream: IO[bytes] = tempfile.TemporaryFile(prefix="lmskit-")  # noqa: SIM115 - closed by the caller
        with zipfile.ZipFile(stream, "w") as archive:
            for name, file in folder.items():
                archive.write(file, name)
    stream.seek(0)
    return stream, formulas
