"""Work that takes a while: it shows how far it is, and can be cancelled with nothing half-done.

A kernel handles one message at a time, so work within a button's callback would keep the click on *Cancel* waiting. The work
runs in a thread, with a session of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import ipywidgets as widgets

from lmskit.errors import LmskitError, WorkCancelledError
from lmskit.widgets import Message, bug_message

Result = TypeVar("Result")
PAUSE = 0.1
"""Seconds between two pictures of the progress: a page cannot draw faster."""
log = logging.getLogger(__name__)


class Task:
    """The work as it sees itself: it tells how far it is, and learns that it was cancelled."""

    def __init__(self, show: Callable[[str, int, int | None], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._show, self._clock = show, clock
        self._shown: tuple[str, float] = ("", float("-inf"))
        self._lock = threading.Lock()
        self._cancelled = self._settled = False
        self._interrupt: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to end."""
        return self._cancelled

    def tell(self, step: str, done: int, total: int | None) -> None:
        """Show how far a step is; can be given to an import as its `Progress`.

        Raises
        ------
        WorkCancelledError
            The work was cancelled.
        """
        if self._cancelled:
            raise WorkCancelledError
        now = self._clock()
        if step != self._shown[0] or now - self._shown[1] >= PAUSE:
            self._shown = (step, now)
            self._show(step, done, total)

    @contextmanager
    def interruptible(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Let cancelling call `interrupt`, which ends what is running. Once the block has ended well, it is too late to cancel.

        Stands within the transaction, as its last part: what comes after the block is the commit, which is all or nothing.

        Raises
        ------
        WorkCancelledError
            The work was cancelled.
        """
        with self._lock:
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None
        self.settle()

    def settle(self) -> None:
        """From here on the work cannot be cancelled.

        Raises
        ------
        WorkCancelledError
            It was, before.
        """
        with self._lock:
            if self._cancelled:
                raise WorkCancelledError
            self._settled = True
        self._show("Saving", 0, None)

    def cancel(self) -> bool:
        """Ask the work to end; False when it is too late."""
        with self._lock:
            if self._settled:
                return False
            self._cancelled = True
            if self._interrupt is not None:
                self._interrupt()
        return True


class LongWork:
    """One piece of work at a time, with a bar and a button to cancel it; takes no room while nothing is worked on."""

    def __init__(self) -> None:
        self.bar = widgets.FloatProgress(min=0, max=1, layout=widgets.Layout(width="260px", margin="2px 10px 2px 2px"))
        self.step = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.cancel = widgets.Button(description="Cancel", icon="stop", layout=widgets.Layout(width="96px"))
        self.view = widgets.HBox([self.cancel, self.bar, self.step], layout=widgets.Layout(display="none", overflow="visible"))
        self.message = Message()
        self._thread: threading.Thread | None = None
        self._task: Task | None = None
        self.cancel.on_click(lambda _button: self._cancel())

    @property
    def running(self) -> bool:
        """Whether something is worked on."""
        return self._task is not None

    def start(
        self, work: Callable[[Task], Result], *, done: Callable[[Result], None], ended: Callable[[], None], message: Message | None = None
    ) -> bool:
        """Begin; False, and nothing done, where something is worked on already.

        Parameters
        ----------
        work
            Is done in a thread of its own.
        done
            Gets what the work returned.
        ended
            Is called last, however the work ended, in the same thread.
        message
            Tells why the work ended without a result.
        """
        if self._task is not None:
            return False
        task = self._task = Task(self._show)
        self._show("Starting", 0, None)
        self.cancel.disabled = False
        self.view.layout.display = None
        told = message or self.message
        told.clear()

        def run() -> None:
            try:
                result = work(task)
                done(result)
            except Exception as error:
                if task.cancelled:
                    told.neutral(str(WorkCancelledError()))
                elif isinstance(error, LmskitError):
                    told.bad(str(error))
                else:
                    log.exception("The work behind a form failed")
                    told.bad(bug_message(error))
            finally:
                self.view.layout.display = "none"
                self._task = None
                ended()

        self._thread = threading.Thread(target=run, name="lmskit-work", daemon=True)
        self._thread.start()
        return True

    def join(self, timeout: float | None = None) -> None:
        """Wait until the work has ended.

        Raises
        ------
        TimeoutError
            It has not.
        """
        if self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                raise TimeoutError

    def _cancel(self) -> None:
        task = self._task
        if task is None:
            return
        self.cancel.disabled = True
        self.step.value = "Cancelling …" if task.cancel() else "Too late to cancel: it is being saved."

    def _show(self, step: str, done: int, total: int | None) -> None:
        self.bar.layout.display = None if total else "none"
        self.bar.value = done / total if total else 0
        self.step.value = f"{step}: {done:,} of {total:,}" if total else f"{step}: {done:,}" if done else f"{step} …"
