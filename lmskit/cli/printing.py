"""How the command line prints: what people typed is shown as it is, never interpreted as markup or as a terminal's commands."""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lmskit.progress import waits_shown
from lmskit.readable import bounded, day_beyond_calendar
from lmskit.rounding import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

    from lmskit.progress import Progress

WIDTH_OF_A_FILE = 200
"""Characters in a line of output that is not a terminal, so that no cell is cut off in a file."""


OF_THE_SCRIPT = "\u200c\u200d\u200e\u200f\u061c"
"""Joiners and invisible letters of a direction, which belong to how a text is written and have no effect beyond it."""


def console() -> Console:
    """The standard output as it is now."""
    terminal = Console(highlight=False, soft_wrap=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=WIDTH_OF_A_FILE)


def visible(value: object) -> str:
    r"""`value` on one line, cut if it is longer than any text that lmskit accepts.

    A control character, or one that cannot be seen, becomes a replacement character, so that it has no effect; the invisible letters
    and joiners that Arabic, Hebrew, Persian and Indian texts need stay.

    Examples
    --------
    >>> visible("red \x1b[31m alert"), visible(None), visible(float("nan"))
    ('red \ufffd[31m alert', '–', '–')
    """
    if value is None or value != value:  # noqa: PLR0124 - only a missing value differs from itself
        return MISSING
    text = day_beyond_calendar(value) or bounded(str(value))
    return "".join("\ufffd" if _has_an_effect(character) else character for character in text)


def _has_an_effect(character: str) -> bool:
    return character not in OF_THE_SCRIPT and unicodedata.category(character) in {"Cc", "Cf"}


def print_line(sentence: str) -> None:
    """Print one line; a terminal breaks it, so that a path in it can be copied and found in a log."""
    console().print(Text(visible(sentence)), soft_wrap=True)


def print_error(sentence: str) -> None:
    """Print one line on standard error."""
    typer.echo(visible(sentence), err=True)


def print_table(
    rows: Iterable[Mapping[str, Any]],
    headings: Mapping[str, str],
    *,
    offset: int = 0,
    total: int | None = None,
    limit: int | None = None,
    after: int | str | None = None,
    named_by: str | None = None,
    nothing: str,
) -> None:
    """Print a page of a list.

    Parameters
    ----------
    rows
        The rows of the page, each with its values by column.
    headings
        The heading of each column to print, by its name, in order.
    offset
        The number of rows before this page.
    total
        The number of rows on all pages, if it is known.
    limit
        The most rows that the page may have, if the list has the option `--after`: one with fewer is the last.
    after
        The row after which this page begins, if it does not begin at an offset.
    named_by
        The column by which `--after` names a row, if the list has that option.
    nothing
        What to print if there are no rows at all.
    """
    out, shown = console(), list(rows)
    if not shown:
        beyond = f"There is nothing from row {offset + 1} on." if after is None else f"There is nothing after {visible(after)}."
        out.print(Text(nothing if (offset == 0 and after is None) or total == 0 else beyond))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, heading in headings.items():
        table.add_column(heading, justify="right" if _is_numeric(row[name] for row in shown) else "left", overflow="fold")
    for row in shown:
        table.add_row(*(Text(visible(row[name])) for name in headings))
    out.print(table)
    if after is not None and named_by is not None:
        is_last = limit is not None and len(shown) < limit
        more = "" if is_last else f" For the next ones: --after {visible(shown[-1][named_by])}"
        out.print(Text(f"Rows after {visible(after)}: {len(shown)}.{more}"))
        return
    last = offset + len(shown)
    of = f" of {total}" if total is not None else ""
    named = "" if named_by is None else f", or --after {visible(shown[-1][named_by])}"
    more = f" For the next ones: --offset {last}{named}" if total is not None and last < total else ""
    out.print(Text(f"Rows {offset + 1} to {last}{of}.{more}"))


def print_frame(table: pd.DataFrame, *, nothing: str) -> None:
    """Print a table whose columns have their headings as names."""
    print_table(rows_of(table), {str(name): str(name) for name in table.columns}, nothing=nothing)


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, each with its values by column."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False, name=None)]


@contextmanager
def spinner(first_step: str) -> Iterator[Progress]:
    """Show on standard error which step runs, or for whom it waits, while the block runs; the block reports each step."""
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
