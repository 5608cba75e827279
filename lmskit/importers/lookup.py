"""Memory of the rows of one file while another is read, such as the course of each section."""

from __future__ import annotations

from typing import TypeVar

from lmskit.errors import ImportFileError

T = TypeVar("T")
MAX_ENTRIES = 500_000
"""Entries that all lookups of one import may have together, so that memory is limited for files of any size."""


class Memory:
    """Counts the entries in the lookups of one import."""

    def __init__(self) -> None:
        self.entries = 0

    def keep(self, lookup: dict[str, T], key: str, value: T, *, file: str) -> None:
        """Set `lookup[key]`.

        Raises
        ------
        ImportFileError
            There are too many entries.
        """
        if key not in lookup:
            self.entries += 1
            if self.entries > MAX_ENTRIES:
                raise ImportFileError(
                    f"{file}: the files name more than {MAX_ENTRIES:,} rows that refer to each other. Import them in parts."
                )
        lookup[key] = value
