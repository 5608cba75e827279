"""Sections and groups of a course side by side: the mean mastery of each, by week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import HIGH, LOW, need_unique
from lmskit.charts.labels import interval_text, plain, rule_text, value_text
from lmskit.columns import TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.rounding import count_text, number_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from lmskit.configured_rule import ConfiguredRule

SECTION_WEEKS = Columns(
    Column("kind", "str", "`SectionKind`"),
    Column("section", "str", "name of the section or group"),
    Column("n_students", "int64", "its students"),
    WEEK_NUMBER,
    TOPIC,
    Column("mean_value", "float64", "mean of the mastery values of its assessed students, 0 to 1; NaN without assessed students"),
    Column("n_assessed", "int64", "its students with a value in this week"),
    LOW,
    HIGH,
    Column("class_value", "float64", "mean of all students in this week; NaN without assessed students"),
)
"""One row per section or group and week."""

FEWEST_MARKED = 5
"""Assessed students from which on a difference is marked; the spread of fewer values says little."""
ABOVE, BELOW = "▲", "▼"
_NAME_WIDTH, _ROW, _TOP, _BOTTOM = 30, 30, 100, 56  # characters; pixels


@SECTION_WEEKS.documented
def section_means(sections: pd.DataFrame, *, rule: ConfiguredRule) -> go.Figure:
    """Draw the mean mastery of each section and group in each week.

    A cell shows its mean by a colour and as a number; ▲ or ▼ stands beside a mean whose 90 % interval lies wholly above or below the
    mean of all students, from `FEWEST_MARKED` assessed students on.

    Parameters
    ----------
    sections
        In the order in which they are shown.

        {columns}
    rule
        The rule of the values.

    Returns
    -------
    Figure
        One heat map; `x` is the week, `y` the kind and name of the section.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one section and week.
    """
    SECTION_WEEKS.need(sections, subject="The chart of sections")
    need_unique(sections, ["kind", "section", "week_number"], subject="The chart of sections")
    weeks = sorted(sections["week_number"].unique().tolist())
    listed = sections.drop_duplicates(["kind", "section"])
    keys = [f"{kind}:{name}" for kind, name in zip(listed["kind"], listed["section"], strict=True)]
    shape = (len(keys), len(weeks))
    z, symbols, hover = np.full(shape, np.nan), np.full(shape, "", dtype=object), np.full(shape, "", dtype=object)
    for row in sections.to_dict("records"):
        at = keys.index(f"{row['kind']}:{row['section']}"), weeks.index(row["week_number"])
        z[at] = row["mean_value"]
        symbols[at] = _cell_text(row)
        hover[at] = _hover(row)
    figure = go.Figure(
        go.Heatmap(
            name="Sections",
            x=[str(int(week)) for week in weeks],
            y=keys,
            z=z.tolist(),
            zmin=0,
            zmax=1,
            colorscale=theme.VALUE_SCALE,
            showscale=False,
            text=symbols.tolist(),
            texttemplate="<b>%{text}</b>",
            textfont={"size": 12},
            hovertext=hover.tolist(),
            hovertemplate="%{hovertext}<extra></extra>",
            hoverongaps=True,
            xgap=1,
            ygap=1,
        )
    )
    note = (
        f"{rule_text(rule)}<br>{ABOVE} and {BELOW}: the 90 % interval of the mean lies above or below the mean of all students; "
        "without any difference, one cell in ten is marked by chance."
    )
    more = 15 * max(theme.wrapped(note).count("<br>") - 1, 0)
    theme.apply_theme(figure, title="Mean mastery by section and week", note=note, height=_TOP + more + _ROW * max(len(keys), 1) + _BOTTOM)
    figure.update_layout(margin={"t": _TOP + more, "b": _BOTTOM, "l": 160, "r": 20}, plot_bgcolor=theme.EMPTY)
    figure.update_xaxes(type="category", title={"text": "Week", "standoff": 6}, showgrid=False, ticks="", showline=False)
    names = [f"{plain(row['section'], _NAME_WIDTH)} ({row['n_students']})" for row in listed.to_dict("records")]
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, ticks="", showline=False)
    figure.update_yaxes(tickvals=keys, ticktext=names, tickfont={"size": 11})
    return figure


def section_means_table(sections: pd.DataFrame) -> pd.DataFrame:
    """Write the chart as a table.

    Returns
    -------
    DataFrame
        Section, Kind, Students, and a column ``Week n`` for each week, all text but the number of students. A cell reads
        ``0.62 (0.55 to 0.69) ▼``: the mean, its 90 % interval, and the mark.
    """
    SECTION_WEEKS.need(sections, subject="The table of sections")
    need_unique(sections, ["kind", "section", "week_number"], subject="The table of sections")
    weeks = sorted(sections["week_number"].unique().tolist())
    rows = []
    for (kind, section), of_section in sections.groupby(["kind", "section"], sort=False):
        texts = {int(row["week_number"]): _table_text(row) for row in of_section.to_dict("records")}
        rows.append([section, kind, int(of_section["n_students"].iloc[0]), *(texts.get(week, number_text(None)) for week in weeks)])
    return pd.DataFrame(rows, columns=["Section", "Kind", "Students", *(f"Week {week}" for week in weeks)])


def _mark(row: Mapping[Hashable, Any]) -> str:
    if row["n_assessed"] < FEWEST_MARKED or pd.isna(row["low"]) or pd.isna(row["class_value"]):
        return ""
    return ABOVE if row["low"] > row["class_value"] else BELOW if row["high"] < row["class_value"] else ""


def _cell_text(row: Mapping[Hashable, Any]) -> str:
    return "" if pd.isna(row["mean_value"]) else f"{number_text(row['mean_value'])} {_mark(row)}".strip()


def _table_text(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["mean_value"]):
        return number_text(row["mean_value"])
    return f"{value_text(row['mean_value'], row['low'], row['high'])} {_mark(row)}".strip()


def _hover(row: Mapping[Hashable, Any]) -> str:
    assessed = f"{row['n_assessed']} of {count_text(int(row['n_students']), 'student')} assessed"
    return "<br>".join(
        (
            f"<b>{plain(row['section'], 60)}</b>",
            f"Week {int(row['week_number'])}: {plain(row['topic'], 60)}",
            f"mean {number_text(row['mean_value'])}, 90 % interval: {interval_text(row['low'], row['high'])}",
            f"all students {number_text(row['class_value'])}",
            assessed,
        )
    )
