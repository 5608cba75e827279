"""The warnings of an import: listed up to a limit, counted beyond it."""

from __future__ import annotations

from lmskit.importers.report import RowWarning, shortened

MAX_LISTED = 100_000


class RowWarnings(list[RowWarning]):
    """The warnings of a reader: rows that it imported although something about them is unusual."""

    def __init__(self) -> None:
        super().__init__()
        self.unlisted = 0

    def add(self, file: str, row: int | None, column: str | None, value: str | None, reason: str) -> None:
        """List a warning, or only count it once `MAX_LISTED` are listed."""
        if len(self) < MAX_LISTED:
            self.append(RowWarning(file, row, column, None if value is None else shortened(value), reason))
        else:
            self.unlisted += 1

    def clear(self) -> None:
        """Forget the warnings, before the files are read again."""
        super().clear()
        self.unlisted = 0

    @property
    def notes(self) -> list[str]:
        """A note with the number of warnings that are not listed; empty if all are listed."""
        return [f"Warnings that are not listed: {self.unlisted:,}."] if self.unlisted else []
