"""Levels of a class: their distribution by week, and the share of each level in one group with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import HIGH, LEVEL, LOW, need_unique
from lmskit.charts.labels import LEVEL_HEADINGS, LEVEL_LABELS, LEVEL_LETTERS, LEVEL_WORDS, plain, rule_text
from lmskit.columns import TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.rounding import count_text, percent_text
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from lmskit.configured_rule import ConfiguredRule

SHARES = Columns(
    LEVEL,
    Column("n", "int64", "students at the level"),
    Column("n_students", "int64", "students in all"),
    Column("share", "float64", "n / n_students, from 0 to 1; NaN without students"),
    LOW,
    HIGH,
)
"""One row per level."""
SHARES_BY_WEEK = Columns(WEEK_NUMBER, TOPIC, *SHARES)
"""One row per week and level."""

_NARROWEST = 0.05  # a narrower part of a bar has no room for its count, which the hover text and the table show


@SHARES_BY_WEEK.documented
def level_distribution(shares: pd.DataFrame, *, rule: ConfiguredRule) -> go.Figure:
    """Draw the number of students at each level, week by week.

    Parameters
    ----------
    shares
        {columns}
    rule
        The rule of the levels.

    Returns
    -------
    Figure
        One bar trace per level, stacked to 100 % of the students of a week; each part shows its count.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    SHARES_BY_WEEK.need(shares, subject="The distribution of levels")
    need_unique(shares, ["week_number", "level"], subject="The distribution of levels")
    figure = go.Figure()
    for level in Level:
        rows = shares[shares["level"] == level.value].sort_values("week_number")
        figure.add_trace(
            go.Bar(
                name=LEVEL_LABELS[level],
                x=[str(int(week)) for week in rows["week_number"]],
                y=(rows["share"].astype("float64") * 100).tolist(),
                text=[
                    f"{LEVEL_LETTERS[level]} {n}" if share >= _NARROWEST else "" for n, share in zip(rows["n"], rows["share"], strict=True)
                ],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                constraintext="none",
                hovertext=[_share_hover(row) for row in rows.to_dict("records")],
                hovertemplate="%{hovertext}<extra></extra>",
                marker={"color": theme.LEVEL_COLOURS[level], "line": {"color": "white", "width": 1}},
            )
        )
    note = f"{rule_text(rule)}<br>Numbers in the bars are students; hover over a part below 5 % to see its number."
    theme.apply_theme(figure, title="Levels of the students by week", note=note, height=480)
    figure.update_layout(barmode="stack", bargap=0.15, legend={"traceorder": "normal"})
    figure.update_xaxes(type="category", title={"text": "Week"}, showgrid=False, ticks="")
    figure.update_yaxes(title={"text": "Share of students (%)"}, range=[0, 100], tickvals=[0, 25, 50, 75, 100])
    return figure


def level_distribution_table(shares: pd.DataFrame) -> pd.DataFrame:
    """Write the distribution as a table.

    Returns
    -------
    DataFrame
        Week, Topic, Students, and per level the text ``12 (40 %)``; one row per week.
    """
    SHARES_BY_WEEK.need(shares, subject="The table of the distribution of levels")
    need_unique(shares, ["week_number", "level"], subject="The table of the distribution of levels")
    rows = []
    for week, group in shares.groupby("week_number", sort=True):
        by_level = {Level(str(row["level"])): row for row in group.to_dict("records")}
        texts = {LEVEL_HEADINGS[level]: _count_text(by_level, level) for level in Level}
        rows.append({"Week": week, "Topic": group["topic"].iloc[0], "Students": int(group["n_students"].iloc[0]), **texts})
    return pd.DataFrame(rows, columns=["Week", "Topic", "Students", *LEVEL_HEADINGS.values()])


@SHARES.documented
def level_share(shares: pd.DataFrame, *, group: str, rule: ConfiguredRule) -> go.Figure:
    """Draw the share of students at each level with its 90 % interval.

    Parameters
    ----------
    shares
        One row per level.

        {columns}
    group
        The group, for the title: ``week 3``, ``the whole term``.
    rule
        The rule of the levels.

    Returns
    -------
    Figure
        One bar per level with an error bar.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one level, as in a table of several weeks.
    """
    SHARES.need(shares, subject="The chart of the shares of levels")
    need_unique(shares, ["level"], subject="The chart of the shares of levels")
    rows = shares.set_index("level").reindex([level.value for level in Level]).reset_index()
    share, low, high = (rows[column].astype("float64") * 100 for column in ("share", "low", "high"))
    figure = go.Figure(
        go.Bar(
            x=list(LEVEL_LABELS.values()),
            y=share.tolist(),
            error_y=theme.error_bar(share, low, high, width=8),
            customdata=[[percent_text(value)] for value in rows["share"]],
            hovertext=[_share_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
            marker={"color": [theme.LEVEL_COLOURS[level] for level in Level]},
            width=0.6,
        )
    )
    for position, (level, row) in enumerate(zip(Level, rows.to_dict("records"), strict=True)):
        count = 0 if pd.isna(row["n"]) else int(row["n"])
        top = max(0.0 if pd.isna(row["high"]) else float(row["high"]), 0.0) * 100
        figure.add_annotation(
            x=position,
            y=top,
            text=f"<b>{percent_text(row['share'])}</b> ({count})",
            showarrow=False,
            yanchor="bottom",
            yshift=4,
            name=level.value,
        )
    n_students = int(rows["n_students"].max()) if rows["n_students"].notna().any() else 0
    note = f"{count_text(n_students, 'student')}; lines are 90 % intervals of the share, treating these students as a sample."
    theme.apply_theme(
        figure,
        title=f"Share of the class at each level, {plain(group, 60)}",
        note=f"{rule_text(rule)}<br>{note}",
        height=440,
    )
    figure.update_xaxes(type="category", showgrid=False, ticks="", title={"text": "Level"})
    figure.update_yaxes(title={"text": "Share of students (%)"}, range=[0, 110], tickvals=[0, 25, 50, 75, 100])
    return figure


def level_share_table(shares: pd.DataFrame) -> pd.DataFrame:
    """Write the shares as a table.

    Returns
    -------
    DataFrame
        Level, Students, Share and 90 % interval, as text; one row per level.
    """
    SHARES.need(shares, subject="The table of the shares of levels")
    need_unique(shares, ["level"], subject="The table of the shares of levels")
    by_level = {Level(str(row["level"])): row for row in shares.to_dict("records")}
    rows = [
        {
            "Level": LEVEL_WORDS[level],
            "Students": int(by_level[level]["n"]),
            "Share": percent_text(by_level[level]["share"]),
            "90 % interval": f"{percent_text(by_level[level]['low'])} to {percent_text(by_level[level]['high'])}",
        }
        for level in Level
        if level in by_level
    ]
    return pd.DataFrame(rows, columns=["Level", "Students", "Share", "90 % interval"])


def _count_text(by_level: Mapping[Level, Mapping[Hashable, Any]], level: Level) -> str:
    if level not in by_level:
        return "0 (0 %)"
    return f"{int(by_level[level]['n'])} ({percent_text(by_level[level]['share'])})"


def _share_hover(row: Mapping[Hashable, Any]) -> str:
    level = Level(str(row["level"]))
    week = f"<b>Week {row['week_number']}</b>: {plain(row['topic'], 60)}<br>" if "week_number" in row else ""
    return (
        f"{week}{LEVEL_WORDS[level]}: {row['n']} of {row['n_students']} students, {percent_text(row['share'])}<br>"
        f"90 % interval: {percent_text(row['low'])} to {percent_text(row['high'])}"
    )
