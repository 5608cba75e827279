"""A table on the screen; every cell is text."""

from __future__ import annotations

import datetime as dt
import html
import math
import numbers

import ipywidgets as widgets
import pandas as pd

from lmskit.readable import bounded, day_or_time
from lmskit.rounding import MISSING, number_text

LONGEST_WORD_SHOWN_AS_CODE = 30
"""Characters of the longest text without a space that is kept on one line."""
SENTENCE = 30
"""A text with spaces and more characters than this needs a wide column."""
PARAGRAPH = 150
"""A text of more characters than this needs the widest one."""


def cell_text(value: object) -> str:
    """Write one value as people read it; floats with two digits, rounded half away from zero.

    Examples
    --------
    >>> cell_text(4.125), cell_text(12), cell_text(float("nan")), cell_text(True)
    ('4.13', '12', '–', 'yes')
    >>> cell_text(pd.Timestamp("2026-10-05 14:20:31"))
    '2026-10-05 14:20'
    """
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if (text := day_or_time(value)) is not None:
        return text
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return number_text(float(value))
    return bounded(str(value))


def table_html(frame: pd.DataFrame, *, nothing: str = "Nothing to show.") -> str:
    """Write a table as HTML; every heading and every value is escaped.

    Examples
    --------
    >>> print(table_html(pd.DataFrame({"name": ["<b>Bo</b>"], "score": [0.5]})))
    <table><thead><tr><th scope="col" class="whole">name</th><th scope="col" class="number">score</th></tr></thead>
    <tbody><tr><td class="whole">&lt;b&gt;Bo&lt;/b&gt;</td><td class="number">0.50</td></tr></tbody></table>
    """
    if frame.empty:
        return f'<p class="nothing">{html.escape(nothing)}</p>'
    attributes = [_class_attribute(frame.iloc[:, position]) for position in range(frame.shape[1])]
    head = "".join(f'<th scope="col"{css}>{html.escape(str(name))}</th>' for name, css in zip(frame.columns, attributes, strict=True))
    rows = (
        "".join(f"<td{css}>{_cell(value)}</td>" for value, css in zip(row, attributes, strict=True))
        for row in frame.itertuples(index=False, name=None)
    )
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    """A value as HTML; an address may be broken before its @."""
    return html.escape(cell_text(value)).replace("@", "<wbr>@")


def _class_attribute(column: pd.Series) -> str:
    """Align numbers to the right, keep dates, times and codes on one line, and give sentences a wide column."""
    if pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != "bool":
        return ' class="number"'
    known = column.dropna()
    if len(known) and isinstance(known.iloc[0], dt.date):
        return ' class="day"'
    are_codes = len(known) and all(isinstance(text, str) and _is_code(text) for text in known)
    if are_codes:
        return ' class="whole"'
    longest = max((len(text) for text in known if isinstance(text, str) and " " in text), default=0)
    return ' class="paragraph"' if longest > PARAGRAPH else ' class="sentence"' if longest > SENTENCE else ""


def _is_code(text: str) -> bool:
    return len(text) <= LONGEST_WORD_SHOWN_AS_CODE and not set(text) & set(" @")


class Table:
    """A table widget; `show` replaces what it shows."""

    def __init__(self, *, nothing: str = "Nothing to show.") -> None:
        self.frame = pd.DataFrame()
        self._nothing = nothing
        self.view = widgets.HTML("", layout=widgets.Layout(width="auto", overflow="auto"))
        self.view.add_class("lmskit-table")

    def show(self, frame: pd.DataFrame, *, nothing: str = "") -> None:
        """Show `frame`, its columns headed by their names; `nothing` is said of an empty one instead of what the table says of it."""
        self.frame = frame
        self.view.value = table_html(frame, nothing=nothing or self._nothing)

    def clear(self) -> None:
        """Show nothing, as before something is read that may fail: what is shown would be of something else then."""
        self.frame = pd.DataFrame()
        self.view.value = ""
