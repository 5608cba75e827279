"""A quiz as a whole: its items by facility and discrimination, the distribution of its scores, and its statistics."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import HIGH, LOW, need_unique, with_interval
from lmskit.charts.labels import interval_text, plain, value_text
from lmskit.columns import Column, Columns
from lmskit.rounding import MISSING, count_text, number_text, percent_text
from lmskit.vocabulary import CountedAttempts, ItemVerdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

MAP = Columns(
    Column("number", "int64", "of the question in the quiz, from 1; a click on the map reports it"),
    Column("prompt", "str", "text of the question"),
    Column("n", "int64", "attempts that count"),
    Column("n_students", "int64", "students of these attempts"),
    *with_interval("facility", "facility index, usually from 0 to 1"),
    *with_interval("discrimination_index", "from -1 to 1; NaN if undefined"),
    Column("difficulty", "str", "a word for the facility; empty if withheld"),
    Column("verdict", "str", "`ItemVerdict`"),
    Column("standing", "str", "`Standing` of the verdict"),
)
"""One row per item, for the map of items."""
ITEMS = Columns(
    *MAP,
    Column("type", "str", "`QuestionType`"),
    Column("points", "float64", "the most that the question can earn"),
    Column("sd", "float64", "standard deviation of its scores"),
    Column("intended_weight", "float64", "share of the maximum score"),
    Column("effective_weight", "float64", "share in the variance of the totals; NaN if undefined"),
    Column("negative_covariance", "bool", "whether the effective weight is undefined because scores fall as totals rise"),
    Column("discriminative_efficiency", "float64", "discrimination index divided by the highest one possible"),
    Column("dubious", "bool", "whether the efficiency rests on too small a divisor"),
)
"""One row per item, for the table of items."""

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

STATISTICS = Columns(Column("value", "float64"), LOW, HIGH)
"""One row per statistic of a quiz; the index has the names of `STATISTIC_WORDS`."""

STATISTIC_WORDS = {
    "mean": "Mean score",
    "median": "Median score",
    "sd": "Standard deviation of the scores",
    "skewness": "Skewness",
    "kurtosis": "Excess kurtosis",
    "alpha": "Cronbach's alpha",
    "error_ratio": "Error ratio",
    "standard_error": "Standard error of a score",
}
MOST_BINS = 20

_UNDEFINED = -1.13  # where items without a discrimination index are shown


def attempts_text(attempts: str, *, n_attempts: int, n_students: int) -> str:
    """Write which attempts the numbers of a figure are computed from.

    Examples
    --------
    >>> attempts_text("first", n_attempts=40, n_students=40), attempts_text("all", n_attempts=75, n_students=40)
    ("40 students, each student's first attempt", '75 attempts of 40 students, all attempts of each student')
    """
    words = ATTEMPTS_WORDS[CountedAttempts(attempts)]
    students = count_text(n_students, "student")
    counted = students if n_attempts == n_students else f"{count_text(n_attempts, 'attempt')} of {students}"
    return f"{counted}, {words}"


@MAP.documented
def item_map(items: pd.DataFrame, *, attempts: str, simulated: bool = False) -> go.Figure:
    """Draw the items of a quiz by facility and discrimination, with intervals and verdicts.

    Parameters
    ----------
    items
        One row per item.

        {columns}
    attempts
        Which attempts count (`CountedAttempts`).
    simulated
        Whether to say in the note that the data are simulated.

    Returns
    -------
    Figure
        One trace per verdict, with its own symbol, colour and legend entry; items without an index are shown below the axis.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one number.
    """
    MAP.need(items, subject="The map of items")
    need_unique(items, ["number"], subject="The map of items")
    figure = go.Figure()
    for limit, words in ((0.5, "very good from 0.5"), (0.3, "adequate from 0.3"), (0.2, "weak from 0.2")):
        theme.add_limit(figure, limit, words)
    theme.add_limit(figure, 0, "below 0, the weak do better", dash="solid")
    for verdict in ItemVerdict:
        rows = items[items["verdict"] == verdict.value]
        if len(rows):
            figure.add_trace(_trace(verdict, rows))
    n_attempts, n_students = (int(items[name].max()) if len(items) else 0 for name in ("n", "n_students"))
    counted = attempts_text(attempts, n_attempts=n_attempts, n_students=n_students)
    note = f"{counted}.{' Simulated data.' if simulated else ''}<br>Numbers are question numbers; lines are 90 % bootstrap intervals. "
    note += "Verdicts are withheld below 30 students.<br>A key is likely wrong if the whole interval of the discrimination is below 0."
    least = min(0.0, 100 * float(items["facility_low"].min())) if items["facility_low"].notna().any() else 0.0
    theme.apply_theme(figure, title="Facility and discrimination of each question", note=note, height=520)
    figure.update_layout(margin={"r": 170}, showlegend=True, legend={"y": 1.01})
    shares = [0, 20, 40, 60, 80, 100]
    figure.update_xaxes(title={"text": "Facility index (mean score, % of the maximum)"}, range=[least - 4, 104], tickvals=shares)
    figure.update_yaxes(title={"text": "Discrimination index (−1 to 1)"}, range=[_UNDEFINED - 0.08, 1.08], tickvals=[-1, -0.5, 0, 0.5, 1])
    return figure


def item_map_table(items: pd.DataFrame) -> pd.DataFrame:
    """Write the items as a table.

    Returns
    -------
    DataFrame
        No., Question, Verdict, Facility, Discrimination, Efficiency, Effective weight, Intended weight, SD, Difficulty, Type and
        Points, as text; intervals are in brackets. Where the effective weight is undefined, the cell says why.
    """
    ITEMS.need(items, subject="The table of items")
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
    """Write the verdict on an item, and whether it is firm or tentative.

    Examples
    --------
    >>> verdict_text({"verdict": "adequate", "standing": "tentative"}), verdict_text({"verdict": "withheld", "standing": "firm"})
    ('adequate, tentative', 'withheld: too few students')
    """
    verdict = ItemVerdict(str(item["verdict"]))
    words = VERDICT_WORDS[verdict]
    may_be_tentative = verdict not in {ItemVerdict.UNDEFINED, ItemVerdict.WITHHELD, ItemVerdict.LIKELY_WRONG_KEY, ItemVerdict.NEGATIVE}
    return f"{words}, {item['standing']}" if may_be_tentative else words


def _trace(verdict: ItemVerdict, rows: pd.DataFrame) -> go.Scatter:
    facility, low, high = (rows[f"facility{end}"].astype("float64").to_numpy() * 100 for end in ("", "_low", "_high"))
    index, below, above = (rows[f"discrimination_index{end}"].astype("float64").to_numpy() for end in ("", "_low", "_high"))
    thin: dict[str, Any] = {"color": _COLOURS[verdict], "thickness": 1.2, "width": 3}
    return go.Scatter(
        name=VERDICT_WORDS[verdict],
        x=np.nan_to_num(facility).tolist(),
        y=np.where(np.isnan(index), _UNDEFINED, index).tolist(),
        mode="markers+text",
        text=[f"<b>{number}</b>" for number in rows["number"]],
        textposition="top right",
        textfont={"size": 12},
        marker={"symbol": _SYMBOLS[verdict], "color": _COLOURS[verdict], "size": 12, "line": {"width": 2}},
        error_x=theme.error_bar(facility, low, high, **thin),
        error_y=theme.error_bar(index, below, above, **thin),
        customdata=[[int(number)] for number in rows["number"]],
        hovertext=[_item_hover(row) for row in rows.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )


def _item_hover(row: Mapping[Hashable, Any]) -> str:
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
    return value_text(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))


def _percent_interval(row: Mapping[Hashable, Any], name: str) -> str:
    value, low, high = (float(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return percent_text(value) + (f" ({number_text(low * 100, 0)} to {number_text(high * 100, 0)})" if np.isfinite(low) else "")


@STATISTICS.documented
def score_distribution(
    totals: pd.Series, statistics: pd.DataFrame, *, max_score: float, attempts: str, n_students: int, simulated: bool = False
) -> go.Figure:
    """Draw how many attempts reached which score.

    Parameters
    ----------
    totals
        The score of each attempt.
    statistics
        Indexed by the names of `STATISTIC_WORDS`.

        {columns}
    max_score
        The score of a perfect attempt.
    attempts, n_students
        Which attempts count (`CountedAttempts`), and how many students they are from.
    simulated
        Whether to say in the note that the data are simulated.

    Returns
    -------
    Figure
        One bar per range of scores, and lines at mean and median.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    STATISTICS.need(statistics, subject="The distribution of scores")
    bins = _bins(totals, max_score)
    figure = go.Figure(
        go.Bar(
            x=((bins["from"] + bins["to"]) / 2).tolist(),
            y=bins["n"].tolist(),
            width=((bins["to"] - bins["from"]) * 0.92).tolist(),
            text=[str(n) if n else "" for n in bins["n"]],
            textposition="auto",
            insidetextanchor="start",
            textangle=0,
            marker={"color": theme.SERIES[0]},
            hovertext=[
                f"score {row['range']}: {count_text(row['n'], 'attempt')}, {percent_text(row['share'])}" for row in bins.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            cliponaxis=False,
        )
    )
    for name, dash in (("mean", "dash"), ("median", "dot")):
        value = float(statistics["value"].get(name, np.nan))
        if np.isfinite(value):
            figure.add_vline(x=value, line={"dash": dash, "width": 1.5, "color": theme.INK}, layer="below")
    alpha = _statistic_text(statistics, "alpha")
    note = f"{attempts_text(attempts, n_attempts=len(totals), n_students=n_students)}. Cronbach's alpha {alpha}."
    note += f"<br>Dashed: mean {_statistic_text(statistics, 'mean')}. Dotted: median {_statistic_text(statistics, 'median')}."
    note += " Simulated data." if simulated else ""
    theme.apply_theme(figure, title="Distribution of the scores", note=note, height=360)
    figure.update_layout(showlegend=False)
    least, most = (float(bins["from"].min()), float(bins["to"].max())) if len(bins) else (0.0, 1.0)
    figure.update_xaxes(title={"text": f"Score (of {max_score:g})"}, range=[least - 0.02 * most, 1.02 * most])
    figure.update_yaxes(title={"text": "Attempts"}, range=[0, 1.25 * max(float(bins["n"].max()) if len(bins) else 0.0, 1.0)], nticks=6)
    return figure


def score_distribution_table(totals: pd.Series, *, max_score: float) -> pd.DataFrame:
    """Write the distribution as a table.

    Returns
    -------
    DataFrame
        Score, Attempts and Share; one row per bar, and no row without attempts.
    """
    bins = _bins(totals, max_score)
    return pd.DataFrame(
        {
            "Score": bins["range"].astype("str"),
            "Attempts": bins["n"].astype("int64"),
            "Share": [percent_text(share) for share in bins["share"]],
        }
    )


def quiz_statistics_table(statistics: pd.DataFrame) -> pd.DataFrame:
    """Write the statistics of a quiz as a table.

    Returns
    -------
    DataFrame
        Statistic, Value and 90 % interval, as text.
    """
    STATISTICS.need(statistics, subject="The table of a quiz's statistics")
    return pd.DataFrame(
        {
            "Statistic": [STATISTIC_WORDS.get(str(name), str(name)) for name in statistics.index],
            "Value": [number_text(value) for value in statistics["value"]],
            "90 % interval": [interval_text(low, high) for low, high in zip(statistics["low"], statistics["high"], strict=True)],
        }
    )


def _statistic_text(statistics: pd.DataFrame, name: str) -> str:
    value, low, high = (float(statistics[column].get(name, np.nan)) for column in STATISTICS.names)
    return number_text(value) + (f" (90 % interval {interval_text(low, high)})" if np.isfinite(low) else "")


def _bins(totals: pd.Series, max_score: float) -> pd.DataFrame:
    """Ranges of equal width: one per whole score if that gives few enough; the last range includes its end."""
    scores = totals.astype("float64").to_numpy()
    if not len(scores):
        return pd.DataFrame({"from": [], "to": [], "n": [], "share": [], "range": []})
    top = max(float(max_score), float(scores.max()), np.finfo(np.float64).tiny)
    bottom = min(0.0, float(scores.min()))
    one_per_score = float(max_score).is_integer() and top - bottom <= MOST_BINS and bool((scores == np.floor(scores)).all())
    # With one bar per score, the bar is centred on the score.
    edges = np.arange(bottom - 0.5, np.floor(top) + 1) if one_per_score else np.linspace(bottom, top, MOST_BINS // 2 + 1)
    counts, edges = np.histogram(scores, bins=edges)
    ranges = (
        [f"{score:g}" for score in (edges[:-1] + edges[1:]) / 2]
        if one_per_score
        else [f"{number_text(low)} to {number_text(high)}" for low, high in itertools.pairwise(edges)]
    )
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "n": counts, "share": counts / len(scores), "range": ranges})
