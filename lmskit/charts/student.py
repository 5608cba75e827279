"""One student: the weeks with their intervals, and the attempts behind a week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need, need_once, need_one
from lmskit.charts.labels import plain
from lmskit.rounding import number_text, percent_text
from lmskit.thresholds import standings
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

CELLS = ("student_id", "name", "week_number", "topic", "value", "low", "high", "n_evidence", "level")
"""What the weeks of a student need: one row per week."""
ATTEMPTS = ("quiz_title", "week_number", "number", "score", "max_score", "submitted_at", "origin")
"""What the attempts of a student need: one row per attempt."""

_BELOW = -0.07  # where weeks and attempts without a value are marked: clearly not at zero


def student_weeks(cells: pd.DataFrame, *, rule: str, parameters: Mapping[str, float]) -> go.Figure:
    """Draw one student's mastery week by week, with intervals and thresholds.

    Parameters
    ----------
    cells
        The columns of `CELLS`, of one student.
    rule, parameters
        What the values were computed by; the thresholds are among the parameters.

    Returns
    -------
    Figure
        One trace of markers per level; weeks without a value are marked below the axis.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        The table holds several students, or a week twice.
    """
    need(cells, CELLS, chart="The chart of a student's weeks")
    need_one(cells, "student_id", chart="The chart of a student's weeks")
    need_once(cells, ["week_number"], chart="The chart of a student's weeks")
    limits = theme.thresholds(parameters)
    rows = cells.sort_values("week_number").assign(standing=lambda table: _standings(table, limits))
    figure = go.Figure()
    for threshold, word in ((limits["mastery_threshold"], "mastered from"), (limits["remedial_threshold"], "remedial below")):
        figure.add_hline(y=threshold, line={"dash": "dash", "width": 1, "color": theme.FAINT})
        figure.add_annotation(
            x=1,
            xref="paper",
            xanchor="left",
            xshift=6,
            y=threshold,
            yanchor="middle",
            showarrow=False,
            text=f"{word} {threshold:g}",
            font={"size": 11, "color": theme.FAINT},
        )
    for level in theme.LEVELS:
        here = rows[rows["level"] == level.value]
        figure.add_trace(_weeks_at(level, here))
    name = plain(rows["name"].iloc[0], 40) if len(rows) else "this student"
    has_interval = bool(rows["low"].notna().any())
    note = "Lines are 90 % intervals." if has_interval else "This rule carries no interval."
    theme.dressed(
        figure, question=f"How does {name} stand, week by week?", note=f"{theme.rule_text(rule, parameters)}<br>{note}", height=420
    )
    figure.update_layout(margin={"r": 140}, showlegend=True)
    weeks = [str(int(week)) for week in rows["week_number"]]
    figure.update_xaxes(
        type="category", categoryorder="array", categoryarray=weeks, range=[-0.5, max(len(weeks), 1) - 0.5], title={"text": "Week"}
    )
    figure.update_yaxes(title={"text": "Mastery value (0 to 1)"}, range=[-0.13, 1.06], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    return figure


def student_weeks_table(cells: pd.DataFrame, *, parameters: Mapping[str, float]) -> pd.DataFrame:
    """Write one student's weeks as a table.

    Returns
    -------
    DataFrame
        Week, Topic, Value, 90 % interval, Evidence, Level, Standing; one row per week, numbers as text.
    """
    need(cells, CELLS, chart="The table of a student's weeks")
    need_one(cells, "student_id", chart="The table of a student's weeks")
    rows = cells.sort_values("week_number")
    assessed = rows["level"] != Level.NOT_ASSESSED.value
    return pd.DataFrame(
        {
            "Week": rows["week_number"].astype("int64"),
            "Topic": rows["topic"],
            "Value": [number_text(value) for value in _floats(rows, "value")],
            "90 % interval": [
                theme.interval_text(low, high) for low, high in zip(_floats(rows, "low"), _floats(rows, "high"), strict=True)
            ],
            "Evidence": rows["n_evidence"].fillna(0).astype("int64"),
            "Level": [theme.LEVEL_WORDS[Level(level)] for level in rows["level"]],
            "Standing": np.where(assessed, _standings(rows, theme.thresholds(parameters)), ""),
        }
    ).reset_index(drop=True)


def student_attempts(attempts: pd.DataFrame, *, student: str, week_number: int) -> go.Figure:
    """Draw one student's attempts of a week: the score as a share of the maximum, over time.

    Parameters
    ----------
    attempts
        The columns of `ATTEMPTS`; rows of other weeks are left out.
    student
        The name, for the title.
    week_number
        Which week.

    Returns
    -------
    Figure
        One trace per quiz; attempts that are not graded are marked below the axis.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    need(attempts, ATTEMPTS, chart="The chart of a student's attempts")
    rows = _attempts_of(attempts, week_number)
    figure = go.Figure()
    for position, (title, quiz) in enumerate(rows.groupby("quiz_title", sort=True)):
        graded = quiz["fraction"].notna()
        colour = theme.SERIES[position % len(theme.SERIES)]
        symbol = theme.SERIES_SYMBOLS[position % len(theme.SERIES_SYMBOLS)]
        figure.add_trace(
            go.Scatter(
                name=plain(title, 50),
                x=quiz["submitted_at"].tolist(),
                y=quiz["fraction"].where(graded, _BELOW).tolist(),
                mode="markers+text",
                marker={"color": colour, "size": 11, "symbol": [symbol if one else f"{symbol}-open" for one in graded]},
                text=[str(int(number)) for number in quiz["number"]],
                textposition="top center",
                hovertext=[_attempt_hover(row) for row in quiz.to_dict("records")],
                hovertemplate="%{hovertext}<extra></extra>",
                cliponaxis=False,
            )
        )
    note = "Numbers are attempts; open marks below the axis are not graded and are no evidence."
    if (rows["origin"] == "simulation").any():
        note += " Simulated data."
    theme.dressed(figure, question=f"What did {plain(student, 40)} submit in week {week_number}?", note=note, height=420)
    figure.update_layout(showlegend=True)
    best = float(rows["fraction"].max()) if rows["fraction"].notna().any() else 1.0
    figure.update_xaxes(type="date", title={"text": "Submitted (UTC)", "standoff": 18}, nticks=8)
    figure.update_yaxes(
        title={"text": "Score (share of the maximum)"}, range=[-0.13, max(1.0, best) + 0.12], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1]
    )
    if rows.empty:
        figure.add_annotation(text="no attempts in this week", showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
    return figure


def student_attempts_table(attempts: pd.DataFrame, *, week_number: int) -> pd.DataFrame:
    """Write one student's attempts of a week as a table.

    Returns
    -------
    DataFrame
        Submitted (UTC), Quiz, Attempt, Score, Maximum, Share, Origin; one row per attempt, oldest first, numbers as text.
    """
    need(attempts, ATTEMPTS, chart="The table of a student's attempts")
    rows = _attempts_of(attempts, week_number)
    return pd.DataFrame(
        {
            "Submitted (UTC)": rows["submitted_at"].dt.strftime("%Y-%m-%d %H:%M"),
            "Quiz": rows["quiz_title"],
            "Attempt": rows["number"].astype("int64"),
            "Score": [number_text(score) if score == score else "not graded" for score in _floats(rows, "score")],  # noqa: PLR0124  # NaN is not itself
            "Maximum": [number_text(maximum) for maximum in _floats(rows, "max_score")],
            "Share": [percent_text(fraction) for fraction in rows["fraction"]],
            "Origin": rows["origin"].astype("str"),
        }
    ).reset_index(drop=True)


def _floats(table: pd.DataFrame, column: str) -> list[float]:
    numbers: list[float] = table[column].to_numpy(dtype=np.float64, na_value=np.nan).tolist()
    return numbers


def _standings(table: pd.DataFrame, limits: Mapping[str, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    return standings(_floats(table, "low"), _floats(table, "high"), **limits)


def _weeks_at(level: Level, rows: pd.DataFrame) -> go.Scatter:
    """The weeks of one level as markers; those without a value stand below the axis, since zero is a value."""
    value, low, high = (np.array(_floats(rows, column)) for column in ("value", "low", "high"))
    missing = level is Level.NOT_ASSESSED
    return go.Scatter(
        name=f"{theme.LEVEL_LETTERS[level]} {theme.LEVEL_WORDS[level]}",
        x=[str(int(week)) for week in rows["week_number"]],
        y=[_BELOW] * len(rows) if missing else value.tolist(),
        mode="markers" if missing else "markers+text",
        text=[theme.LEVEL_LETTERS[level]] * len(rows),
        textposition="middle right",
        textfont={"size": 11},
        marker={
            "color": theme.FAINT if missing else theme.LEVEL_COLOURS[level],
            "symbol": theme.LEVEL_SYMBOLS[level],
            "size": 11,
            "line": {"width": 2 if missing else 0},
        },
        error_y=theme.error_bar(value, low, high, color=theme.LEVEL_COLOURS[level]) | {"visible": bool(np.isfinite(low).any())},
        hovertext=[_week_hover(row) for row in rows.to_dict("records")],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _week_hover(row: Mapping[Hashable, Any]) -> str:
    head = f"<b>Week {row['week_number']}</b>: {plain(row['topic'], 60)}<br>{theme.LEVEL_WORDS[Level(str(row['level']))]}"
    evidence = 0 if pd.isna(row["n_evidence"]) else row["n_evidence"]
    if row["level"] == Level.NOT_ASSESSED.value:
        return f"{head}<br>evidence: {evidence:g}"
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    lines = [f"{head}, {row['standing']}", f"value {number_text(value)}", f"90 % interval: {theme.interval_text(low, high)}"]
    return "<br>".join([*lines, f"evidence: {evidence:g}"])


def _attempts_of(attempts: pd.DataFrame, week_number: int) -> pd.DataFrame:
    rows = attempts[attempts["week_number"] == week_number].copy()
    rows["submitted_at"] = pd.to_datetime(rows["submitted_at"], utc=True)
    maximum = rows["max_score"].astype("float64")
    rows["fraction"] = rows["score"].astype("float64") / maximum.where(maximum > 0)
    return rows.sort_values(["submitted_at", "quiz_title", "number"], kind="stable")


def _attempt_hover(row: Mapping[Hashable, Any]) -> str:
    score = float(row["score"]) if pd.notna(row["score"]) else None
    told = (
        "not graded"
        if score is None
        else f"{number_text(score)} of {number_text(float(row['max_score']))}, {percent_text(float(row['fraction']))}"
    )
    when = f"{row['submitted_at']:%Y-%m-%d %H:%M}" if pd.notna(row["submitted_at"]) else "time unknown"
    return f"<b>{plain(row['quiz_title'], 60)}</b>, attempt {row['number']}<br>{told}<br>{when} UTC<br>origin: {plain(row['origin'])}"
