"""Work that waits for a pause: a slider that is dragged reports every step, and only the last one matters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Debounced:
    """Do some work once the calls have paused.

    In a kernel, which receives messages in an event loop, the work is done `seconds` after the last call. Without an event loop it is
    done at once.

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
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        """Request the work."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._work()
        else:
            self._timer = loop.call_later(self._seconds, self._work)
