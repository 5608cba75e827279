"""How a class does from one answer to the next: the share of correct answers, and what knowledge tracing expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need, need_once
from lmskit.charts.labels import plain
from lmskit.rounding import percent_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

COLUMNS = ("place", "n", "observed", "low", "high", "predicted")
"""What a learning curve needs: one row per place in the sequence of answers."""


def learning_curve(places: pd.DataFrame, *, topic: str) -> go.Figure:
    """Draw the share of correct answers by how many answers a student had given before, and the share that the fit expects.

    Parameters
    ----------
    places
        The columns of `COLUMNS`, as `lmskit.analytics.traced.learning_places` gives them; shares from 0 to 1.
    topic
        Which topic, for the note under the title.

    Returns
    -------
    Figure
        A line with markers and 90 % intervals for what happened, a dashed one for what the fit expects.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    need(places, COLUMNS, chart="The learning curve")
    need_once(places, ["place"], chart="The learning curve")
    rows = places.sort_values("place")
    observed, low, high = (rows[column].astype("float64") * 100 for column in ("observed", "low", "high"))
    figure = go.Figure(
        go.Scatter(
            name="correct, with 90 % interval",
            x=rows["place"].tolist(),
            y=observed.tolist(),
            mode="lines+markers",
            line={"color": theme.SERIES[0], "width": 2},
            marker={"symbol": theme.SERIES_SYMBOLS[0], "size": 8},
            error_y=theme.error_bar(observed, low, high, color=theme.SERIES[0], thickness=1.2, width=4),
            hovertext=[_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            name="expected by the fit",
            x=rows["place"].tolist(),
            y=(rows["predicted"].astype("float64") * 100).tolist(),
            mode="lines+markers",
            line={"color": theme.SERIES[1], "width": 2, "dash": "dash"},
            marker={"symbol": theme.SERIES_SYMBOLS[1], "size": 7},
            hoverinfo="skip",
        )
    )
    most, least = (int(rows["n"].max()), int(rows["n"].min())) if len(rows) else (0, 0)
    reached = f"from {most:,} students at the first answer to {least:,} at the last one shown"
    note = f"{plain(topic, 60)}. Knowledge tracing (rule bkt), {reached}.<br>Later answers are those of students who went on."
    theme.dressed(figure, question="Does the class learn from answer to answer?", note=note, height=440)
    figure.update_xaxes(title={"text": "Answer of a student (1 is the first)"}, dtick=max(1, len(rows) // 15))
    figure.update_yaxes(title={"text": "Correct answers (%)"}, range=[-3, 103], tickvals=[0, 25, 50, 75, 100])
    return figure


def learning_curve_table(places: pd.DataFrame) -> pd.DataFrame:
    """Write a learning curve as a table.

    Returns
    -------
    DataFrame
        Answer, Students, Correct, 90 % interval and Expected; one row per place.
    """
    need(places, COLUMNS, chart="The table of the learning curve")
    need_once(places, ["place"], chart="The table of the learning curve")
    rows = [
        {
            "Answer": int(row["place"]),
            "Students": int(row["n"]),
            "Correct": percent_text(row["observed"], 1),
            "90 % interval": f"{percent_text(row['low'], 1)} to {percent_text(row['high'], 1)}",
            "Expected": percent_text(row["predicted"], 1),
        }
        for row in places.sort_values("place").to_dict("records")
    ]
    return pd.DataFrame(rows, columns=["Answer", "Students", "Correct", "90 % interval", "Expected"])


def _hover(row: Mapping[Hashable, Any]) -> str:
    return (
        f"Answer {int(row['place'])}: {int(row['n']):,} students<br>{percent_text(row['observed'], 1)} correct "
        f"({percent_text(row['low'], 1)} to {percent_text(row['high'], 1)})<br>{percent_text(row['predicted'], 1)} expected by the fit"
    )
