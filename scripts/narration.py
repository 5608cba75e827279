"""Tell the person at the terminal what is being done, while it is being done."""

import sys
import time


class Narration:
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

    def say(self, sentence: str) -> None:
        """Begin a step."""
        if self.line_open:
            print()
        self.line_open = False
        self.last_progress = time.monotonic()
        print(f"{self.elapsed:6.1f} s  {sentence}", flush=True)

    def progress(self, sentence: str) -> None:
        """Report from within a step."""
        if self.on_terminal:
            print(f"\r{self.elapsed:6.1f} s    {sentence:<60}", end="", flush=True)
            self.line_open = True
        elif time.monotonic() - self.last_progress >= 10:  # noqa: PLR2004 - a log wants a sign of life, not a film
            self.last_progress = time.monotonic()
            print(f"{self.elapsed:6.1f} s    {sentence}", flush=True)
