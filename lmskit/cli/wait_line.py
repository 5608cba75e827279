"""What a command prints while it waits for another session of the database."""

import sys

import typer


class WaitLine:
    """One line on standard error: on a terminal it changes and disappears, in a file each wait has one line."""

    def __init__(self) -> None:
        self._width = 0

    def __call__(self, sentence: str | None) -> None:
        """Show the sentence instead of the one before; None removes it."""
        from lmskit.cli.printing import visible  # noqa: PLC0415 - rarely needed, and slow to import

        line = visible(sentence) if sentence is not None else ""
        if sys.stderr.isatty():
            typer.echo(f"\r{line.ljust(self._width)}" + ("" if line else "\r"), err=True, nl=False)
        elif line and not self._width:
            typer.echo(line, err=True)
        self._width = len(line)
