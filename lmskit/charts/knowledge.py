"""Knowledge tracing: predicted and observed answers (calibration), and the learning curve of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import HIGH, LOW, need_unique
from lmskit.charts.labels import plain
from lmskit.columns import Column, Columns
from lmskit.rounding import percent_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

CALIBRATION = Columns(
    Column("from", "float64", "lower end of a range of predictions, from 0 to 1"),
    Column("to", "float64", "upper end of the range"),
    Column("n", "int64", "answers in the range"),
    Column("predicted", "float64", "mean prediction; NaN without answers"),
    Column("observed", "float64", "share of correct answers; NaN without answers"),
    LOW,
    HIGH,
)
"""One row per range of predictions."""
CURVE = Columns(
    Column("position", "int64", "number of the answer in the sequence of a student, from 1"),
    Column("n", "int64", "students with that many answers"),
    Column("observed", "float64", "share of correct answers, from 0 to 1"),
    LOW,
    HIGH,
    Column("predicted", "float64", "share that the fit predicts"),
)
"""One row per number of answer."""

_SMALLEST, _LARGEST = 7.0, 22.0  # diameter in pixels: the area of a point shows the number of its answers


@CALIBRATION.documented
def calibration_chart(parts: pd.DataFrame, *, about: str) -> go.Figure:
    """Draw the observed share of correct answers against the predicted one.

    Parameters
    ----------
    parts
        As `lmskit.analytics.bkt.calibration` returns them.

        {columns}
    about
        What was predicted, for the note under the title.

    Returns
    -------
    Figure
        A line where prediction and observation agree, and a point with its 90 % interval for each range that has answers; the larger the
        point, the more answers.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one range.
    """
    CALIBRATION.need(parts, subject="The calibration chart")
    need_unique(parts, ["from"], subject="The calibration chart")
    rows = parts[parts["n"] > 0].sort_values("from")
    observed, low, high = (rows[column].astype("float64") * 100 for column in ("observed", "low", "high"))
    relative = np.sqrt(rows["n"].astype("float64") / max(int(rows["n"].max()), 1)) if len(rows) else rows["n"].astype("float64")
    figure = go.Figure(
        go.Scatter(
            name="exact predictions",
            x=[0, 100],
            y=[0, 100],
            mode="lines",
            line={"color": theme.FAINT, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            name="observed, with 90 % interval",
            x=(rows["predicted"].astype("float64") * 100).tolist(),
            y=observed.tolist(),
            mode="markers",
            marker={"color": theme.SERIES[0], "size": (_SMALLEST + (_LARGEST - _SMALLEST) * relative).tolist(), "opacity": 0.9},
            error_y=theme.error_bar(observed, low, high),
            hovertext=[_calibration_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    n = int(parts["n"].sum())
    note = (
        f"{plain(about, 150)}<br>{n:,} answers in {len(rows)} groups; larger points hold more answers. Predictions on the line are exact."
    )
    theme.apply_theme(figure, title="Calibration: predicted and observed correct answers", note=note, height=480)
    axis = {"range": [-3, 103], "tickvals": [0, 25, 50, 75, 100]}
    figure.update_xaxes(title={"text": "Predicted probability of a correct answer (%)"}, **axis)
    figure.update_yaxes(title={"text": "Correct answers (%)"}, **axis)
    return figure


def calibration_table(parts: pd.DataFrame) -> pd.DataFrame:
    """Write the calibration as a table.

    Returns
    -------
    DataFrame
        Predicted between, Answers, Mean prediction, Correct and 90 % interval; one row per range that has answers.
    """
    CALIBRATION.need(parts, subject="The table of the calibration")
    need_unique(parts, ["from"], subject="The table of the calibration")
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


@CURVE.documented
def learning_curve(curve: pd.DataFrame, *, topic: str) -> go.Figure:
    """Draw the share of correct answers by the number of the answer, observed and predicted by the fit.

    Parameters
    ----------
    curve
        As `lmskit.analytics.bkt.learning_curve` returns it.

        {columns}
    topic
        The topic, for the note under the title.

    Returns
    -------
    Figure
        A line with markers and 90 % intervals for the observed shares, a dashed line for the predicted ones.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one number of answer.
    """
    CURVE.need(curve, subject="The learning curve")
    need_unique(curve, ["position"], subject="The learning curve")
    rows = curve.sort_values("position")
    observed, low, high = (rows[column].astype("float64") * 100 for column in ("observed", "low", "high"))
    figure = go.Figure(
        go.Scatter(
            name="observed, with 90 % interval",
            x=rows["position"].tolist(),
            y=observed.tolist(),
            mode="lines+markers",
            line={"color": theme.SERIES[0], "width": 2},
            marker={"symbol": theme.SERIES_SYMBOLS[0], "size": 8},
            error_y=theme.error_bar(observed, low, high, color=theme.SERIES[0], thickness=1.2, width=4),
            hovertext=[_curve_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            name="predicted by the fit",
            x=rows["position"].tolist(),
            y=(rows["predicted"].astype("float64") * 100).tolist(),
            mode="lines+markers",
            line={"color": theme.SERIES[1], "width": 2, "dash": "dash"},
            marker={"symbol": theme.SERIES_SYMBOLS[1], "size": 7},
            hoverinfo="skip",
        )
    )
    most, least = (int(rows["n"].max()), int(rows["n"].min())) if len(rows) else (0, 0)
    note = f"{plain(topic, 60)}. Knowledge tracing (rule bkt). {most:,} students gave a first answer, {least:,} the last one shown.<br>"
    note += "Later answers are only from students who continued."
    theme.apply_theme(figure, title="Learning curve: correct answers, first to last", note=note, height=440)
    figure.update_xaxes(title={"text": "Number of the answer (1: a student's first)"}, dtick=max(1, len(rows) // 15))
    figure.update_yaxes(title={"text": "Correct answers (%)"}, range=[-3, 103], tickvals=[0, 25, 50, 75, 100])
    return figure


def learning_curve_table(curve: pd.DataFrame) -> pd.DataFrame:
    """Write a learning curve as a table.

    Returns
    -------
    DataFrame
        Answer, Students, Correct, 90 % interval and Predicted; one row per number of answer.
    """
    CURVE.need(curve, subject="The table of the learning curve")
    need_unique(curve, ["position"], subject="The table of the learning curve")
    rows = [
        {
            "Answer": int(row["position"]),
            "Students": int(row["n"]),
            "Correct": percent_text(row["observed"], 1),
            "90 % interval": f"{percent_text(row['low'], 1)} to {percent_text(row['high'], 1)}",
            "Predicted": percent_text(row["predicted"], 1),
        }
        for row in curve.sort_values("position").to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["Answer", "Students", "Correct", "90 % interval", "Predicted"])


def _calibration_hover(row: Mapping[Hashable, Any]) -> str:
    low, high = percent_text(row["low"], 1), percent_text(row["high"], 1)
    correct = f"{int(row['n']):,} answers, {percent_text(row['observed'], 1)} of them correct"
    return f"Mean prediction {percent_text(row['predicted'], 1)}<br>{correct}<br>90 % interval: {low} to {high}"


def _curve_hover(row: Mapping[Hashable, Any]) -> str:
    return (
        f"Answer {int(row['position'])}: {int(row['n']):,} students<br>{percent_text(row['observed'], 1)} correct "
        f"({percent_text(row['low'], 1)} to {percent_text(row['high'], 1)})<br>{percent_text(row['predicted'], 1)} predicted by the fit"
    )
