"""How long work reports how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

REPORT_EVERY = 20_000
"""Rows between two calls of a `Progress` by `reported`."""


class Progress(Protocol):
    """Receives the name of the step that runs, how much of it is done, and of how much; None if the total is not known.

    A step that cannot be counted is reported once, when it begins, with 0 and None.
    """

    def __call__(self, step: str, done: int, total: int | None, /) -> None:
        """Report one state of the work."""


def silent(_step: str, _done: int, _total: int | None) -> None:
    """Report nothing."""


def reported(rows: Iterable[T], progress: Progress, step: str, total: int | None) -> Iterator[T]:
    """Yield the rows, and report at the beginning, after every `REPORT_EVERY` rows and at the end how many there were.

    Examples
    --------
    >>> calls = []
    >>> list(reported("abc", lambda *call: calls.append(call), "Reading", 3)), calls
    (['a', 'b', 'c'], [('Reading', 0, 3), ('Reading', 3, 3)])
    """
    count = 0
    progress(step, 0, total)
    for count, row in enumerate(rows, 1):
        if count % REPORT_EVERY == 0:
            progress(step, count if total is None else min(count, total), total)
        yield row
    progress(step, count, count)
