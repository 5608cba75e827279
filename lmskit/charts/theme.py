"""How every figure looks: fonts, colours safe for colour-blind readers, margins, a question for a title."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from lmskit.charts.labels import plain
from lmskit.rounding import number_text
from lmskit.thresholds import MASTERY_THRESHOLD, REMEDIAL_THRESHOLD
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

FONT = "Inter, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
INK, FAINT, RULE, EMPTY = "#1A1A1A", "#5A5A5A", "#D9D9D9", "#F3F3F3"
"""Colours of text, secondary text, lines, and of cells without a value."""

LEVELS = (Level.MASTERED, Level.DEVELOPING, Level.REMEDIAL, Level.NOT_ASSESSED)
"""The order of levels in every chart."""
LEVEL_COLOURS = {Level.MASTERED: "#0072B2", Level.DEVELOPING: "#56B4E9", Level.REMEDIAL: "#D55E00", Level.NOT_ASSESSED: "#D0D0D0"}
"""From the palette of Okabe and Ito (2008)."""
LEVEL_LETTERS = {Level.MASTERED: "M", Level.DEVELOPING: "D", Level.REMEDIAL: "R", Level.NOT_ASSESSED: "–"}
LEVEL_WORDS = {Level.MASTERED: "mastered", Level.DEVELOPING: "developing", Level.REMEDIAL: "remedial", Level.NOT_ASSESSED: "not assessed"}
LEVEL_SYMBOLS = {Level.MASTERED: "circle", Level.DEVELOPING: "diamond", Level.REMEDIAL: "square", Level.NOT_ASSESSED: "x-thin-open"}
VALUE_SCALE = "Cividis"
"""Perceptually even, and the same to readers with and without red-green blindness."""
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
SERIES_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")


LONGEST_LINE = 116
"""Characters of a note's line."""


def rule_text(rule: str, parameters: Mapping[str, float | str]) -> str:
    """Name a rule with its parameters, as each figure does under its title; words stand where there is no one value.

    Examples
    --------
    >>> rule_text("weighted_average", {"w": 0.65, "mastery_threshold": 0.8})
    'Rule: weighted average (w 0.65, mastery threshold 0.8)'
    >>> rule_text("bkt", {"prior": "by week", "forget": 0.0})
    'Rule: bkt (prior by week, forget 0)'
    """
    told = {name: plain(value) if isinstance(value, str) else f"{value:g}" for name, value in parameters.items()}
    given = ", ".join(f"{plain(name).replace('_', ' ')} {value}" for name, value in told.items())
    return f"Rule: {plain(rule).replace('_', ' ')}" + (f" ({given})" if given else "")


def thresholds(parameters: Mapping[str, float | str]) -> dict[str, float]:
    """Take the two thresholds from the parameters of a rule, or the defaults."""
    return {
        "mastery_threshold": float(parameters.get("mastery_threshold", MASTERY_THRESHOLD)),
        "remedial_threshold": float(parameters.get("remedial_threshold", REMEDIAL_THRESHOLD)),
    }


def interval_text(low: float | None, high: float | None) -> str:
    """Write an interval for people.

    Examples
    --------
    >>> interval_text(0.5, 0.875), interval_text(float("nan"), None)
    ('0.50 to 0.88', 'none')
    """
    if low is None or high is None or low != low or high != high:  # noqa: PLR0124  # NaN is not itself
        return "none"
    return f"{number_text(low)} to {number_text(high)}"


def value_text(value: float, low: float, high: float) -> str:
    """Write a value with its interval in brackets, where it has one.

    Examples
    --------
    >>> value_text(0.17, -0.02, 0.3), value_text(0.17, float("nan"), float("nan"))
    ('0.17 (−0.02 to 0.30)', '0.17')
    """
    return number_text(value) + (f" ({interval_text(low, high)})" if np.isfinite(low) else "")


def error_bar(
    value: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *, color: str = INK, thickness: float = 1.5, width: float = 5
) -> dict[str, Any]:
    """Return plotly's error bar from `low` to `high` around each value; there is none where one of the three is missing.

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


def broken(note: str) -> str:
    """Break the lines of a note, separated by ``<br>``, where they are too long for a figure: plotly would cut them off.

    Examples
    --------
    >>> broken("short<br>" + "word " * 30).count("<br>")
    2
    """
    return "<br>".join(part for line in note.split("<br>") for part in textwrap.wrap(line, LONGEST_LINE, break_long_words=False) or [""])


def dressed(figure: go.Figure, *, question: str, note: str, height: int) -> go.Figure:
    """Give a figure its title, its note and the common look.

    Parameters
    ----------
    figure
        With its traces and axis titles.
    question
        The question the figure answers, as a label (see `labels.plain`).
    note
        The rule, its parameters, and what a reader must know; lines separated by ``<br>``. Long lines are broken.
    height
        In pixels; the width follows the page.
    """
    note = broken(note)
    figure.update_layout(
        template="none",
        height=height,
        autosize=True,
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"family": FONT, "size": 13, "color": INK},
        title={
            "text": question,
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
