"""The look of every figure: fonts, colours safe for colour-blind readers, margins, title and note."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from lmskit.vocabulary import Level

if TYPE_CHECKING:
    import numpy.typing as npt

FONT = "Inter, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
INK, FAINT, RULE, EMPTY = "#1A1A1A", "#5A5A5A", "#D9D9D9", "#F3F3F3"
"""Colours of text, of secondary text, of lines, and of cells without a value."""

LEVEL_COLOURS = {Level.MASTERED: "#0072B2", Level.DEVELOPING: "#56B4E9", Level.REMEDIAL: "#D55E00", Level.NOT_ASSESSED: "#D0D0D0"}
"""From the palette of Okabe and Ito (2008)."""
LEVEL_SYMBOLS = {Level.MASTERED: "circle", Level.DEVELOPING: "diamond", Level.REMEDIAL: "square", Level.NOT_ASSESSED: "x-thin-open"}
VALUE_SCALE = "Cividis"
"""Perceptually even, and the same to readers with and without red-green blindness."""
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SERIES_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")

BELOW_AXIS = -0.07
"""Where a mastery value or a share that is missing is marked: clearly below zero, since zero is a value."""
LONGEST_LINE = 116
"""Characters of the longest line of a note."""
NARROW_LINE = 75
"""The same in a figure that shares the width of the page with another one."""


def error_bar(
    value: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *, color: str = INK, thickness: float = 1.5, width: float = 5
) -> dict[str, Any]:
    """Return plotly's error bar from `low` to `high` around each value; it has no length where one of the three is missing.

    Examples
    --------
    >>> error_bar([0.5], [0.25], [1.0])["array"], error_bar([0.5], [float("nan")], [1.0])["arrayminus"]
    ([0.5], [0.0])
    """
    centre = np.asarray(value, dtype=np.float64)
    return {
        "type": "data",
        "symmetric": False,
        "array": np.nan_to_num(np.asarray(high, dtype=np.float64) - centre).tolist(),
        "arrayminus": np.nan_to_num(centre - np.asarray(low, dtype=np.float64)).tolist(),
        "color": color,
        "thickness": thickness,
        "width": width,
    }


def add_limit(figure: go.Figure, value: float, text: str, *, dash: str = "dash") -> None:
    """Draw a horizontal line at a value, with a text to the right of the plot."""
    figure.add_hline(y=value, line={"dash": dash, "width": 1, "color": FAINT})
    figure.add_annotation(
        x=1,
        xref="paper",
        xanchor="left",
        xshift=6,
        y=value,
        yanchor="middle",
        showarrow=False,
        text=text,
        font={"size": 11, "color": FAINT},
    )


def add_empty_note(figure: go.Figure, text: str) -> None:
    """Say in the middle of a figure why it shows nothing."""
    figure.add_annotation(text=text, showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")


def wrapped(note: str) -> str:
    """Wrap the lines of a note, separated by ``<br>``, that are too long for a figure: plotly would cut them off.

    Examples
    --------
    >>> wrapped("short<br>" + "word " * 30).count("<br>")
    2
    """
    return "<br>".join(part for line in note.split("<br>") for part in textwrap.wrap(line, LONGEST_LINE, break_long_words=False) or [""])


def apply_theme(figure: go.Figure, *, title: str, note: str, height: int) -> go.Figure:
    """Give a figure its title, its note and the common look.

    Parameters
    ----------
    figure
        With its traces and axis titles.
    title
        What the figure shows, as a label (see `labels.plain`).
    note
        The rule with its parameters, and what a reader must know; lines separated by ``<br>``. Long lines are wrapped.
    height
        In pixels; the width follows the page.
    """
    note = wrapped(note)
    figure.update_layout(
        template="none",
        height=height,
        autosize=True,
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"family": FONT, "size": 13, "color": INK},
        title={
            "text": title,
            "font": {"size": 19, "color": INK},
            "subtitle": {"text": note, "font": {"size": 12, "color": FAINT}},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 16, "t": 14},
            "y": 1,
            "yref": "container",
            "yanchor": "top",
        },
        margin={"l": 70, "r": 30, "t": 112 + 15 * note.count("<br>"), "b": 60},
        hoverlabel={
            "align": "left",
            "bgcolor": "white",
            "bordercolor": FAINT,
            "font": {"family": FONT, "size": 12, "color": INK},
            "namelength": -1,
        },
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "font": {"size": 12}, "title": {"text": ""}},
    )
    axis_title = {"font": {"size": 13}}
    figure.update_xaxes(title=axis_title, automargin=True, linecolor=RULE, gridcolor=EMPTY, zeroline=False, ticks="outside", tickcolor=RULE)
    figure.update_yaxes(title=axis_title, automargin=True, linecolor=RULE, gridcolor=EMPTY, zeroline=False, ticks="outside", tickcolor=RULE)
    return figure
