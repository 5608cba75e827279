"""The items of a quiz: how hard each is, and how well it tells strong students from weak ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need, need_once
from lmskit.charts.labels import plain
from lmskit.rounding import MISSING, count_text, number_text, percent_text
from lmskit.vocabulary import CountedAttempts, ItemVerdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

MAP = (
    "number",
    "prompt",
    "n",
    "n_students",
    *(f"{name}{end}" for name in ("facility", "discrimination_index") for end in ("", "_low", "_high")),
    "difficulty",
    "verdict",
    "standing",
)
"""What the map of items needs: one row per item; a click tells its number."""
ITEMS = (
    *MAP,
    "type",
    "points",
    "sd",
    "intended_weight",
    "effective_weight",
    "negative_covariance",
    "discriminative_efficiency",
    "dubious",
)
"""What the table of items needs."""

VERDICT_WORDS = {
    ItemVerdict.VERY_GOOD: "very good",
    ItemVerdict.ADEQUATE: "adequate",
    ItemVerdict.WEAK: "weak",
    ItemVerdict.VERY_WEAK: "very weak",
    ItemVerdict.NEGATIVE: "negative, perhaps by chance",
    ItemVerdict.LIKELY_WRONG_KEY: "key likely wrong",
    ItemVerdict.UNDEFINED: "undefined: no spread",
    ItemVerdict.WITHHELD: "withheld: too few students",
}
_COLOURS = {
    ItemVerdict.VERY_GOOD: "#0072B2",
    ItemVerdict.ADEQUATE: "#56B4E9",
    ItemVerdict.WEAK: "#E69F00",
    ItemVerdict.VERY_WEAK: "#B8860B",
    ItemVerdict.NEGATIVE: "#CC79A7",
    ItemVerdict.LIKELY_WRONG_KEY: "#D55E00",
    ItemVerdict.UNDEFINED: theme.FAINT,
    ItemVerdict.WITHHELD: theme.FAINT,
}
_SYMBOLS = {
    ItemVerdict.VERY_GOOD: "star",
    ItemVerdict.ADEQUATE: "circle",
    ItemVerdict.WEAK: "diamond",
    ItemVerdict.VERY_WEAK: "diamond-open",
    ItemVerdict.NEGATIVE: "triangle-down-open",
    ItemVerdict.LIKELY_WRONG_KEY: "x",
    ItemVerdict.UNDEFINED: "line-ew-open",
    ItemVerdict.WITHHELD: "circle-open",
}
ATTEMPTS_WORDS = {
    CountedAttempts.FIRST: "each student's first attempt",
    CountedAttempts.LAST: "each student's last attempt",
    CountedAttempts.HIGHEST: "each student's best attempt",
    CountedAttempts.ALL: "all attempts of each student",
}
TYPE_WORDS = {"true_false": "true or false", "short_text": "short text"}

_NOWHERE = -1.13  # where items without a discrimination index are marked


def attempts_text(attempts: str, *, n_attempts: int, n_students: int) -> str:
    """Say what the numbers of a figure rest on.

    Examples
    --------
    >>> attempts_text("first", n_attempts=40, n_students=40), attempts_text("all", n_attempts=75, n_students=40)
    ("40 students, each student's first attempt", '75 attempts of 40 students, all attempts of each student')
    """
    words = ATTEMPTS_WORDS[CountedAttempts(attempts)]
    students = count_text(n_students, "student")
    made = students if n_attempts == n_students else f"{count_text(n_attempts, 'attempt')} of {students}"
    return f"{made}, {words}"


def item_map(items: pd.DataFrame, *, attempts: str, simulated: bool = False) -> go.Figure:
    """Draw the items by facility and discrimination, each with its intervals and its verdict.

    Parameters
    ----------
    items
        The columns of `MAP`, one row per item.
    attempts
        Which attempts count (`CountedAttempts`).
    simulated
        Whether the note says that the data are simulated.

    Returns
    -------
    Figure
        One trace per verdict, told apart by symbol, colour and legend; items without an index are marked below the axis.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        A number is there twice.
    """
    need(items, MAP, chart="The map of items")
    need_once(items, ["number"], chart="The map of items")
    figure = go.Figure()
    for limit, words in (
        (0.5, "very good from 0.5"),
        (0.3, "adequate from 0.3"),
        (0.2, "weak from 0.2"),
        (0.0, "below 0 the weak do better"),
    ):
        figure.add_hline(y=limit, line={"dash": "solid" if limit == 0 else "dash", "width": 1, "color": theme.FAINT})
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=6, y=limit, yanchor="middle", showarrow=False, text=words,
            font={"size": 11, "color": theme.FAINT},
        )  # fmt: skip
    for verdict in ItemVerdict:
        rows = items[items["verdict"] == verdict.value]
        if len(rows):
            figure.add_trace(_items_of(verdict, rows))
    n_attempts, n_students = (int(items[name].max()) if len(items) else 0 for name in ("n", "n_students"))
    resting = attempts_text(attempts, n_attempts=n_attempts, n_students=n_students)
    note = f"{resting}. Lines are 90 % bootstrap intervals; numbers are questions in their order.{_simulated(simulated=simulated)}"
    note += "<br>Below 30 students verdicts are withheld. A key is likely wrong where the interval of the discrimination lies below 0."
    theme.dressed(figure, question="Which questions do their work?", note=note, height=520)
    figure.update_layout(margin={"r": 170}, showlegend=True, legend={"y": 1.01})
    figure.update_xaxes(
        title={"text": "Facility index (% of the marks that were earned)"}, range=[-4, 104], tickvals=[0, 20, 40, 60, 80, 100]
    )
    figure.update_yaxes(title={"text": "Discrimination index (−1 to 1)"}, range=[_NOWHERE - 0.08, 1.08], tickvals=[-1, -0.5, 0, 0.5, 1])
    return figure


def item_map_table(items: pd.DataFrame) -> pd.DataFrame:
    """Write the items as a table.

    Returns
    -------
    DataFrame
        No., Question, Verdict, Facility, Discrimination, Efficiency, Effective weight, Intended weight, SD, Difficulty, Type and
        Points, as text; intervals stand in brackets. An effective weight that is undefined says why.
    """
    need(items, ITEMS, chart="The table of items")
    rows = items.sort_values("number")
    return pd.DataFrame(
        {
            "No.": rows["number"].astype("int64"),
            "Question": rows["prompt"].astype("str"),
            "Verdict": [verdict_text(row) for row in rows.to_dict("records")],
            "Facility": [_percent_interval(row, "facility") for row in rows.to_dict("records")],
            "Discrimination": [_interval(row, "discrimination_index") for row in rows.to_dict("records")],
            "Efficiency": [
                number_text(value) + (" (dubious)" if dubious else "")
                for value, dubious in zip(rows["discriminative_efficiency"], rows["dubious"], strict=True)
            ],
            "Effective weight": [
                "negative covariance" if negative else percent_text(weight, 1)
                for weight, negative in zip(rows["effective_weight"], rows["negative_covariance"], strict=True)
            ],
            "Intended weight": [percent_text(weight, 1) for weight in rows["intended_weight"]],
            "SD": [number_text(value) for value in rows["sd"]],
            "Difficulty": [words or MISSING for words in rows["difficulty"]],
            "Type": [TYPE_WORDS.get(str(kind), str(kind)) for kind in rows["type"]],
            "Points": [number_text(points) for points in rows["points"]],
        }
    ).reset_index(drop=True)


def verdict_text(item: Mapping[Hashable, Any]) -> str:
    """Write the verdict on an item, and whether it is firm.

    Examples
    --------
    >>> verdict_text({"verdict": "adequate", "standing": "tentative"}), verdict_text({"verdict": "withheld", "standing": "firm"})
    ('adequate, tentative', 'withheld: too few students')
    """
    verdict = ItemVerdict(str(item["verdict"]))
    words = VERDICT_WORDS[verdict]
    says_how_sure = verdict not in {ItemVerdict.UNDEFINED, ItemVerdict.WITHHELD, ItemVerdict.LIKELY_WRONG_KEY, ItemVerdict.NEGATIVE}
    return f"{words}, {item['standing']}" if says_how_sure else words


def _items_of(verdict: ItemVerdict, rows: pd.DataFrame) -> go.Scatter:
    facility, low, high = (rows[f"facility{end}"].astype("float64").to_numpy() * 100 for end in ("", "_low", "_high"))
    index, below, above = (rows[f"discrimination_index{end}"].astype("float64").to_numpy() for end in ("", "_low", "_high"))
    thin: dict[str, Any] = {"color": _COLOURS[verdict], "thickness": 1.2, "width": 3}
    return go.Scatter(
        name=VERDICT_WORDS[verdict],
        x=np.nan_to_num(facility).tolist(),
        y=np.where(np.isnan(index), _NOWHERE, index).tolist(),
        mode="markers+text",
        text=[f"<b>{number}</b>" for number in rows["number"]],
        textposition="top right",
        textfont={"size": 12},
        marker={"symbol": _SYMBOLS[verdict], "color": _COLOURS[verdict], "size": 12, "line": {"width": 2}},
        error_x=theme.error_bar(facility, low, high, **thin),
        error_y=theme.error_bar(index, below, above, **thin),
        customdata=[[int(number)] for number in rows["number"]],
        hovertext=[_hover(row) for row in rows.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )


def _hover(row: Mapping[Hashable, Any]) -> str:
    return "<br>".join(
        [
            f"<b>Question {row['number']}</b>: {plain(row['prompt'], 70)}",
            f"facility {_percent_interval(row, 'facility')}, {plain(row['difficulty'] or MISSING)}",
            f"discrimination {_interval(row, 'discrimination_index')}",
            f"verdict: {verdict_text(row)}",
            count_text(row["n"], "attempt"),
        ]
    )


def _interval(row: Mapping[Hashable, Any], name: str) -> str:
    return theme.value_text(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))


def _percent_interval(row: Mapping[Hashable, Any], name: str) -> str:
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return percent_text(value) + (f" ({number_text(low * 100, 0)} to {number_text(high * 100, 0)})" if np.isfinite(low) else "")


def _simulated(*, simulated: bool) -> str:
    return " Simulated data." if simulated else ""
