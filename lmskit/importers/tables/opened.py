"""The table at a path, whatever it is stored in, recognised by its content."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.archive import is_archive, opened
from lmskit.importers.tables import moodle_json, moodle_xml, ods, workbook_parts, xlsx
from lmskit.importers.tables.rows import ConvertedTable
from lmskit.importers.text_file import TextFile, scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lmskit.importers.tables.sheets import SheetRows

MAX_WORKBOOK = 64 * 1024**2
"""Bytes of the largest workbook that is read."""
BEGINNING = 1000
"""Characters by which a text file is recognised."""
MIMETYPE = "mimetype"
"""The file of an OpenDocument archive that says what it is."""


def table_at(path: Path) -> TextFile | ConvertedTable:
    """Return the table at a path: converted if it is a workbook or Moodle's JSON or XML, else the text file.

    Raises
    ------
    ImportFileError
        There is no such file, it cannot be read, or it is larger than is read.
    """
    if is_archive(path):
        return _converted(path, _sha256(path), _workbook_reader(path))
    file = scan(path)
    if _looks_like_xml(file) and moodle_xml.is_grades(path):
        return _converted(path, file.sha256, moodle_xml.read_xml)
    if moodle_json.looks_like_json(_beginning(file)):
        return _converted(path, file.sha256, moodle_json.read_json)
    return file


def refuse_damaged_table(path: Path) -> None:
    """Refuse a workbook or a JSON table that cannot be read, for what is wrong with it, and not as an unknown format.

    Raises
    ------
    ImportFileError
        It is a workbook or JSON, and is damaged or larger than is read.
    """
    if is_archive(path):
        try:
            _workbook_reader(path)
        except ImportFileError:
            return  # an archive of another kind
        table_at(path)
    elif path.is_file():
        try:
            file = scan(path)
        except ImportFileError:
            return
        if moodle_json.looks_like_json(_beginning(file)):
            table_at(path)


def _beginning(file: TextFile) -> str:
    with file.open() as stream:
        return stream.read(BEGINNING).lstrip("\ufeff \t\r\n")


def _looks_like_xml(file: TextFile) -> bool:
    return _beginning(file).startswith("<")


def _workbook_reader(path: Path) -> Callable[[Path], SheetRows]:
    """Return the reader of the kind of workbook that an archive is.

    Raises
    ------
    ImportFileError
        It is not a workbook, is larger than is read, or its table of contents is damaged.
    """
    with opened(path, names=[MIMETYPE]) as folder:
        is_ods = MIMETYPE in folder and folder[MIMETYPE].read_bytes()[: len(ods.MIMETYPE)] == ods.MIMETYPE.encode()
        is_xlsx = workbook_parts.is_workbook(folder.others)
    if not is_ods and not is_xlsx:
        raise ImportFileError(f"{path.name} is an archive, and neither an XLSX nor an ODS workbook.")
    return ods.read_workbook if is_ods else xlsx.read_workbook


def _sha256(path: Path) -> str:
    if path.stat().st_size > MAX_WORKBOOK:
        raise ImportFileError(
            f"{path.name} is larger than {MAX_WORKBOOK // 1024**2} MiB, which is more than is read of a workbook. Export the table as CSV."
        )
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@functools.lru_cache(maxsize=1)
def _converted(path: Path, sha256: str, read: Callable[[Path], SheetRows]) -> ConvertedTable:
    """Convert a table. The last one is kept, since each format looks at the same file in turn."""
    sheet = read(path)
    return ConvertedTable(path.name, sha256, sheet.notes, sheet.stored)
