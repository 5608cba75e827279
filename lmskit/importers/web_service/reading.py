"""A course of a learning management system, read in parts that are each imported by themselves, so that a long sync can go on later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lmskit.importers.record import Source
    from lmskit.importers.web_service.known import KnownCourse
    from lmskit.progress import Progress

T = TypeVar("T")
BATCH = 500
"""Attempts of a part; of a system that lists results, results."""


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


def in_batches(
    read: Iterable[T],
    source: Callable[[Sequence[T], bool], Source],
    *,
    lacking: str | None,
    known_until: dt.datetime | None,
    whole: bool,
) -> Iterator[ReadBatch]:
    """Divide what is read into parts of `BATCH`; there is one even if nothing is.

    Parameters
    ----------
    read
        What is divided.
    source
        Makes the source of a part; the second argument says whether it is the first one.
    lacking, known_until
        As in `ReadBatch`.
    whole
        Whether all is one part.
    """
    part: list[T] = []
    is_first = True
    for each in read:
        if len(part) >= BATCH and not whole:
            yield ReadBatch(source(part, is_first), lacking, None)
            part, is_first = [], False
        part.append(each)
    yield ReadBatch(source(part, is_first), lacking, known_until)
