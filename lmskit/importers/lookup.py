"""What is remembered of one file while another is read, such as which course a section belongs to."""

from __future__ import annotations

from typing import TypeVar

from lmskit.errors import ImportFileError

T = TypeVar("T")
MAX_ENTRIES = 500_000
"""What all lookups of one import hold together, so that a file of any size fits in memory."""


class Memory:
    """Counts what the lookups of one import hold."""

    def __init__(self) -> None:
        self.entries = 0

    def keep(self, lookup: dict[str, T], key: str, value: T, *, file: str) -> None:
        """Set `lookup[key]`.

        Raises
        ------
        ImportFileError
            There is no room for more.
        """
        if key not in lookup:
            self.entries += 1
            if self.entries > MAX_ENTRIES:
                raise ImportFileError(
                    f"{file}: the files name more than {MAX_ENTRIES:,} things that refer to each other. Import them in parts."
                )
        lookup[key] = value
