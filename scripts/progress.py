"""Print on the terminal what is being done, while it is being done."""

import sys
import time


class ProgressPrinter:
    """One line for each step, with the seconds since the start.

    On a terminal, progress within a step rewrites its last line; in a log it is a new line at most every ten seconds.
    """

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.last_progress = self.started
        self.on_terminal = sys.stdout.isatty()
        self.line_open = False

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def step(self, sentence: str) -> None:
        """Print the beginning of a step."""
        if self.line_open:
            print()
        self.line_open = False
        self.last_progress = time.monotonic()
        print(f"{self.elapsed:6.1f} s  {sentence}", flush=True)

    def update(self, sentence: str) -> None:
        """Print how far the present step has come."""
        if self.on_terminal:
            print(f"\r{self.elapsed:6.1f} s    {sentence:<60}", end="", flush=True)
            self.line_open = True
        elif time.monotonic() - self.last_progress >= 10:  # noqa: PLR2004 - a log needs a sign of life, not every change
            self.last_progress = time.monotonic()
            print(f"{self.elapsed:6.1f} s    {sentence}", flush=True)
