"""How the command line prints: what people typed is shown as it is, never interpreted as markup or as a terminal's commands."""

from __future__ import annotations

import sys
import time
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from lmskit.progress import waits_shown
from lmskit.readable import bounded, day_or_time
from lmskit.rounding import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from rich.console import Console

    from lmskit.progress import Progress

WIDTH_OF_A_FILE = 200
"""Characters in a line of output that is not a terminal, so that no cell is cut off in a file."""
WIDEST = 100_000
"""Characters in a line that no table needs; what it needs is asked for with this width."""


OF_THE_SCRIPT = "\u200c\u200d\u200e\u200f\u061c"
"""Joiners and invisible letters of a direction, which belong to how a text is written and have no effect beyond it."""


def console() -> Console:
    """The standard output as it is now."""
    from rich.console import Console  # noqa: PLC0415 - takes a fifth of the time of a command that prints one line

    terminal = Console(highlight=False, soft_wrap=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=WIDTH_OF_A_FILE)


def is_terminal() -> bool:
    """Whether a person reads the output on a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_missing(value: object) -> bool:
    """Whether there is no value.

    Examples
    --------
    >>> is_missing(None), is_missing(float("nan")), is_missing("")
    (True, True, False)
    """
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - only a missing value differs from itself
    except TypeError:  # the missing value of pandas, of which nothing is known
        return True


def visible(value: object) -> str:
    r"""`value` on one line, cut if it is longer than any text that lmskit accepts.

    A control character, or one that cannot be seen, becomes a replacement character, so that it has no effect; the invisible letters
    and joiners that Arabic, Hebrew, Persian and Indian texts need stay.

    Examples
    --------
    >>> visible("red \x1b[31m alert"), visible(None), visible(float("nan"))
    ('red \ufffd[31m alert', '–', '–')
    """
    if is_missing(value):
        return MISSING
    text = day_or_time(value) or bounded(str(value))
    return "".join("\ufffd" if _has_an_effect(character) else character for character in text)


def _has_an_effect(character: str) -> bool:
    return character not in OF_THE_SCRIPT and unicodedata.category(character) in {"Cc", "Cf"}


def print_line(sentence: str) -> None:
    """Print one line; a terminal breaks it, so that a path in it can be copied and found in a log."""
    typer.echo(visible(sentence))


def print_error(sentence: str) -> None:
    """Print one line on standard error."""
    typer.echo(visible(sentence), err=True)


def print_table(rows: Iterable[Mapping[str, Any]], headings: Mapping[str, str], *, nothing: str) -> None:
    """Print a table of its own, such as that of a rule's levels; a list is printed by `lmskit.cli.page.ListPage.show`.

    Parameters
    ----------
    rows
        The rows, each with its values by column.
    headings
        The heading of each column to print, by its name, in order.
    nothing
        What to print if there are no rows.
    """
    shown = list(rows)
    if not shown:
        print_line(nothing)
    elif is_terminal():
        print_aligned(shown, headings)
    else:
        print_separated(shown, headings)


def print_separated(rows: Iterable[Mapping[str, Any]], headings: Mapping[str, str], *, is_first: bool = True) -> None:
    """Print rows as lines with tabs between their cells, for a pipe or a file; the first line has the headings."""
    lines = [list(headings.values())] if is_first else []
    lines += [["" if is_missing(row[name]) else visible(row[name]) for name in headings] for row in rows]
    typer.echo("".join("\t".join(line) + "\n" for line in lines), nl=False)


def print_aligned(rows: Sequence[Mapping[str, Any]], headings: Mapping[str, str], *, is_first: bool = True) -> None:
    """Print rows as a table whose columns stand below each other; on a terminal too narrow for that, each row as a block of lines.

    A column is too narrow if a word would have to be broken in it.
    """
    from rich.console import Group  # noqa: PLC0415 - as above
    from rich.measure import Measurement  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, heading in headings.items():
        table.add_column(heading, justify="right" if _is_numeric(row[name] for row in rows) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(row[name])) for name in headings))
    if Measurement.get(out, out.options.update(max_width=WIDEST), table).minimum <= out.width:
        out.print(table)
        return
    for number, row in enumerate(rows):
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(style="bold", overflow="fold", max_width=max(out.width // 3, 1))
        block.add_column(overflow="fold")
        for name, heading in headings.items():
            block.add_row(Text(heading), Text(visible(row[name])))
        out.print(block if number == 0 and is_first else Group(Text(), block))


def print_frame(table: pd.DataFrame, *, nothing: str) -> None:
    """Print a table whose columns have their headings as names."""
    print_table(rows_of(table), {str(name): str(name) for name in table.columns}, nothing=nothing)


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each with its values by column."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False, name=None)]


class LogLines:
    """Progress in a log: at most one line in so many seconds, the first one after as many; what is done sooner leaves none."""

    def __init__(self, *, every: float = 10.0) -> None:
        self._every = every
        self._shown = ""
        self._last = time.monotonic()

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Say which step runs and how much of it is done, unless something was said a moment ago."""
        now = time.monotonic()
        counted = bool(total) and f"{done:,} of" not in step
        sentence = f"{step}: {done:,} of {total:,}" if counted else step
        if sentence != self._shown and now - self._last >= self._every:
            self._shown, self._last = sentence, now
            print_error(sentence)


@contextmanager
def spinner(first_step: str) -> Iterator[Progress]:
    """Show on standard error which step runs, or for whom it waits, while the block runs; the block reports each step.

    In a log it is a line now and then (`LogLines`).
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield LogLines()
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    shown = first_step
    with Console(stderr=True).status(Text(first_step)) as status:

        def show(step: str, _done: int, _total: int | None) -> None:
            nonlocal shown
            shown = step
            status.update(Text(step))

        with waits_shown(lambda sentence: status.update(Text(visible(sentence or shown)))):
            yield show


def _is_numeric(values: Iterable[object]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
