"""What a file is that is not a table, by its beginning or by the names of the files in it, and what to do instead."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.archive import is_archive, opened
from lmskit.importers.text_file import scan

if TYPE_CHECKING:
    from pathlib import Path

BEGINNING = 4000
"""Characters by which a text is recognised."""
GZIP, PDF, OLD_WORKBOOK = b"\x1f\x8b", b"%PDF-", b"\xd0\xcf\x11\xe0"
MOODLE_BACKUP = "it is a part of a backup of a Moodle course, or a damaged one. Import the whole .mbz file as Moodle wrote it."
DOCUMENT = f"it is a document to read. It can be added {advice.MATERIAL}"
OLD_OFFICE = "it is a file of an old version of Excel or Word. Open it and save it as XLSX or CSV."
UNKNOWN_SHEET = (
    "it is a workbook, and its first sheet with cells has no header of a table that lmskit reads. Move the sheet with the table to the "
    "front, or save it as a file of its own."
)
PAGE_WITH_TABLE = (
    "it is a web page with a table, as some systems export it under the name of a workbook. Open it in a spreadsheet program and save it "
    "as XLSX or CSV."
)
AIKEN = (
    "it seems to be questions in Aiken. Each option begins with a capital letter and a dot or bracket, such as “A. Two”, and the last line "
    "of a question is ANSWER: with one letter."
)
FOLDER_OF_DOCUMENTS = f"it has documents to read. They can be added {advice.MATERIAL}"
ONEROSTER = "it seems to be a OneRoster bundle, and lacks manifest.csv. Import the folder or archive with all its files."
COURSE_CONTENT = "it is a package of course content, and has no questions that lmskit reads. Export a quiz by itself, as QTI."
DOCUMENTS = frozenset({".pdf", ".html", ".htm", ".md", ".rst", ".srt", ".vtt", ".docx", ".pptx", ".odt", ".odp", ".ipynb"})
"""Endings of files that are read by people."""
PARTS_OF_WORKBOOKS = frozenset({"xl/workbook.xml", "content.xml"})
PARTS_OF_DOCUMENTS = frozenset({"word/document.xml", "ppt/presentation.xml"})
_PAGE = re.compile(r"<(?:!doctype html|html|head|body|h[1-6]|p|div|section|article)[\s>]")
_TABLE = re.compile(r"<table[\s>]")
_AIKEN_OPTION = re.compile(r"^[a-z][.)]", re.MULTILINE)
_JSON = re.compile(r"(?:\[\s*+)?\{\s*+[\"}]")


def advice_on_content(path: Path) -> str | None:
    """Return what a file is by its content, and what to do instead; None if that is not known."""
    if path.is_dir() or is_archive(path):
        return _advice_on_folder(path)
    beginning = _first_bytes(path)
    if beginning.startswith(GZIP):
        return _advice_on_gzip(path)
    if beginning == PDF:
        return DOCUMENT
    if beginning.startswith(OLD_WORKBOOK):
        return OLD_OFFICE
    try:
        with scan(path).open() as text:
            described = _advice_on_text(text.read(BEGINNING).lstrip("\ufeff \t\r\n").lower())
            return described or (DOCUMENT if _is_document(path.name) else None)
    except ImportFileError:
        return None


def _first_bytes(path: Path) -> bytes:
    """Return how a file begins; nothing for what is not a file, such as a pipe, which could be waited for without end."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(len(PDF))
    except OSError:
        return b""


def _advice_on_text(beginning: str) -> str | None:
    """Return what a text is that begins in this way, in lower case."""
    if _JSON.match(beginning):
        return "it is JSON that is not a table of rows, as Moodle downloads it. Download the table itself, as CSV."
    if not _PAGE.match(beginning) and not _TABLE.match(beginning):
        if "\nanswer:" in beginning and _AIKEN_OPTION.search(beginning):
            return AIKEN
        return MOODLE_BACKUP if "<moodle_backup" in beginning else None
    if "moodle quiz xhtml export" in beginning:
        return "it is a question bank that Moodle exported as a page to read. Export it as Moodle XML or as GIFT."
    if _TABLE.search(beginning):
        return PAGE_WITH_TABLE
    return f"it is a web page. If it is that of a sign-in, download the file itself. A page to read can be added {advice.MATERIAL}"


def _advice_on_folder(path: Path) -> str | None:
    """Return what a folder or an archive is by the names of its files."""
    try:
        with opened(path, names=()) as folder:
            names = set(folder.others)
    except ImportFileError:
        return None
    found = (
        ("moodle_backup.xml" in names, MOODLE_BACKUP),
        (bool(names & PARTS_OF_DOCUMENTS), DOCUMENT),
        (bool(names & PARTS_OF_WORKBOOKS) and path.suffix.lower() not in DOCUMENTS, UNKNOWN_SHEET),
        ("manifest.csv" not in names and bool(names & {"academicSessions.csv", "orgs.csv"}), ONEROSTER),
        (bool(names & {"imsmanifest.xml", "course_settings/course_settings.xml"}), COURSE_CONTENT),
        (2 * sum(map(_is_document, names)) > len(names), FOLDER_OF_DOCUMENTS),
        (len(names) > 1, "its files do not belong together. Import each of them by itself."),
    )
    return next((advice for is_so, advice in found if is_so), None)


def _is_document(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in DOCUMENTS


def _advice_on_gzip(path: Path) -> str:
    """Return what a file is that is packed with gzip, as a Moodle backup is."""
    try:
        with gzip.open(path) as stream:
            beginning = stream.read(BEGINNING)
    except (OSError, EOFError, zlib.error):
        beginning = b""
    if b"moodle_backup" in beginning or b"ustar" in beginning:
        return MOODLE_BACKUP
    return "it is packed with gzip. Unpack it, and import the file that is in it."
