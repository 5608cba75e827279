"""Work that waits until a hand is still: a slider that is dragged tells every step, and only the last one matters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Debounced:
    """Do something once the calls have paused.

    In a kernel, whose messages come through an event loop, the work is done `seconds` after the last call. Without a loop it is done
    at once.

    Parameters
    ----------
    work
        Takes and returns nothing.
    seconds
        How long the calls have to pause.

    Examples
    --------
    >>> done = []
    >>> again = Debounced(lambda: done.append("once"))
    >>> async def drag():
    ...     for _ in range(5):
    ...         again()
    ...     await asyncio.sleep(0.4)
    >>> asyncio.run(drag())
    >>> done
    ['once']
    """

    def __init__(self, work: Callable[[], None], *, seconds: float = 0.25) -> None:
        self._work, self._seconds = work, seconds
        self._waiting: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        """Ask for the work."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work()
        else:
            self._waiting = loop.call_later(self._seconds, self._work)
