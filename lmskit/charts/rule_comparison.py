"""Rules side by side: levels by rule, which levels differ between two rules, and for which students."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import labels, theme
from lmskit.charts.columns import HIGH, LEVEL, LOW, need_unique
from lmskit.charts.labels import Rules, interval_text, plain, rule_captions, rule_name, rule_with_parameters
from lmskit.columns import NAME, Column, Columns
from lmskit.rounding import count_text, number_text, percent_text
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

COUNTS = Columns(
    Column("rule", "int64", "number of the rule, from 1"),
    LEVEL,
    Column("n", "int64", "student weeks at the level"),
    Column("n_cells", "int64", "student weeks in all"),
    Column("n_students", "int64", "students"),
    Column("share", "float64", "n / n_cells, from 0 to 1; NaN without students"),
    LOW,
    HIGH,
)
"""One row per rule and level."""
TRANSITIONS = Columns(
    Column("from", "str", "`Level` by rule 1"),
    Column("to", "str", "`Level` by rule 2"),
    Column("n", "int64", "student weeks"),
)
"""One row per pair of levels."""

_UP, _DOWN, _SAME = "#0072B2", "#D55E00", "#6B6B6B"
_PALE = 0.12  # strength of the colour of the smallest count, from 0 to 1
_ROOM = 9  # the count of a bar needs so many percent below the interval; without them, only the hover text and the table show it
_PATTERNS = ("", "/", "x", ".", "-", "+", "|")
_OVERLAY = {"fillmode": "overlay", "fgcolor": "white", "fgopacity": 0.35}

CHANGES = Columns(
    NAME,
    Column("week", "int64", "number of the week"),
    Column("n_evidence", "int64", "units of evidence"),
    *(
        column
        for number in (1, 2)
        for column in (
            Column(f"value_{number}", "float64", f"mastery value by rule {number}; NaN if not assessed"),
            LOW.renamed(f"low_{number}"),
            HIGH.renamed(f"high_{number}"),
            Column(f"state_{number}", "str", f"`Level` by rule {number}"),
        )
    ),
    Column("why", "str", "one sentence that explains the difference"),
)
"""One row per student and week with a level that differs."""

_ROW, _LINE, _TITLE, _LEGEND, _BOTTOM = 22, 14, 68, 34, 60  # pixels


@COUNTS.documented
def levels_by_rule(counts: pd.DataFrame, *, rules: Rules, group: str) -> go.Figure:
    """Draw the share of student weeks at each level by each rule, with 90 % intervals.

    Parameters
    ----------
    counts
        {columns}
    rules
        The rules that are compared.
    group
        The weeks that are counted, for the title: ``week 3``, ``all weeks``.

    Returns
    -------
    Figure
        One bar trace per rule; rules differ by colour and pattern.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one rule and level.
    """
    COUNTS.need(counts, subject="The chart of the levels by rule")
    need_unique(counts, ["rule", "level"], subject="The chart of the levels by rule")
    figure = go.Figure()
    for number, rule in enumerate(rules, start=1):
        rows = counts[counts["rule"] == number].set_index("level").reindex([level.value for level in Level])
        share, low, high = (rows[column].to_numpy(dtype=np.float64) * 100 for column in ("share", "low", "high"))
        figure.add_trace(
            go.Bar(
                name=f"{number} {rule_name(rule.name)}",
                x=list(labels.LEVEL_LABELS.values()),
                y=share.tolist(),
                text=[_count(n) if below > _ROOM else "" for n, below in zip(rows["n"], low, strict=True)],
                textposition="inside",
                insidetextanchor="start",
                textangle=0,
                constraintext="none",
                textfont={"color": "white", "size": 13},
                error_y=theme.error_bar(share, low, high, width=6),
                hovertext=[_share_hover(level, number, rule.name, row) for level, row in rows.reset_index(drop=True).iterrows()],
                hovertemplate="%{hovertext}<extra></extra>",
                marker={
                    "color": theme.SERIES[(number - 1) % len(theme.SERIES)],
                    "pattern": {"shape": _PATTERNS[(number - 1) % len(_PATTERNS)], "size": 7} | _OVERLAY,
                },
            )
        )
    n_students = int(counts["n_students"].max()) if len(counts) else 0
    students = count_text(n_students, "student")
    note = f"{students}. Numbers in bars are student weeks; lines are 90 % intervals, treating the students as a sample."
    theme.apply_theme(figure, title=f"Share at each level by each rule, {plain(group, 60)}", note=rule_captions(rules, note), height=440)
    figure.update_layout(barmode="group", bargap=0.3, bargroupgap=0.08, showlegend=True)
    figure.update_xaxes(type="category", showgrid=False, ticks="", title={"text": "Level"})
    figure.update_yaxes(title={"text": "Share of student weeks (%)"}, range=[0, 104], tickvals=[0, 25, 50, 75, 100])
    return figure


def levels_by_rule_table(counts: pd.DataFrame, *, rules: Rules) -> pd.DataFrame:
    """Write the levels by rule as a table.

    Returns
    -------
    DataFrame
        Rule, and per level the text ``12 (40 %, 26 % to 55 %)``; one row per rule.
    """
    COUNTS.need(counts, subject="The table of the levels by rule")
    need_unique(counts, ["rule", "level"], subject="The table of the levels by rule")
    rows = []
    for number, rule in enumerate(rules, start=1):
        by_level = counts[counts["rule"] == number].set_index("level").to_dict("index")
        texts = {labels.LEVEL_HEADINGS[level]: _share_text(by_level[level.value]) for level in Level}
        rows.append({"Rule": f"{number} {rule_with_parameters(rule)}", **texts})
    return pd.DataFrame(rows, columns=["Rule", *labels.LEVEL_HEADINGS.values()])


@TRANSITIONS.documented
def level_transitions(table: pd.DataFrame, *, rules: Rules) -> go.Figure:
    """Draw how many student weeks have which level by rule 1 and which by rule 2.

    Parameters
    ----------
    table
        {columns}
    rules
        The two rules.

    Returns
    -------
    Figure
        One heat map. Colour and arrow show which student weeks are higher or lower by rule 2; those on the diagonal do not change.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one pair of levels.
    """
    TRANSITIONS.need(table, subject="The chart of the transitions")
    need_unique(table, ["from", "to"], subject="The chart of the transitions")
    n = _matrix(table)
    rank = np.arange(len(Level))
    rises = np.sign(rank[:, None] - rank[None, :]).astype(np.int64)  # levels are listed from the highest
    rises[:, -1], rises[-1, :] = 0, 0  # not assessed is neither higher nor lower
    largest = max(int(n.max(initial=0)), 1)
    strength = np.where(n > 0, _PALE + (1 - _PALE) * n / largest, 0)
    words = list(labels.LEVEL_LABELS.values())
    arrows = {1: "▲ ", -1: "▼ ", 0: ""}
    figure = go.Figure(
        go.Heatmap(
            x=words,
            y=words,
            z=(rises * (1 + strength) + (rises == 0) * strength * 0.999).tolist(),
            zmin=-2,
            zmax=2,
            colorscale=_transition_scale(),
            showscale=False,
            xgap=2,
            ygap=2,
            hovertext=[
                [
                    f"{first[2:]} by rule 1, {second[2:]} by rule 2:<br>{count:,} student weeks"
                    for second, count in zip(words, row, strict=True)
                ]
                for first, row in zip(words, n.tolist(), strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    for i, row in enumerate(n.tolist()):
        for j, count in enumerate(row):
            figure.add_annotation(
                x=j,
                y=i,
                text=f"{arrows[int(rises[i, j])] if count else ''}{count:,}",
                showarrow=False,
                font={"size": 14, "color": theme.FAINT if not count else "white" if strength[i, j] > 0.5 else theme.INK},  # noqa: PLR2004 - half the full strength
            )
    explained = "Numbers are student weeks. ▲ higher and ▼ lower by rule 2; grey: same level, or not assessed by one of the rules."
    note = rule_captions(rules, explained)
    theme.apply_theme(figure, title="Levels by rule 1 and by rule 2", note=note, height=440)
    figure.update_layout(margin={"t": 92 + 15 * theme.wrapped(note).count("<br>")})  # this figure has no legend
    figure.update_xaxes(type="category", title={"text": f"By rule 2, {rule_name(rules[1].name)}"}, side="bottom", ticks="", showgrid=False)
    figure.update_yaxes(
        type="category", title={"text": f"By rule 1, {rule_name(rules[0].name)}"}, autorange="reversed", ticks="", showgrid=False
    )
    return figure


def level_transitions_table(table: pd.DataFrame, *, rules: Rules) -> pd.DataFrame:
    """Write the transitions as a table.

    Returns
    -------
    DataFrame
        One row per level by rule 1, and one column per level by rule 2.
    """
    TRANSITIONS.need(table, subject="The table of the transitions")
    need_unique(table, ["from", "to"], subject="The table of the transitions")
    words = list(labels.LEVEL_WORDS.values())
    first, second = (rule.name.replace("_", " ") for rule in rules)
    wide = pd.DataFrame(_matrix(table), columns=[f"{word} by 2" for word in words])
    wide.insert(0, f"From 1 {first} to 2 {second}", [f"{word} by 1" for word in words])
    return wide


def _transition_scale() -> list[list[float | str]]:
    """Lower from -2 to -1, same from 0 to 1, higher from 1 to 2; a stronger colour is a larger count."""
    positions = (0.0, 0.25, 0.2501, 0.4999, 0.5, 0.7499, 0.75, 1.0)
    colours = (_DOWN, "#FBEDE3", "white", "white", "#F3F3F3", _SAME, "#E3EFF6", _UP)
    return [[position, colour] for position, colour in zip(positions, colours, strict=True)]


def _matrix(table: pd.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    order = [level.value for level in Level]
    wide = table.pivot(index="from", columns="to", values="n").reindex(index=order, columns=order)
    return wide.fillna(0).to_numpy(dtype=np.int64)


def _count(n: float) -> str:
    return f"{int(n):,}" if n == n and n > 0 else ""  # noqa: PLR0124 - NaN is not itself


def _share_text(row: Mapping[Hashable, Any]) -> str:
    return f"{int(row['n']):,} ({percent_text(row['share'])}, {percent_text(row['low'])} to {percent_text(row['high'])})"


def _share_hover(level: Hashable, number: int, name: str, row: pd.Series) -> str:
    word = labels.LEVEL_WORDS[tuple(Level)[int(str(level))]]
    return (
        f"<b>{word}</b> by rule {number}, {rule_name(name)}<br>{_count(row['n']) or 0} of {_count(row['n_cells']) or 0} student weeks, "
        f"{percent_text(row['share'])}<br>90 % interval: {percent_text(row['low'])} to {percent_text(row['high'])}"
    )


@CHANGES.documented
def level_changes(changes: pd.DataFrame, *, rules: Rules, n_changes: int) -> go.Figure:
    """Draw the values by both rules of each student week with a level that differs.

    Parameters
    ----------
    changes
        One page, in the order in which the rows are shown.

        {columns}
    rules
        The two rules.
    n_changes
        The number of rows on all pages.

    Returns
    -------
    Figure
        Lines, and a trace of markers for each rule; a missing value is shown left of zero.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    CHANGES.need(changes, subject="The chart of the changes of level")
    rows = changes.reset_index(drop=True)
    positions = list(range(len(rows)))
    first, second = (rows[f"value_{number}"].astype("float64").fillna(theme.BELOW_AXIS).tolist() for number in (1, 2))
    lines_x = [x for a, b in zip(first, second, strict=True) for x in (a, b, None)]
    lines_y = [y for position in positions for y in (position, position, None)]
    figure = go.Figure(
        go.Scatter(x=lines_x, y=lines_y, mode="lines", line={"color": theme.FAINT, "width": 2}, hoverinfo="skip", showlegend=False)
    )
    hover = [_change_hover(row) for row in rows.to_dict("records")]
    for number, values in enumerate((first, second), start=1):
        figure.add_trace(
            go.Scatter(
                name=f"{number} {rule_name(rules[number - 1].name)}",
                x=values,
                y=positions,
                mode="markers",
                marker={
                    "size": 12,
                    "color": theme.SERIES[number - 1],
                    "symbol": [
                        f"{theme.SERIES_SYMBOLS[number - 1]}{'-open' if state == Level.NOT_ASSESSED else ''}"
                        for state in rows[f"state_{number}"]
                    ],
                    "line": {"width": 2 if number == 1 else 0, "color": theme.SERIES[number - 1]},
                },
                hovertext=hover,
                hovertemplate="%{hovertext}<extra></extra>",
                cliponaxis=False,
            )
        )
    limits = _limits(rules)
    for position, (value, text) in enumerate(limits):
        figure.add_vline(x=value, line={"dash": "dash", "width": 1, "color": theme.FAINT})
        # the texts are one above the other, since thresholds can be close
        style = {"yref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"size": 11, "color": theme.FAINT}}
        figure.add_annotation(x=value, y=1, yshift=_LINE * position, text=text, **style)
    note = rule_captions(rules, f"{len(rows):,} of {n_changes:,} differences. Open symbols left of 0: not assessed by that rule.")
    head = _TITLE + 15 * theme.wrapped(note).count("<br>")
    top = head + _LEGEND + _LINE * len(limits)
    height = top + _BOTTOM + _ROW * max(len(rows), 3)
    theme.apply_theme(figure, title="Values by both rules where the level differs", note=note, height=height)
    figure.update_layout(
        showlegend=True, margin={"t": top, "b": _BOTTOM}, legend={"yref": "container", "y": 1 - head / height, "yanchor": "top"}
    )
    figure.update_xaxes(title={"text": "Mastery value (0 to 1)"}, range=[-0.13, 1.05], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    figure.update_yaxes(
        tickvals=positions,
        ticktext=[f"{plain(row['name'], 26)}, week {row['week']}" for row in rows.to_dict("records")],
        range=[max(len(rows), 3) - 0.4, -0.6],
        title={"text": ""},
    )
    if rows.empty:
        theme.add_empty_note(figure, "no student has a different level")
    return figure


def level_changes_table(changes: pd.DataFrame) -> pd.DataFrame:
    """Write the changes as a table.

    Returns
    -------
    DataFrame
        Student, Week, Evidence, By rule 1, By rule 2, Why; one row per change, values with their level and interval as text.
    """
    CHANGES.need(changes, subject="The table of the changes of level")
    return pd.DataFrame(
        {
            "Student": changes["name"].astype("str"),
            "Week": changes["week"],
            "Evidence": changes["n_evidence"].astype("int64"),
            "By rule 1": [_level_text(row, 1) for row in changes.to_dict("records")],
            "By rule 2": [_level_text(row, 2) for row in changes.to_dict("records")],
            "Why": changes["why"].astype("str"),
        }
    ).reset_index(drop=True)


def _limits(rules: Rules) -> list[tuple[float, str]]:
    """The thresholds of both rules; once if they are equal."""
    limits = []
    for key, words in (("remedial_threshold", "remedial below"), ("mastery_threshold", "mastered from")):
        first, second = (rule.thresholds[key] for rule in rules)
        if first == second:
            limits.append((first, f"{words} {first:g}"))
        else:
            limits += [(first, f"{words} {first:g} (1)"), (second, f"{words} {second:g} (2)")]
    return limits


def _level_text(row: Mapping[Hashable, Any], number: int) -> str:
    word = labels.LEVEL_WORDS[Level(str(row[f"state_{number}"]))]
    if row[f"state_{number}"] == Level.NOT_ASSESSED.value:
        return word
    interval = interval_text(row[f"low_{number}"], row[f"high_{number}"])
    return f"{word}, {number_text(row[f'value_{number}'])} ({'no interval' if interval == 'none' else interval})"


def _change_hover(row: Mapping[Hashable, Any]) -> str:
    why = plain(row["why"]).replace("; by ", ";<br>by ").replace(". The thresholds", ".<br>The thresholds")
    return (
        f"<b>{plain(row['name'], 60)}</b>, week {row['week']}<br>1: {_level_text(row, 1)}<br>2: {_level_text(row, 2)}<br>"
        f"evidence: {int(row['n_evidence'])}<br>{why}"
    )
