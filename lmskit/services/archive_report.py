"""What was done with archives, as command and form say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.queries.archive import MOVED
from lmskit.queries.term import moved_text
from lmskit.rounding import count_text

if TYPE_CHECKING:
    from lmskit.schemas.archive import ArchiveManifest


@dataclass(frozen=True)
class ArchiveReport:
    """What was archived or restored.

    Attributes
    ----------
    manifest
        Of the files.
    location
        Folder or address of the files.
    """

    manifest: ArchiveManifest
    location: str

    @property
    def rows(self) -> str:
        """How many rows moved, in words."""
        attempts, estimates = (self.manifest.rows_of(table.name) for table in MOVED)
        return moved_text(attempts, estimates)

    @property
    def archived(self) -> str:
        """What was done when the term was archived, a sentence."""
        where = f"Its files are in {self.location}; keep a copy on another machine."
        return f"The term {self.manifest.term} is archived: {self.rows}. {where}"

    @property
    def verified(self) -> str:
        """What was found when the archive was verified, a sentence."""
        return f"The archive of {self.manifest.term} is in order: {self.rows}, in the database and in {self.location}."

    @property
    def restored(self) -> str:
        """What was done when the term was restored, a sentence."""
        return f"The term {self.manifest.term} is restored and closed: {self.rows}."


def pruned(code: str, removed: int) -> str:
    """What `prune_archives` did, a sentence."""
    return f"{count_text(removed, 'earlier archive')} of {code} removed. Copies on other machines are as they were."
