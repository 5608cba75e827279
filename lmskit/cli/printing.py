"""How the command line prints: what people typed is shown as it is, never taken for markup or for a terminal's commands."""

import unicodedata
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from lmskit.progress import Progress

NOTHING = "–"
WIDE = 200
"""Columns that a table may take where the output is no terminal, so that nothing is cut off in a file."""


def console() -> Console:
    """The standard output as it is now."""
    made = Console(highlight=False, soft_wrap=False)
    return made if made.is_terminal else Console(highlight=False, width=WIDE)


def visible(value: object) -> str:
    r"""`value` on one line; a control character is shown as a replacement character, so that it has no effect.

    Examples
    --------
    >>> visible("red \x1b[31m alert"), visible(None), visible(float("nan"))
    ('red \ufffd[31m alert', '–', '–')
    """
    if value is None or value != value:  # noqa: PLR0124 - only a missing value differs from itself
        return NOTHING
    return "".join("\ufffd" if unicodedata.category(character) in {"Cc", "Cf"} else character for character in str(value))


def print_table(table: "pd.DataFrame", headings: Mapping[str, str], *, offset: int = 0, total: int | None = None, nothing: str) -> None:
    """Print the columns named in `headings` under their headings, and which rows these are; `nothing` where there are none."""
    out = console()
    if table.empty:
        out.print(Text(nothing if offset == 0 else f"There is nothing from row {offset + 1} on."))
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name, heading in headings.items():
        shown.add_column(heading, justify="right" if table[name].dtype.kind in "iuf" else "left", overflow="fold")
    for row in table[list(headings)].itertuples(index=False, name=None):
        shown.add_row(*(Text(visible(value)) for value in row))
    out.print(shown)
    last = offset + len(table)
    of = f" of {total}" if total is not None else ""
    more = f" For the next ones: --offset {last}" if total is not None and last < total else ""
    out.print(Text(f"Rows {offset + 1} to {last}{of}.{more}"))


def say(sentence: str) -> None:
    """Print one sentence."""
    console().print(Text(visible(sentence)))


@contextmanager
def spinner(first_step: str) -> "Iterator[Progress]":
    """Show on standard error which step runs, while the block runs; the block reports each step."""
    with Console(stderr=True).status(first_step) as status:
        yield lambda step, _done, _total: status.update(step)
