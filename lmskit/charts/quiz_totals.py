"""The totals of a quiz: how they spread, and the statistics of the quiz as a whole."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need
from lmskit.charts.items import attempts_text
from lmskit.rounding import count_text, number_text, percent_text

STATISTICS = ("value", "low", "high")
"""What the table of a quiz's statistics needs; its index names them."""

STATISTIC_WORDS = {
    "mean": "Mean (marks)",
    "median": "Median (marks)",
    "sd": "Standard deviation (marks)",
    "skewness": "Skewness",
    "kurtosis": "Excess kurtosis",
    "alpha": "Cronbach's alpha",
    "error_ratio": "Error ratio",
    "standard_error": "Standard error (marks)",
}
MOST_BINS = 20


def score_distribution(
    totals: pd.Series, statistics: pd.DataFrame, *, max_score: float, attempts: str, n_students: int, simulated: bool = False
) -> go.Figure:
    """Draw how many attempts earned how many marks.

    Parameters
    ----------
    totals
        Marks of each attempt in all.
    statistics
        The columns of `STATISTICS`, indexed by the names of `STATISTIC_WORDS`.
    max_score
        What a perfect attempt earns.
    attempts, n_students
        Which attempts count, and whose they are.
    simulated
        Whether the note says that the data are simulated.

    Returns
    -------
    Figure
        One bar per range of marks, and lines at mean and median.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    need(statistics, STATISTICS, chart="The distribution of scores")
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
                f"{row['range']} marks: {count_text(row['n'], 'attempt')}, {percent_text(row['share'])}" for row in bins.to_dict("records")
            ],
            hovertemplate="%{hovertext}<extra></extra>",
            cliponaxis=False,
        )
    )
    for name, dash in (("mean", "dash"), ("median", "dot")):
        value = float(statistics["value"].get(name, np.nan))
        if np.isfinite(value):
            figure.add_vline(x=value, line={"dash": dash, "width": 1.5, "color": theme.INK}, layer="below")
    alpha = _text(statistics, "alpha")
    note = f"{attempts_text(attempts, n_attempts=len(totals), n_students=n_students)}. Cronbach's alpha {alpha}."
    note += f"<br>Dashed: mean {_text(statistics, 'mean')}. Dotted: median {_text(statistics, 'median')}."
    note += " Simulated data." if simulated else ""
    theme.dressed(figure, question="How did the quiz turn out?", note=note, height=360)
    figure.update_layout(showlegend=False)
    most = float(bins["to"].max()) if len(bins) else 1.0
    figure.update_xaxes(title={"text": f"Total (marks, of {max_score:g})"}, range=[-0.02 * most, 1.02 * most])
    figure.update_yaxes(title={"text": "Attempts"}, range=[0, 1.25 * max(float(bins["n"].max()) if len(bins) else 0.0, 1.0)], nticks=6)
    return figure


def score_distribution_table(totals: pd.Series, *, max_score: float) -> pd.DataFrame:
    """Write the distribution as a table.

    Returns
    -------
    DataFrame
        Marks, Attempts and Share; one row per bar, and none without attempts.
    """
    bins = _bins(totals, max_score)
    return pd.DataFrame(
        {
            "Marks": bins["range"].astype("str"),
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
    need(statistics, STATISTICS, chart="The table of a quiz's statistics")
    return pd.DataFrame(
        {
            "Statistic": [STATISTIC_WORDS.get(str(name), str(name)) for name in statistics.index],
            "Value": [number_text(value) for value in statistics["value"]],
            "90 % interval": [theme.interval_text(low, high) for low, high in zip(statistics["low"], statistics["high"], strict=True)],
        }
    )


def _text(statistics: pd.DataFrame, name: str) -> str:
    value, low, high = (float(statistics[column].get(name, np.nan)) for column in STATISTICS)
    return number_text(value) + (f" (90 % interval {theme.interval_text(low, high)})" if np.isfinite(low) else "")


def _bins(totals: pd.Series, max_score: float) -> pd.DataFrame:
    """Ranges of equal width, one a mark where that gives few enough; the last one includes its end."""
    marks = totals.astype("float64").to_numpy()
    if not len(marks):
        return pd.DataFrame({"from": [], "to": [], "n": [], "share": [], "range": []})
    top = max(float(max_score), float(marks.max()), np.finfo(np.float64).tiny)
    by_mark = float(max_score).is_integer() and top <= MOST_BINS and bool((marks == np.floor(marks)).all())
    # By whole marks each bar stands on its mark; otherwise the range is divided.
    edges = np.arange(-0.5, np.floor(top) + 1) if by_mark else np.linspace(0, top, MOST_BINS // 2 + 1)
    counts, edges = np.histogram(marks, bins=edges)
    ranges = (
        [f"{mark:g}" for mark in (edges[:-1] + edges[1:]) / 2]
        if by_mark
        else [f"{number_text(low)} to {number_text(high)}" for low, high in itertools.pairwise(edges)]
    )
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "n": counts, "share": counts / len(marks), "range": ranges})
