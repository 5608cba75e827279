"""The pieces of a report: tables, notes and figures that look the same in JupyterLab and on the exported page.

This module escapes every text, since a text from the database may contain markup.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly import io as plotly_io

from lmskit.chart_sharing import NO_UPLOAD
from lmskit.read_models.material_link import is_web_address
from lmskit.readable import without_directions
from lmskit.rounding import MISSING

PLOTLY = "application/vnd.plotly.v1+json"
"""The MIME type of a figure, for JupyterLab and for the export."""
SHORT = 15
"""The most rows of a table that is printed on one page."""


@dataclass(frozen=True)
class Fragment:
    """A piece of a page; its markup is escaped."""

    markup: str

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return "<a piece of a report>"


@dataclass(frozen=True)
class Picture:
    """A figure as data, without a script."""

    figure: go.Figure

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {PLOTLY: {**json.loads(plotly_io.to_json(self.figure)), "config": NO_UPLOAD}, "text/plain": self._title()}

    def _title(self) -> str:
        return f"Figure: {html.unescape(self.figure.layout.title.text or '')}"


@dataclass(frozen=True)
class Link:
    """A text of a table that opens an address of the web; any other address is left out."""

    text: str
    address: str | None


def table(rows: pd.DataFrame, *, caption: str, left: Iterable[str] = ()) -> Fragment:
    """Write a table: numbers to the right, text to the left, the first column as the heading of its row.

    Parameters
    ----------
    rows
        The cells; numbers that are text are formatted already. A missing value is shown as a dash, a `Link` as a link.
    caption
        What one row is.
    left
        Columns of text.
    """
    classes = {name: ' class="text"' if name in set(left) else "" for name in rows.columns}
    head = "".join(f'<th scope="col"{classes[name]}>{_escaped(str(name))}</th>' for name in rows.columns)
    body = "\n".join(_row(values, list(classes.values())) for values in rows.itertuples(index=False, name=None))
    empty = "" if len(rows) else f'<tr><td class="text" colspan="{len(rows.columns)}">None.</td></tr>'
    return Fragment(
        f'<table class="report{" short" if len(rows) <= SHORT else ""}"><caption>{_escaped(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}{empty}</tbody></table>"
    )


def folded(title: str, content: Fragment) -> Fragment:
    """Fold a piece under its title; a click unfolds it, and it is not printed."""
    return Fragment(f"<details><summary>{_escaped(title)}</summary>{content.markup}</details>")


def note(text: str, *, kind: str = "note") -> Fragment:
    """Write a paragraph that stands out."""
    return Fragment(f'<p class="{_escaped(kind)}">{_escaped(text)}</p>')


def heading(title: str, subtitle: str, lead: str) -> Fragment:
    """Write the head of a report."""
    below = f'<p class="subtitle">{_escaped(subtitle)}</p><p>{_escaped(lead)}</p>'
    return Fragment(f"<header><h1>{_escaped(title)}</h1>{below}</header>")


def stacked(*pieces: Fragment) -> Fragment:
    """Put pieces below each other."""
    return Fragment("\n".join(piece.markup for piece in pieces))


def beside(*pieces: Fragment) -> Fragment:
    """Put pieces next to each other where there is room."""
    return Fragment(f'<div class="beside">{"".join(f"<div>{piece.markup}</div>" for piece in pieces)}</div>')


def _row(values: tuple[Any, ...], classes: list[str]) -> str:
    first = f'<th scope="row"{classes[0]}>{_cell(values[0])}</th>'
    return f"<tr>{first}{''.join(f'<td{kind}>{_cell(value)}</td>' for value, kind in zip(values[1:], classes[1:], strict=True))}</tr>"


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Link):
        address = html.escape(value.address or "")
        return f'<a href="{address}">{_escaped(value.text)}</a>' if is_web_address(value.address) else _escaped(value.text)
    return _escaped(MISSING if pd.isna(value) else str(value))


def _escaped(text: str) -> str:
    """Text as HTML; what would change the direction of the text after it is left out."""
    return html.escape(without_directions(text))
