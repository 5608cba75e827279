"""What the files in an archive may be called, and how much of them is read."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from lmskit.errors import ImportFileError
from lmskit.limits import MOST_UNPACKED_RATIO, UNPACKED_RATIO_FLOOR

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
MAX_UNPACKED = 2 * 1024**3
"""Bytes of all files together."""
MAX_RATIO, RATIO_FLOOR = MOST_UNPACKED_RATIO, UNPACKED_RATIO_FLOOR
"""Of an entry, and of the whole archive."""
MAX_DIRECTORY = 4 * 1024**2
"""Bytes of an archive's table of contents."""
LONGEST_MEMBER_NAME = 128
"""Bytes that a file takes in it, on average."""
CHUNK = 1024**2
ADDED_BY_SYSTEMS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
"""Files that operating systems add."""


def is_added_by_system(name: str) -> bool:
    """Return whether a file is one that an operating system adds."""
    return name.startswith(ADDED_BY_SYSTEMS[0]) or PurePosixPath(name).name in ADDED_BY_SYSTEMS


def check_name(archive: str, name: str) -> None:
    """Refuse a name that leads out of the archive, or that not every system can have.

    Raises
    ------
    ImportFileError
        It is such a name.
    """
    parts = name.removesuffix("/").split("/")
    unsafe = "\\" in name or ":" in name or any(unicodedata.category(character) in {"Cc", "Cs"} for character in name)
    if unsafe or any(part in {"", ".", ".."} for part in parts):
        raise ImportFileError(f"{archive}: {name!r} is not a name within the archive. Nothing was unpacked.")


def without_top_folder(files: Mapping[str, T]) -> dict[str, T]:
    """Return files by their names without that of the folder in which all of them are, if there is one."""
    tops = {name.partition("/")[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return {name.partition("/")[2]: file for name, file in files.items()}
    return dict(files)
