"""The rows of a list on the output: a table for people, lines with tabs for a pipe, CSV and JSON for programs."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from lmskit.cli.printing import is_missing, is_terminal, print_aligned, print_separated
from lmskit.readable import as_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Row = Mapping[str, Any]


CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that are commands for a terminal; a cell may have tabs and several lines."""
UNESCAPED = re.compile("[\x7f-\x9f]")
"""Those that JSON need not escape."""


class Output(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def print_rows(
    pages: Iterable[Sequence[Row]],
    names: Sequence[str],
    headings: Mapping[str, str],
    output: Output | None = None,
    worded: Callable[[Row], Row] | None = None,
) -> None:
    """Print the rows of a list, page after page.

    Parameters
    ----------
    pages
        The rows, as they are read; none of the pages is empty.
    names
        The columns that programs get, which have these names as keys and as the first line of CSV.
    headings
        The heading of each column that people see, by its name, in order.
    output
        None: a table on a terminal, elsewhere a line for each row with tabs between its cells, after one with the headings.
    worded
        Turns a row into what people see of it; by default the row itself.
    """
    if output is Output.JSON:
        _print_json(pages, names)
    elif output is Output.CSV:
        typer.echo(_csv([names]), nl=False)
        for page in pages:
            typer.echo(_csv([_cell(row[name]) for name in names] for row in page), nl=False)
    else:
        put = print_aligned if output is Output.TABLE or is_terminal() else print_separated
        for number, page in enumerate(pages):
            put(page if worded is None else [worded(row) for row in page], headings, is_first=number == 0)


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _print_json(pages: Iterable[Sequence[Row]], names: Sequence[str]) -> None:
    """Write one list with a line for each row, as the rows come."""
    before = "["
    for page in pages:
        records = ({name: None if is_missing(row[name]) else row[name] for name in names} for row in page)
        lines = [json_text(record, default=_as_json) for record in records]
        typer.echo(f"{before}\n" + ",\n".join(lines), nl=False)
        before = ","
    typer.echo("[]" if before == "[" else "\n]")


def json_text(value: object, **options: Any) -> str:
    """`value` as JSON with letters as they are, and with every character escaped that is a command for a terminal."""
    return UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, **options))


def _as_json(value: object) -> Any:  # noqa: ANN401 - what JSON has
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    item = getattr(value, "item", None)  # a number of NumPy
    return item() if item is not None else str(value)


def _cell(value: object) -> str | int | float:
    if is_missing(value):
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, list | tuple) and not any(isinstance(item, dict) for item in value):
        text = " ".join(map(str, value))
    else:
        text = value if isinstance(value, str) else json.dumps(value, default=_as_json, ensure_ascii=False).strip('"')
    return as_cell(text if text.isprintable() else CONTROLS.sub("\ufffd", text))  # CSV can be printed on a terminal, too
