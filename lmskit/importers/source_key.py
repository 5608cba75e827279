"""The key of a source of files: the headers of its tables, which its next file has again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.plain_headers import plain_header

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def key_of_headers(headers: Iterable[str]) -> str:
    """Return the key of tables with these headers, in any order.

    Examples
    --------
    >>> key_of_headers(["E-Mail", "Name"]) == key_of_headers(["name ", "e-mail"]), len(key_of_headers(["Name"]))
    (True, 64)
    """
    return hashlib.sha256("\n".join(sorted(plain_header(header) for header in headers)).encode()).hexdigest()


def source_key(path: Path) -> str | None:
    """Return the key of the source of a table; None for a file without columns, a folder or an archive.

    The separator is always the detected one, so that a person who gives another finds the same source.
    """
    try:
        header = [] if path.is_dir() else CsvFile(path, [], whole=True).header
    except ImportFileError:
        return None
    named = [text for text in header if text.strip()]
    return key_of_headers(named) if len(named) > 1 else None
