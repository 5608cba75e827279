"""The oddities of an import: listed as far as anybody reads, counted beyond."""

from __future__ import annotations

from lmskit.importers.report import Oddity, shortened

MAX_LISTED = 100_000


class Oddities(list[Oddity]):
    """What was taken though something about it is unusual."""

    def __init__(self) -> None:
        super().__init__()
        self.unlisted = 0

    def note(self, file: str, row: int | None, column: str | None, value: str | None, reason: str) -> None:
        """List an oddity while there is room."""
        if len(self) < MAX_LISTED:
            self.append(Oddity(file, row, column, None if value is None else shortened(value), reason))
        else:
            self.unlisted += 1

    def clear(self) -> None:
        """Forget them, before the files are read anew."""
        super().clear()
        self.unlisted = 0

    @property
    def notes(self) -> list[str]:
        """What a report should say of those that are not listed."""
        return [f"Oddities that are not listed: {self.unlisted:,}."] if self.unlisted else []
