"""One student: mastery by week with its intervals, and the attempts of a week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import CELLS, need_single, need_unique
from lmskit.charts.labels import LEVEL_LABELS, LEVEL_LETTERS, LEVEL_WORDS, interval_text, plain, rule_text
from lmskit.columns import QUIZ_WEEK, Column, Columns
from lmskit.rounding import number_text, percent_text
from lmskit.thresholds import standings
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from lmskit.configured_rule import ConfiguredRule

ATTEMPTS = Columns(
    Column("quiz_title", "str"),
    QUIZ_WEEK,
    Column("number", "int64", "of the attempt, from 1"),
    Column("score", "float64", "points given; NaN if not graded"),
    Column("max_score", "float64"),
    Column("submitted_at", "datetime64[ns, UTC]", "NaT if unknown"),
    Column("origin", "str", "`Origin`"),
)
"""One row per attempt."""
MOST_TIMES = 5
"""Times that fit on the axis of attempts in their order."""


@CELLS.documented
def student_weeks(cells: pd.DataFrame, *, rule: ConfiguredRule) -> go.Figure:
    """Draw the mastery of one student by week, with intervals and thresholds.

    Parameters
    ----------
    cells
        The weeks of one student.

        {columns}
    rule
        The rule of the values.

    Returns
    -------
    Figure
        One trace of markers per level; weeks without a value are shown below zero.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        The table has several students, or two rows for one week.
    """
    CELLS.need(cells, subject="The chart of a student's weeks")
    need_single(cells, "student_id", subject="The chart of a student's weeks")
    need_unique(cells, ["week_number"], subject="The chart of a student's weeks")
    thresholds = rule.thresholds
    rows = cells.sort_values("week_number").assign(standing=lambda table: _standings(table, thresholds))
    figure = go.Figure()
    for name, words in (("mastery_threshold", "mastered from"), ("remedial_threshold", "remedial below")):
        theme.add_limit(figure, thresholds[name], f"{words} {thresholds[name]:g}")
    for level in Level:
        figure.add_trace(_weeks_at(level, rows[rows["level"] == level.value]))
    student = plain(rows["name"].iloc[0], 40) if len(rows) else "this student"
    has_interval = bool(rows["low"].notna().any())
    note = "Lines are 90 % intervals." if has_interval else "This rule has no interval."
    theme.apply_theme(figure, title=f"Mastery by week: {student}", note=f"{rule_text(rule)}<br>{note}", height=420)
    figure.update_layout(margin={"r": 140}, showlegend=True)
    weeks = [str(int(week)) for week in rows["week_number"]]
    figure.update_xaxes(
        type="category", categoryorder="array", categoryarray=weeks, range=[-0.5, max(len(weeks), 1) - 0.5], title={"text": "Week"}
    )
    figure.update_yaxes(title={"text": "Mastery value (0 to 1)"}, range=[-0.13, 1.06], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    return figure


def student_weeks_table(cells: pd.DataFrame, *, rule: ConfiguredRule) -> pd.DataFrame:
    """Write one student's weeks as a table.

    Returns
    -------
    DataFrame
        Week, Topic, Value, 90 % interval, Evidence, Level, Standing; one row per week, numbers as text.
    """
    CELLS.need(cells, subject="The table of a student's weeks")
    need_single(cells, "student_id", subject="The table of a student's weeks")
    rows = cells.sort_values("week_number")
    assessed = rows["level"] != Level.NOT_ASSESSED.value
    return pd.DataFrame(
        {
            "Week": rows["week_number"].astype("int64"),
            "Topic": rows["topic"],
            "Value": [number_text(value) for value in _floats(rows, "value")],
            "90 % interval": [interval_text(low, high) for low, high in zip(_floats(rows, "low"), _floats(rows, "high"), strict=True)],
            "Evidence": rows["n_evidence"].fillna(0).astype("int64"),
            "Level": [LEVEL_WORDS[Level(level)] for level in rows["level"]],
            "Standing": np.where(assessed, _standings(rows, rule.thresholds), ""),
        }
    ).reset_index(drop=True)


@ATTEMPTS.documented
def student_attempts(attempts: pd.DataFrame, *, student: str, week_number: int) -> go.Figure:
    """Draw the attempts of one student in a week: the share of the maximum score, over time.

    Parameters
    ----------
    attempts
        Rows of other weeks are left out.

        {columns}
    student
        The name, for the title.
    week_number
        Which week.

    Returns
    -------
    Figure
        One trace per quiz; attempts that are not graded are shown below zero. If a time is unknown, attempts are drawn at their
        position in the order, and the axis has the times that are known.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    ATTEMPTS.need(attempts, subject="The chart of a student's attempts")
    rows = _attempts_of(attempts, week_number)
    in_order = bool(rows["submitted_at"].isna().any())
    figure = go.Figure()
    for position, (title, quiz) in enumerate(rows.groupby("quiz_title", sort=True)):
        graded = quiz["share"].notna()
        colour = theme.SERIES[position % len(theme.SERIES)]
        symbol = theme.SERIES_SYMBOLS[position % len(theme.SERIES_SYMBOLS)]
        figure.add_trace(
            go.Scatter(
                name=plain(title, 50),
                x=(quiz["position"] if in_order else quiz["submitted_at"]).tolist(),
                y=quiz["share"].where(graded, theme.BELOW_AXIS).tolist(),
                mode="markers+text",
                marker={"color": colour, "size": 11, "symbol": [symbol if is_graded else f"{symbol}-open" for is_graded in graded]},
                text=[str(int(number)) for number in quiz["number"]],
                textposition="top center",
                hovertext=[_attempt_hover(row) for row in quiz.to_dict("records")],
                hovertemplate="%{hovertext}<extra></extra>",
                cliponaxis=False,
            )
        )
    note = "Numbers are attempts. Open symbols below 0: not graded, so not evidence."
    if in_order:
        n_unknown = int(rows["submitted_at"].isna().sum())
        some = f"{n_unknown:,} of {len(rows):,} times are unknown: those attempts come first."
        note += f"<br>{some}" if n_unknown < len(rows) else "<br>No time is known: attempts are in the order of their numbers."
    if (rows["origin"] == "simulation").any():
        note += "<br>Simulated data."
    theme.apply_theme(figure, title=f"Attempts in week {week_number}: {plain(student, 40)}", note=note, height=420)
    figure.update_layout(showlegend=True)
    best = float(rows["share"].max()) if rows["share"].notna().any() else 1.0
    if in_order:
        named = rows.iloc[:: -(-len(rows) // MOST_TIMES)]
        figure.update_xaxes(
            type="linear",
            title={"text": "Attempts in order, with the time of submission (UTC)", "standoff": 18},
            tickvals=named["position"].tolist(),
            ticktext=[_when(time) for time in named["submitted_at"]],
            range=[0.5, len(rows) + 0.5],
            tickangle=0,
        )
    else:
        figure.update_xaxes(type="date", title={"text": "Submitted (UTC)", "standoff": 18}, nticks=5, tickangle=0)
    figure.update_yaxes(
        title={"text": "Share of the maximum score"}, range=[-0.13, max(1.0, best) + 0.12], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1]
    )
    if rows.empty:
        theme.add_empty_note(figure, "no attempts in this week")
    return figure


def student_attempts_table(attempts: pd.DataFrame, *, week_number: int | None) -> pd.DataFrame:
    """Write one student's attempts of a week as a table; with None, those at quizzes without a week.

    Returns
    -------
    DataFrame
        Submitted (UTC), Quiz, Attempt, Score, Max score, Share, Origin; one row per attempt, oldest first, numbers as text.
    """
    ATTEMPTS.need(attempts, subject="The table of a student's attempts")
    rows = _attempts_of(attempts, week_number)
    return pd.DataFrame(
        {
            "Submitted (UTC)": [_when(time) for time in rows["submitted_at"]],
            "Quiz": rows["quiz_title"],
            "Attempt": rows["number"].astype("int64"),
            "Score": [number_text(score) if score == score else "not graded" for score in _floats(rows, "score")],  # noqa: PLR0124  # NaN is not itself
            "Max score": [number_text(maximum) for maximum in _floats(rows, "max_score")],
            "Share": [percent_text(share) for share in rows["share"]],
            "Origin": rows["origin"].astype("str"),
        }
    ).reset_index(drop=True)


def _floats(table: pd.DataFrame, column: str) -> list[float]:
    numbers: list[float] = table[column].to_numpy(dtype=np.float64, na_value=np.nan).tolist()
    return numbers


def _standings(table: pd.DataFrame, thresholds: Mapping[str, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    return standings(_floats(table, "low"), _floats(table, "high"), **thresholds)


def _weeks_at(level: Level, rows: pd.DataFrame) -> go.Scatter:
    """The weeks of one level as markers; weeks without a value are shown below zero, since zero is a value."""
    value, low, high = (np.array(_floats(rows, column)) for column in ("value", "low", "high"))
    missing = level is Level.NOT_ASSESSED
    return go.Scatter(
        name=LEVEL_LABELS[level],
        x=[str(int(week)) for week in rows["week_number"]],
        y=[theme.BELOW_AXIS] * len(rows) if missing else value.tolist(),
        mode="markers" if missing else "markers+text",
        text=[LEVEL_LETTERS[level]] * len(rows),
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
    head = f"<b>Week {row['week_number']}</b>: {plain(row['topic'], 60)}<br>{LEVEL_WORDS[Level(str(row['level']))]}"
    evidence = 0 if pd.isna(row["n_evidence"]) else row["n_evidence"]
    if row["level"] == Level.NOT_ASSESSED.value:
        return f"{head}<br>evidence: {evidence:g}"
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    lines = [f"{head}, {row['standing']}", f"value {number_text(value)}", f"90 % interval: {interval_text(low, high)}"]
    return "<br>".join([*lines, f"evidence: {evidence:g}"])


def _attempts_of(attempts: pd.DataFrame, week_number: int | None) -> pd.DataFrame:
    weeks = attempts["week_number"]
    rows = attempts[weeks.isna() if week_number is None else (weeks == week_number).fillna(value=False)].copy()
    rows["submitted_at"] = pd.to_datetime(rows["submitted_at"], utc=True)
    maximum = rows["max_score"].astype("float64")
    rows["share"] = rows["score"].astype("float64") / maximum.where(maximum > 0)
    rows = rows.sort_values(["submitted_at", "number", "quiz_title"], kind="stable", na_position="first")
    return rows.assign(position=np.arange(1, len(rows) + 1))


def _when(time: object) -> str:
    return f"{time:%Y-%m-%d %H:%M}" if isinstance(time, pd.Timestamp) and not pd.isna(time) else "unknown"


def _attempt_hover(row: Mapping[Hashable, Any]) -> str:
    score = float(row["score"]) if pd.notna(row["score"]) else None
    result = (
        "not graded"
        if score is None
        else f"{number_text(score)} of {number_text(float(row['max_score']))}, {percent_text(float(row['share']))}"
    )
    when = f"{_when(row['submitted_at'])} UTC" if pd.notna(row["submitted_at"]) else "time unknown"
    return f"<b>{plain(row['quiz_title'], 60)}</b>, attempt {row['number']}<br>{result}<br>{when}<br>origin: {plain(row['origin'])}"
