"""An interrupted kernel cancels the work that runs behind its forms.

A kernel ignores an interruption while it executes no cell, and the work behind a button runs in a thread of its own meanwhile:
a person who chose *Interrupt the kernel* would see it go on and write. So while work runs, an interruption that the kernel would
ignore cancels it; one that stops a cell stops that cell alone, as ever.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EVERY = 0.1
"""Seconds between two looks at whether the kernel ignores interruptions; it changes that with every message it handles."""


class Interruptions:
    """What an interruption of this process cancels. Without the event loop of a kernel, nothing."""

    def __init__(self) -> None:
        self._cancels: list[Callable[[], object]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, cancel: Callable[[], object]) -> None:
        """Call `cancel` if the kernel is interrupted, until `end`. `cancel` is called in the thread of the event loop."""
        if threading.current_thread() is not threading.main_thread():
            return  # only the main thread may say what a signal does
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._cancels.append(cancel)
        if len(self._cancels) == 1:
            self._watch(self._loop)

    def end(self, cancel: Callable[[], object]) -> None:
        """Forget `cancel`, from any thread."""
        if cancel in self._cancels:
            self._cancels.remove(cancel)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._cancels:
            if signal.getsignal(signal.SIGINT) == self._interrupted:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            return
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._interrupted)
        loop.call_later(EVERY, self._watch, loop)

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        for cancel in list(self._cancels):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(cancel)


INTERRUPTIONS = Interruptions()
"""Those of this process, which has one handler of the signal."""
