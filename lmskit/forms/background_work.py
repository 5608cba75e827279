"""Work that takes a while: it reports its progress, and can be cancelled with nothing changed.

A kernel handles one message at a time, so work in a button's callback would delay the click on *Cancel*. The work runs in a thread
instead, with a session of its own. An interruption of the kernel cancels it too (`interruption`).
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
from lmskit.forms.interruption import INTERRUPTIONS
from lmskit.progress import Progress, waits_shown
from lmskit.widgets import Message, bug_message

Result = TypeVar("Result")
PAUSE = 0.1
"""Seconds between two updates of the progress; a page cannot draw faster."""
LATEST_AFTER = 3 * PAUSE
"""Seconds until a report that came too soon after another one is shown, if none follows it."""
log = logging.getLogger(__name__)


class Task:
    """The work's own view of itself: it reports progress, and is informed of a cancellation.

    Parameters
    ----------
    show
        Shows the progress on the screen.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, show: Progress, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._show, self._clock = show, clock
        self._shown: tuple[str, float] = ("", float("-inf"))
        self._latest: tuple[str, int, int | None] = ("", 0, None)
        self._later: threading.Timer | None = None
        self._lock = threading.RLock()
        self._screen = threading.RLock()  # of its own and taken first: a cancellation does not wait until something is shown
        self._cancelled = self._settled = self._ended = False
        self._interrupt: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the work was cancelled."""
        return self._cancelled

    def report(self, step: str, done: int, total: int | None) -> None:
        """Show the progress of a step; this is a `Progress`.

        Raises
        ------
        WorkCancelledError
            The work was cancelled.
        """
        if self._cancelled:
            self._ended = True
            raise WorkCancelledError
        with self._screen:
            self._latest = (step, done, total)
            now = self._clock()
            if step != self._shown[0] or now - self._shown[1] >= PAUSE:
                self._shown = (step, now)
                self._show(step, done, total)
            elif self._later is None:  # the next report may take long
                self._later = threading.Timer(LATEST_AFTER, self._show_latest)
                self._later.daemon = True
                self._later.start()

    def _show_latest(self) -> None:
        """Show what was reported last, unless the work has ended or says something else by now."""
        with self._screen:
            self._later = None
            if not (self._cancelled or self._settled):
                self._shown = (self._latest[0], self._clock())
                self._show(*self._latest)

    def end(self) -> None:
        """Show nothing any more."""
        with self._screen, self._lock:
            self._settled = True

    @contextmanager
    def interruptible(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Call `interrupt`, which ends what is running, if the work is cancelled. After the block it is too late to cancel.

        Use it as the last block within a transaction: after it, only the commit follows, which succeeds or fails as a whole.

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

    @contextmanager
    def interruptible_step(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """As `interruptible`, within each transaction of work that has several: the work can still be cancelled afterwards.

        When a cancellation has ended the work, its further transactions, which clear up, are left to finish.

        Raises
        ------
        WorkCancelledError
            The work was cancelled, and has not ended yet.
        """
        with self._lock:
            self._interrupt = interrupt
        try:
            yield
        except BaseException:
            self._ended = self._ended or self._cancelled
            raise
        finally:
            with self._lock:
                self._interrupt = None
        if self._cancelled and not self._ended:
            self._ended = True
            raise WorkCancelledError

    def settle(self) -> None:
        """Allow no cancellation from now on.

        Raises
        ------
        WorkCancelledError
            The work was cancelled before.
        """
        with self._lock:
            if self._cancelled:
                raise WorkCancelledError
            self._settled = True
        with self._screen:
            self._show("Saving", 0, None)

    def finish(self, step: str) -> None:
        """Show a step that comes after everything was saved; from now on it is too late to cancel."""
        with self._lock:
            self._settled = True
        with self._screen:
            self._show(step, 0, None)

    def cancel(self) -> bool:
        """Cancel the work; False if it is too late."""
        with self._lock:
            if self._settled:
                return False
            self._cancelled = True
            if self._interrupt is not None:
                self._interrupt()
        return True


class BackgroundWork:
    """One task at a time, with a progress bar and a button to cancel it; takes no room while no task runs.

    Parameters
    ----------
    stop
        The text on the button; "Stop" suits work that keeps what it has done.
    """

    def __init__(self, stop: str = "Cancel") -> None:
        self._stop = stop
        self.bar = widgets.FloatProgress(min=0, max=1, layout=widgets.Layout(width="260px", margin="2px 10px 2px 2px"))
        self.step = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.cancel = widgets.Button(description=stop, icon="stop", layout=widgets.Layout(width="96px"))
        self.view = widgets.HBox([self.cancel, self.bar, self.step], layout=widgets.Layout(display="none", overflow="visible"))
        self.message = Message()
        self._step = ""
        self._thread: threading.Thread | None = None
        self._task: Task | None = None
        self.cancel.on_click(lambda _button: self._cancel())

    @property
    def running(self) -> bool:
        """Whether a task runs."""
        return self._task is not None

    def start(
        self, work: Callable[[Task], Result], *, done: Callable[[Result], None], ended: Callable[[], None], message: Message | None = None
    ) -> bool:
        """Begin; False, with nothing done, if a task runs already.

        Parameters
        ----------
        work
            Runs in a thread of its own.
        done
            Receives what the work returned.
        ended
            Called last, in the same thread, whether the work succeeded or not.
        message
            Shows why the work ended without a result; by default `self.message`.
        """
        if self._task is not None:
            return False
        task = self._task = Task(self._show)
        self._show("Starting", 0, None)
        self.cancel.disabled = False
        self.view.layout.display = None
        shown = message or self.message
        shown.clear()

        def run() -> None:
            try:
                with waits_shown(self._show_wait):
                    result = work(task)
                done(result)
            except Exception as error:
                if task.cancelled:
                    shown.neutral(str(WorkCancelledError()))
                elif isinstance(error, LmskitError):
                    shown.bad(str(error))
                else:
                    log.exception("The work behind a form failed")
                    shown.bad(bug_message(error))
            finally:
                task.end()
                INTERRUPTIONS.end(self._cancel)
                self.view.layout.display = "none"
                self._task = None
                ended()

        INTERRUPTIONS.begin(self._cancel)
        self._thread = threading.Thread(target=run, name="lmskit-work", daemon=True)
        self._thread.start()
        return True

    def join(self, timeout: float | None = None) -> None:
        """Wait until the task has ended.

        Raises
        ------
        TimeoutError
            It has not ended in time.
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
        self.step.value = (
            ("Cancelling …" if self._stop == "Cancel" else "Stopping …") if task.cancel() else "Too late to cancel: it is being saved."
        )

    def _show(self, step: str, done: int, total: int | None) -> None:
        self.bar.layout.display = None if total else "none"
        self.bar.value = done / total if total else 0
        self._step = f"{step}: {done:,} of {total:,}" if total else f"{step}: {done:,}" if done else f"{step} …"
        self.step.value = self._step

    def _show_wait(self, sentence: str | None) -> None:
        self.step.value = sentence or self._step
