"""Levels of a class: how they are spread over the weeks, and the shares of one group with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need, need_once
from lmskit.charts.labels import plain
from lmskit.rounding import count_text, percent_text
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

SHARES = ("level", "n", "n_students", "share", "low", "high")
"""What the shares of one group need: one row per level."""
SHARES_BY_WEEK = ("week_number", "topic", *SHARES)
"""What the distribution needs: one row per week and level."""

_NARROWEST = 0.05  # a narrower part of a bar has no room for its count, which the hover and the table tell


def level_distribution(shares: pd.DataFrame, *, rule: str, parameters: Mapping[str, float]) -> go.Figure:
    """Draw how many students are at which level, week by week.

    Parameters
    ----------
    shares
        The columns of `SHARES_BY_WEEK`.
    rule, parameters
        What the levels were computed by.

    Returns
    -------
    Figure
        One bar trace per level, stacked to 100 % of the students of a week; the count stands in each part.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    need(shares, SHARES_BY_WEEK, chart="The distribution of levels")
    need_once(shares, ["week_number", "level"], chart="The distribution of levels")
    figure = go.Figure()
    for level in theme.LEVELS:
        rows = shares[shares["level"] == level.value].sort_values("week_number")
        figure.add_trace(
            go.Bar(
                name=f"{theme.LEVEL_LETTERS[level]} {theme.LEVEL_WORDS[level]}",
                x=[str(int(week)) for week in rows["week_number"]],
                y=(rows["share"].astype("float64") * 100).tolist(),
                text=[
                    f"{theme.LEVEL_LETTERS[level]} {n}" if share >= _NARROWEST else ""
                    for n, share in zip(rows["n"], rows["share"], strict=True)
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
    note = f"{theme.rule_text(rule, parameters)}<br>Numbers in the bars are students; parts below 5 % tell theirs on hovering."
    theme.dressed(figure, question="How is the class spread over the levels?", note=note, height=480)
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
    need(shares, SHARES_BY_WEEK, chart="The table of the distribution of levels")
    need_once(shares, ["week_number", "level"], chart="The table of the distribution of levels")
    rows = []
    for week, group in shares.groupby("week_number", sort=True):
        by_level = {Level(str(row["level"])): row for row in group.to_dict("records")}
        texts = {theme.LEVEL_WORDS[level].capitalize(): _count_text(by_level, level) for level in theme.LEVELS}
        rows.append({"Week": week, "Topic": group["topic"].iloc[0], "Students": int(group["n_students"].iloc[0]), **texts})
    return pd.DataFrame(rows, columns=["Week", "Topic", "Students", *(theme.LEVEL_WORDS[level].capitalize() for level in theme.LEVELS)])


def level_share(shares: pd.DataFrame, *, group: str, rule: str, parameters: Mapping[str, float]) -> go.Figure:
    """Draw the share of students at each level with its 90 % interval.

    Parameters
    ----------
    shares
        The columns of `SHARES`, one row per level.
    group
        Whose levels these are, for the title: ``week 3``, ``the whole term``.
    rule, parameters
        What the levels were computed by.

    Returns
    -------
    Figure
        One bar per level with an error bar.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        A level comes twice, as in a table of several weeks.
    """
    need(shares, SHARES, chart="The shares of levels")
    need_once(shares, ["level"], chart="The shares of levels")
    rows = shares.set_index("level").reindex([level.value for level in theme.LEVELS]).reset_index()
    share, low, high = (rows[column].astype("float64") * 100 for column in ("share", "low", "high"))
    figure = go.Figure(
        go.Bar(
            x=[f"{theme.LEVEL_LETTERS[level]} {theme.LEVEL_WORDS[level]}" for level in theme.LEVELS],
            y=share.tolist(),
            error_y=theme.error_bar(share, low, high, width=8),
            customdata=[[percent_text(value)] for value in rows["share"]],
            hovertext=[_share_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
            marker={"color": [theme.LEVEL_COLOURS[level] for level in theme.LEVELS]},
            width=0.6,
        )
    )
    for position, (level, row) in enumerate(zip(theme.LEVELS, rows.to_dict("records"), strict=True)):
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
    note = f"{count_text(n_students, 'student')}; lines are 90 % intervals of the share, taking these students for a sample."
    theme.dressed(
        figure,
        question=f"What share of the class is at which level in {plain(group, 60)}?",
        note=f"{theme.rule_text(rule, parameters)}<br>{note}",
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
    need(shares, SHARES, chart="The table of the shares of levels")
    need_once(shares, ["level"], chart="The table of the shares of levels")
    by_level = {Level(str(row["level"])): row for row in shares.to_dict("records")}
    rows = [
        {
            "Level": theme.LEVEL_WORDS[level],
            "Students": int(by_level[level]["n"]),
            "Share": percent_text(by_level[level]["share"]),
            "90 % interval": f"{percent_text(by_level[level]['low'])} to {percent_text(by_level[level]['high'])}",
        }
        for level in theme.LEVELS
        if level in by_level
    ]
    return pd.DataFrame(rows, columns=["Level", "Students", "Share", "90 % interval"])


def _count_text(by_level: Mapping[Level, Mapping[Hashable, Any]], level: Level) -> str:
    if level not in by_level:
        return "0 (0 %)"
    return f"{int(by_level[level]['n'])} ({percent_text(by_level[level]['share'])})"


def _share_hover(row: Mapping[Hashable, Any]) -> str:
    level = Level(str(row["level"]))
    where = f"<b>Week {row['week_number']}</b>: {plain(row['topic'], 60)}<br>" if "week_number" in row else ""
    return (
        f"{where}{theme.LEVEL_WORDS[level]}: {row['n']} of {row['n_students']} students, {percent_text(row['share'])}<br>"
        f"90 % interval: {percent_text(row['low'])} to {percent_text(row['high'])}"
    )
