"""A course of a learning management system, read in parts that are each imported by themselves, so that a long sync can go on later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from lmskit.importers.record import Source
    from lmskit.importers.web_service.known import KnownCourse
    from lmskit.progress import Progress


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What is imported in one transaction.

    Attributes
    ----------
    source
        Its records.
    lacking
        Why it is not certain that all people of the course were read; None if it is.
    known_until
        With the last part: the moment up to which the system's changes are known then, by its clock.
    """

    source: Source
    lacking: str | None
    known_until: dt.datetime | None


class LiveReading(Protocol):
    """Reads one course of one system."""

    @property
    def name(self) -> str:
        """Of course and system, as the list of imports has it."""

    @property
    def n_requests(self) -> int:
        """How often the system was asked so far."""

    def batches(self, known: KnownCourse, *, whole: bool, progress: Progress) -> Iterator[ReadBatch]:
        """Read the course part by part, as far as it is not known; with `whole` in one part."""
