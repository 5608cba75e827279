"""How long work reports how far it is, and for whom it waits."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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


# Waiting for others -------------------------------------------------------------------------------------

Waits: TypeAlias = "Callable[[str | None], None]"
"""Receives, again and again while work waits for another session of the database, a sentence that says for whom and since when;
None when it goes on. It is called in the thread that works, and must not raise."""

_waits: ContextVar[Waits | None] = ContextVar("waits", default=None)


@contextmanager
def waits_shown(show: Waits) -> Iterator[None]:
    """Call `show` while work of this thread within the block waits for another session; within a nested block, only the inner one.

    Examples
    --------
    >>> with waits_shown(print):
    ...     show_wait("Waiting for another session (since 2 s) …")
    Waiting for another session (since 2 s) …
    >>> show_wait("This is shown nowhere.")
    """
    token = _waits.set(show)
    try:
        yield
    finally:
        _waits.reset(token)


def show_wait(sentence: str | None) -> None:
    """Show it where `waits_shown` says; see `Waits`."""
    if (show := _waits.get()) is not None:
        show(sentence)
