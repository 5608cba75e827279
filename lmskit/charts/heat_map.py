"""Mastery of a class: a row for the class above a heat map of its students, by week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lmskit.charts import theme
from lmskit.charts.columns import CELLS, need_unique
from lmskit.charts.labels import LEVEL_LETTERS, LEVEL_WORDS, interval_text, plain, rule_text
from lmskit.columns import TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.rounding import number_text
from lmskit.thresholds import Standing, standings
from lmskit.vocabulary import LEVELS, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmskit.configured_rule import ConfiguredRule

CLASS_WEEKS = Columns(
    WEEK_NUMBER,
    TOPIC,
    Column("mean_value", "float64", "mean of the mastery values, from 0 to 1; NaN if no student is assessed"),
    Column("n_students", "int64", "students of the class"),
    *(Column(level, "int64", f"students at the level {level}") for level in LEVELS),
)
"""One row per week, over the whole class."""
CLASS_TRACE, STUDENT_TRACE = 0, 1
"""Numbers of the traces, as a click reports them: `x` is the week as text; in the second trace, `y` is the student's id as text."""

_NAME_WIDTH = 30
_ROW, _CLASS_ROW, _GAP, _TOP, _BOTTOM, _SCALE = 19, 34, 12, 186, 52, 78  # pixels; the colour scale hangs _SCALE below the top
_LINE = 15  # pixels per line of the note
_SPACE_BELOW = "<br><span style='font-size:3px'> </span>"  # keeps the title of the colour scale clear of the scale


@CELLS.documented
def mastery_heat_map(cells: pd.DataFrame, class_weeks: pd.DataFrame, *, rule: ConfiguredRule) -> go.Figure:
    """Draw the mastery of each student in each week, below the mean of all of them.

    A cell shows its level twice: by a colour for the value, and by the letter M, D or R; a question mark shows that the level is tentative.
    A cell without evidence is empty; a cell with too little evidence for a value shows a dash.

    Parameters
    ----------
    cells
        One page of students, in the order in which they are shown.

        {columns}
    class_weeks
        The columns of `CLASS_WEEKS`, for all students that the pages have.
    rule
        The rule of the values.

    Returns
    -------
    Figure
        Two heat maps over the same weeks: `CLASS_TRACE` and `STUDENT_TRACE`.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one student and week, or two class rows for one week.
    """
    CELLS.need(cells, subject="The heat map")
    CLASS_WEEKS.need(class_weeks, subject="The class row")
    need_unique(cells, ["student_id", "week_number"], subject="The heat map")
    need_unique(class_weeks, ["week_number"], subject="The class row")
    weeks = sorted({*cells["week_number"].tolist(), *class_weeks["week_number"].tolist()})
    students = cells.drop_duplicates("student_id")
    has_interval = bool(cells["low"].notna().any()) or not cells["value"].notna().any()
    note = "M mastered, D developing, R remedial; –: too little evidence, empty: none. "
    note += "?: a threshold is in the 90 % interval." if has_interval else "This rule has no interval."
    note = f"{rule_text(rule)}<br>{note}"
    more = _LINE * max(theme.wrapped(note).count("<br>") - 1, 0)  # lines that the note has beyond two
    height = _TOP + more + _CLASS_ROW + _GAP + _ROW * max(len(students), 1) + _BOTTOM
    inner = height - _TOP - more - _BOTTOM
    figure = make_subplots(
        rows=2,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=_GAP / inner,
        row_heights=[_CLASS_ROW / (inner - _GAP), 1 - _CLASS_ROW / (inner - _GAP)],
    )
    figure.add_trace(_class_row(class_weeks, weeks), row=1, col=1)
    figure.add_trace(_student_rows(cells, students["student_id"].tolist(), weeks, rule.thresholds), row=2, col=1)
    theme.apply_theme(figure, title="Mastery by student and week", note=note, height=height)
    scale = _colour_axis(rule.thresholds, height, below=_SCALE + more)
    figure.update_layout(margin={"t": _TOP + more, "b": _BOTTOM, "l": 120, "r": 20}, coloraxis=scale)
    names = [week_label(week) for week in weeks]
    common: dict[str, Any] = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": names,
        "showgrid": False,
        "ticks": "",
        "showline": False,
    }
    figure.update_xaxes(**common)
    figure.update_xaxes(title={"text": "Week", "standoff": 6}, side="top", showticklabels=True, row=1, col=1)
    figure.update_xaxes(title={"text": "Week", "standoff": 6}, showticklabels=True, row=2, col=1)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, ticks="", showline=False)
    figure.update_yaxes(tickvals=["class"], ticktext=["<b>Mean of all</b>"], row=1, col=1)
    figure.update_yaxes(
        tickvals=[str(student) for student in students["student_id"]],
        ticktext=[plain(name, _NAME_WIDTH) for name in students["name"]],
        tickfont={"size": 11},
        row=2,
        col=1,
    )
    figure.update_layout(plot_bgcolor=theme.EMPTY)
    return figure


def mastery_heat_map_table(cells: pd.DataFrame, class_weeks: pd.DataFrame, *, rule: ConfiguredRule) -> pd.DataFrame:
    """Write the heat map as a table.

    Returns
    -------
    DataFrame
        Student, and a column ``Week n`` for each week, all text: the mean of all first, then the students in their order.
        A cell reads ``0.83 mastered, tentative``.
    """
    CELLS.need(cells, subject="The table of the heat map")
    CLASS_WEEKS.need(class_weeks, subject="The class row")
    need_unique(cells, ["student_id", "week_number"], subject="The table of the heat map")
    weeks = sorted({*cells["week_number"].tolist(), *class_weeks["week_number"].tolist()})
    texts = cells[["student_id", "week_number"]].assign(text=_cell_texts(cells, rule.thresholds))
    students = cells.drop_duplicates("student_id")
    # pivot refuses duplicates; pivot_table would silently keep one of them
    wide = texts.pivot(index="student_id", columns="week_number", values="text").reindex(index=students["student_id"], columns=weeks)
    wide = wide.astype(object).fillna(LEVEL_WORDS[Level.NOT_ASSESSED])
    mean = class_weeks.set_index("week_number")["mean_value"].reindex(weeks).map(number_text, na_action=None)
    rows = [["Mean of all", *mean], *([name, *row] for name, row in zip(students["name"], wide.to_numpy().tolist(), strict=True))]
    return pd.DataFrame(rows, columns=["Student", *(f"Week {week}" for week in weeks)], dtype="str")


def week_label(week: int) -> str:
    """Write a week as the axis shows it and a click reports it."""
    return str(int(week))


def _colour_axis(thresholds: Mapping[str, float], height: int, *, below: int) -> dict[str, Any]:
    remedial, mastery = thresholds["remedial_threshold"], thresholds["mastery_threshold"]
    ticks = sorted({0.0, 1.0, remedial, mastery})
    return {
        "cmin": 0,
        "cmax": 1,
        "colorscale": theme.VALUE_SCALE,
        "colorbar": {
            "orientation": "h",
            "title": {
                "text": f"Mastery value (0 to 1): remedial below {remedial:g}, mastered from {mastery:g}{_SPACE_BELOW}",
                "side": "top",
                "font": {"size": 12},
            },
            "thickness": 10,
            "len": 380,
            "lenmode": "pixels",
            "x": 0,
            "xanchor": "left",
            "xpad": 0,
            "y": 1 - below / height,
            "yref": "container",
            "yanchor": "top",
            "ypad": 0,
            "tickvals": ticks,
            "ticktext": [f"{tick:g}" for tick in ticks],
            "tickangle": 0,
            "tickfont": {"size": 11},
            "outlinewidth": 0,
        },
    }


def _class_row(class_weeks: pd.DataFrame, weeks: list[int]) -> go.Heatmap:
    by_week = {int(row["week_number"]): row for row in class_weeks.to_dict("records")}
    values = [float(by_week[week]["mean_value"]) if week in by_week and pd.notna(by_week[week]["mean_value"]) else np.nan for week in weeks]
    hover = []
    for week, value in zip(weeks, values, strict=True):
        row = by_week.get(week)
        lines = [f"<b>Week {week}</b>" + (f": {plain(row['topic'], 60)}" if row else "")]
        if row:
            counts = [f"{LEVEL_WORDS[level]} {int(row[level.value])}" for level in Level]
            lines += [f"mean of all {number_text(value)}", f"{int(row['n_students'])} students: {', '.join(counts)}"]
        hover.append("<br>".join(lines))
    return go.Heatmap(
        name="Class",
        x=[week_label(week) for week in weeks],
        y=["class"],
        z=[values],
        text=[[number_text(value) for value in values]],
        texttemplate="<b>%{text}</b>",
        textfont={"size": 12},
        hovertext=[hover],
        hovertemplate="%{hovertext}<extra></extra>",
        hoverongaps=True,
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
    )


def _student_rows(cells: pd.DataFrame, students: list[int], weeks: list[int], thresholds: Mapping[str, float]) -> go.Heatmap:
    rows = pd.Index(students).get_indexer(pd.Index(cells["student_id"]))
    columns = pd.Index(weeks).get_indexer(pd.Index(cells["week_number"]))
    shape = (len(students), len(weeks))
    z = np.full(shape, np.nan)
    z[rows, columns] = cells["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    symbols, hover = np.full(shape, "", dtype=object), np.full(shape, "", dtype=object)
    symbols[rows, columns] = _symbols(cells, thresholds)
    hover[rows, columns] = _hover(cells, thresholds)
    return go.Heatmap(
        name="Students",
        x=[week_label(week) for week in weeks],
        y=[str(student) for student in students],
        z=z.tolist(),
        text=symbols.tolist(),
        texttemplate="%{text}",
        textfont={"size": 11, "weight": 600},  # plotly writes grey or white, by the colour of the cell; bold keeps both readable
        hovertext=hover.tolist(),
        hovertemplate="%{hovertext}<extra></extra>",
        hoverongaps=True,
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
    )


def _standings(cells: pd.DataFrame, thresholds: Mapping[str, float]) -> np.ndarray[Any, np.dtype[np.object_]]:
    return standings(
        cells["low"].to_numpy(dtype=np.float64, na_value=np.nan), cells["high"].to_numpy(dtype=np.float64, na_value=np.nan), **thresholds
    )


def _symbols(cells: pd.DataFrame, thresholds: Mapping[str, float]) -> list[str]:
    symbols = []
    for level, n, standing in zip(cells["level"], cells["n_evidence"].fillna(0), _standings(cells, thresholds), strict=True):
        letter = LEVEL_LETTERS[Level(level)]
        if Level(level) is Level.NOT_ASSESSED:
            symbols.append(letter if n > 0 else "")
        else:
            symbols.append(f"{letter}?" if standing == Standing.TENTATIVE else letter)
    return symbols


def _hover(cells: pd.DataFrame, thresholds: Mapping[str, float]) -> list[str]:
    texts = []
    for row, standing in zip(cells.to_dict("records"), _standings(cells, thresholds), strict=True):
        level = Level(row["level"])
        n = 0 if pd.isna(row["n_evidence"]) else int(row["n_evidence"])
        lines = [f"<b>{plain(row['name'], 60)}</b>", f"Week {int(row['week_number'])}: {plain(row['topic'], 60)}"]
        if level is Level.NOT_ASSESSED:
            lines.append("not assessed: no evidence" if n == 0 else f"not assessed: too little evidence for this rule ({n})")
        else:
            lines += [
                f"{LEVEL_WORDS[level]}, {standing}",
                f"value {number_text(row['value'])}",
                f"90 % interval: {interval_text(row['low'], row['high'])}",
                f"evidence: {n}",
            ]
        texts.append("<br>".join(lines))
    return texts


def _cell_texts(cells: pd.DataFrame, thresholds: Mapping[str, float]) -> list[str]:
    texts = []
    for value, level, standing in zip(cells["value"], cells["level"], _standings(cells, thresholds), strict=True):
        word = LEVEL_WORDS[Level(level)]
        certainty = f", {standing}" if standing != Standing.NO_INTERVAL else ""
        texts.append(word if Level(level) is Level.NOT_ASSESSED else f"{number_text(value)} {word}{certainty}")
    return texts
