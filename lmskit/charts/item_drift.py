"""One item from term to term: whether it became easier, and whether it discriminates as before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need, need_once
from lmskit.charts.labels import plain
from lmskit.rounding import MISSING, count_text, number_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

BY_RUN = (
    "run",
    "n",
    "n_students",
    *(f"{name}{end}" for name in ("facility", "discrimination_index") for end in ("", "_low", "_high")),
)
"""What the drift of an item needs: one row per run, in order of time."""
CHANGES = ("item", "index", "runs", "first", "last", "change", "p_adjusted", "changed")
"""What the changes of items need: one row per item and index."""

INDEX_WORDS = {"facility": "facility", "discrimination_index": "discrimination"}
_NOTE = 75  # characters of a line under the title, where the figure stands beside another
_STYLES = {"facility": ("#0072B2", "circle", -0.06), "discrimination_index": ("#D55E00", "square", 0.06)}


def item_drift_chart(
    by_run: pd.DataFrame, changes: pd.DataFrame, *, number: int, prompt: str, attempts: str, simulated: bool = False
) -> go.Figure:
    """Draw facility and discrimination of one item, run by run.

    Parameters
    ----------
    by_run
        The columns of `BY_RUN`, of one item.
    changes
        The columns of `CHANGES`, of the same item.
    number, prompt
        Of the question.
    attempts
        Which attempts count.
    simulated
        Whether the note says that the data are simulated.

    Returns
    -------
    Figure
        One trace for each of the two indices, with 90 % intervals.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        A run is there twice.
    """
    need(by_run, BY_RUN, chart="The drift of an item")
    need(changes, CHANGES, chart="The drift of an item")
    need_once(by_run, ["run"], chart="The drift of an item")
    figure = go.Figure()
    figure.add_hline(y=0, line={"width": 1, "color": theme.FAINT})
    for name, (colour, symbol, shift) in _STYLES.items():
        value, low, high = (by_run[f"{name}{end}"].astype("float64").to_numpy() for end in ("", "_low", "_high"))
        figure.add_trace(
            go.Scatter(
                name=f"{INDEX_WORDS[name]} index",
                x=(np.arange(len(by_run)) + shift).tolist(),
                y=[None if np.isnan(one) else float(one) for one in value],
                mode="lines+markers",
                line={"color": colour, "width": 1.5, "dash": "solid" if name == "facility" else "dot"},
                marker={"symbol": symbol, "size": 10, "color": colour},
                error_y=theme.error_bar(value, low, high, color=colour),
                hovertext=[_hover(row, name) for row in by_run.to_dict("records")],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    lines = [
        plain(prompt, _NOTE),
        *change_sentence(changes).split("; "),
        f"Attempts that count: {plain(attempts)}. 90 % bootstrap intervals.{' Simulated data.' if simulated else ''}",
    ]
    theme.dressed(figure, question=f"Did question {number} change?", note="<br>".join(lines), height=430)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(
        tickvals=list(range(len(by_run))),
        ticktext=[f"{plain(row['run'], 30)}<br>{count_text(row['n_students'], 'student')}" for row in by_run.to_dict("records")],
        range=[-0.5, max(len(by_run), 1) - 0.5],
        title={"text": "Course, oldest term first"},
    )
    figure.update_yaxes(title={"text": "Index"}, range=[-1.05, 1.08], tickvals=[-1, -0.5, 0, 0.5, 1])
    return figure


def item_drift_table(by_run: pd.DataFrame) -> pd.DataFrame:
    """Write the drift of one item as a table.

    Returns
    -------
    DataFrame
        Course, Students, Facility and Discrimination with their intervals, as text; one row per run.
    """
    need(by_run, BY_RUN, chart="The table of an item's drift")
    return pd.DataFrame(
        {
            "Course": by_run["run"].astype("str"),
            "Students": by_run["n_students"].astype("int64"),
            "Facility": [_with_interval(row, "facility") for row in by_run.to_dict("records")],
            "Discrimination": [_with_interval(row, "discrimination_index") for row in by_run.to_dict("records")],
        }
    ).reset_index(drop=True)


def changes_table(changes: pd.DataFrame, *, numbers: Mapping[Any, int]) -> pd.DataFrame:
    """Write which items of a quiz changed.

    Parameters
    ----------
    changes
        The columns of `CHANGES`.
    numbers
        The number of each item in its quiz.

    Returns
    -------
    DataFrame
        No., Index, Runs compared, First, Last, Change, p (adjusted) and Verdict, as text; the surest changes first.
    """
    need(changes, CHANGES, chart="The table of changes")
    rows = changes.assign(number=[numbers.get(item, 0) for item in changes["item"]])
    rows = rows.sort_values(["p_adjusted", "number", "index"], na_position="last", kind="stable")
    return pd.DataFrame(
        {
            "No.": rows["number"].astype("int64"),
            "Index": [INDEX_WORDS.get(str(index), str(index)) for index in rows["index"]],
            "Runs compared": rows["runs"].astype("int64"),
            "First": [number_text(value) for value in rows["first"]],
            "Last": [number_text(value) for value in rows["last"]],
            "Change": [number_text(value) for value in rows["change"]],
            "p (adjusted)": [_p_text(p) for p in rows["p_adjusted"]],
            "Verdict": [_verdict(row) for row in rows.to_dict("records")],
        }
    ).reset_index(drop=True)


def change_sentence(changes: pd.DataFrame) -> str:
    """Say of one item whether it changed.

    Examples
    --------
    >>> rows = {"index": ["facility"], "runs": [2], "change": [0.31], "p_adjusted": [0.002], "changed": [True]}
    >>> change_sentence(pd.DataFrame(rows))
    'facility changed by 0.31 (adjusted p 0.002).'
    """
    compared = changes[changes["runs"] > 1]
    if compared.empty:
        return "Asked in one course only, or of fewer than 30 students: not compared."
    told = []
    for row in compared.to_dict("records"):
        name = INDEX_WORDS.get(str(row["index"]), str(row["index"]))
        verb = f"{name} changed by" if row["changed"] else f"{name}: no change is shown,"
        told.append(f"{verb} {number_text(row['change'])} (adjusted p {_p_text(row['p_adjusted'])})")
    return "; ".join(told) + "."


def _verdict(row: Mapping[Hashable, Any]) -> str:
    if row["runs"] < 2:  # noqa: PLR2004  # a change takes two
        return "not compared"
    return "changed" if row["changed"] else "no change shown"


def _p_text(p: float) -> str:
    if not np.isfinite(p):
        return MISSING
    return "below 0.001" if p < 0.001 else number_text(p, 3)  # noqa: PLR2004  # finer than anybody needs


def _with_interval(row: Mapping[Hashable, Any], name: str) -> str:
    return theme.value_text(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))


def _hover(row: Mapping[Hashable, Any], name: str) -> str:
    made = f"{count_text(row['n'], 'attempt')} of {count_text(row['n_students'], 'student')}"
    return f"<b>{plain(row['run'])}</b><br>{INDEX_WORDS[name]} {_with_interval(row, name)}<br>{made}"
