"""How predictions compare with what happened: the calibration of knowledge tracing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need, need_once
from lmskit.charts.labels import plain
from lmskit.rounding import percent_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

COLUMNS = ("from", "to", "n", "predicted", "observed", "low", "high")
"""What the calibration needs: one row per part of the predictions."""

_SMALLEST, _LARGEST = 7.0, 22.0  # pixels across, so that the area of a point tells its answers


def calibration_chart(parts: pd.DataFrame, *, about: str) -> go.Figure:
    """Draw the share of correct answers against what was predicted.

    Parameters
    ----------
    parts
        The columns of `COLUMNS`, as `lmskit.analytics.held_out.calibration` gives them; shares from 0 to 1.
    about
        What the predictions are of, for the note under the title.

    Returns
    -------
    Figure
        A line where predictions would be exact, and a point with its 90 % interval for each part that has answers; the larger, the more
        answers.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    need(parts, COLUMNS, chart="The calibration")
    need_once(parts, ["from"], chart="The calibration")
    rows = parts[parts["n"] > 0].sort_values("from")
    observed, low, high = (rows[column].astype("float64") * 100 for column in ("observed", "low", "high"))
    share = np.sqrt(rows["n"].astype("float64") / max(int(rows["n"].max()), 1)) if len(rows) else rows["n"].astype("float64")
    figure = go.Figure(
        go.Scatter(
            name="predictions that come true",
            x=[0, 100],
            y=[0, 100],
            mode="lines",
            line={"color": theme.FAINT, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            name="answers, with 90 % interval",
            x=(rows["predicted"].astype("float64") * 100).tolist(),
            y=observed.tolist(),
            mode="markers",
            marker={"color": theme.SERIES[0], "size": (_SMALLEST + (_LARGEST - _SMALLEST) * share).tolist(), "opacity": 0.9},
            error_y=theme.error_bar(observed, low, high),
            hovertext=[_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    n = int(parts["n"].sum())
    note = f"{plain(about, 150)}<br>{n:,} answers in {len(rows)} groups; larger points hold more answers. Points on the line are exact."
    theme.dressed(figure, question="Do the predictions come true?", note=note, height=480)
    axis = {"range": [-3, 103], "tickvals": [0, 25, 50, 75, 100]}
    figure.update_xaxes(title={"text": "Predicted chance of a correct answer (%)"}, **axis)
    figure.update_yaxes(title={"text": "Correct answers (%)"}, **axis)
    return figure


def calibration_table(parts: pd.DataFrame) -> pd.DataFrame:
    """Write the calibration as a table.

    Returns
    -------
    DataFrame
        Predicted between, Answers, Mean prediction, Correct and 90 % interval; one row per part that has answers.
    """
    need(parts, COLUMNS, chart="The table of the calibration")
    need_once(parts, ["from"], chart="The table of the calibration")
    rows = [
        {
            "Predicted between": f"{percent_text(row['from'])} and {percent_text(row['to'])}",
            "Answers": int(row["n"]),
            "Mean prediction": percent_text(row["predicted"], 1),
            "Correct": percent_text(row["observed"], 1),
            "90 % interval": f"{percent_text(row['low'], 1)} to {percent_text(row['high'], 1)}",
        }
        for row in parts[parts["n"] > 0].sort_values("from").to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["Predicted between", "Answers", "Mean prediction", "Correct", "90 % interval"])


def _hover(row: Mapping[Hashable, Any]) -> str:
    low, high = percent_text(row["low"], 1), percent_text(row["high"], 1)
    correct = f"{int(row['n']):,} answers, of which {percent_text(row['observed'], 1)} correct"
    return f"Predicted {percent_text(row['predicted'], 1)} on average<br>{correct}<br>90 % interval {low} to {high}"
