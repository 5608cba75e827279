"""Levels of a class by several rules: how many are at which level, and from which level to which they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need, need_once
from lmskit.charts.labels import plain
from lmskit.charts.rules_told import Rules, rule_line, rule_words, rules_told
from lmskit.rounding import count_text, percent_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

COUNTS = ("choice", "level", "n", "n_cells", "n_students", "share", "low", "high")
"""What the levels by rule need: one row per rule and level."""
TRANSITIONS = ("from", "to", "n")
"""What the transitions need: one row per pair of levels."""

_UP, _DOWN, _STAY = "#0072B2", "#D55E00", "#6B6B6B"
_PALE = 0.12  # how strong the colour of the smallest count is
_ROOM = 9  # percent below an interval that its bar's count needs; where there is less, the hover and the table tell it
_PATTERNS = ("", "/", "x", ".", "-", "+", "|")


def levels_by_rule(counts: pd.DataFrame, *, rules: Rules, group: str) -> go.Figure:
    """Draw the share of student weeks at each level, rule beside rule, with 90 % intervals.

    Parameters
    ----------
    counts
        The columns of `COUNTS`.
    rules
        What was compared.
    group
        What is counted, for the title: ``week 3``, ``all weeks``.

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
    need(counts, COUNTS, chart="The levels by rule")
    need_once(counts, ["choice", "level"], chart="The levels by rule")
    figure = go.Figure()
    for number, (name, _) in enumerate(rules, start=1):
        rows = counts[counts["choice"] == number].set_index("level").reindex([level.value for level in theme.LEVELS])
        share, low, high = (rows[column].to_numpy(dtype=np.float64) * 100 for column in ("share", "low", "high"))
        figure.add_trace(
            go.Bar(
                name=f"{number} {rule_words(name)}",
                x=[f"{theme.LEVEL_LETTERS[level]} {theme.LEVEL_WORDS[level]}" for level in theme.LEVELS],
                y=share.tolist(),
                text=[_count(n) if below > _ROOM else "" for n, below in zip(rows["n"], low, strict=True)],
                textposition="inside",
                insidetextanchor="start",
                textangle=0,
                constraintext="none",
                textfont={"color": "white", "size": 13},
                error_y=theme.error_bar(share, low, high, width=6),
                hovertext=[_share_hover(level, number, name, row) for level, row in rows.reset_index(drop=True).iterrows()],
                hovertemplate="%{hovertext}<extra></extra>",
                marker={
                    "color": theme.SERIES[(number - 1) % len(theme.SERIES)],
                    "pattern": {
                        "shape": _PATTERNS[(number - 1) % len(_PATTERNS)],
                        "fillmode": "overlay",
                        "fgcolor": "white",
                        "fgopacity": 0.35,
                        "size": 7,
                    },
                },
            )
        )
    n_students = int(counts["n_students"].max()) if len(counts) else 0
    students = count_text(n_students, "student")
    note = f"{students}. Numbers in bars are student weeks; lines are 90 % intervals, taking the students for a sample."
    theme.dressed(
        figure, question=f"How many are at which level by which rule in {plain(group, 60)}?", note=rules_told(rules, note), height=440
    )
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
    need(counts, COUNTS, chart="The table of the levels by rule")
    need_once(counts, ["choice", "level"], chart="The table of the levels by rule")
    rows = []
    for number, one in enumerate(rules, start=1):
        by_level = counts[counts["choice"] == number].set_index("level").to_dict("index")
        texts = {theme.LEVEL_WORDS[level].capitalize(): _share_text(by_level[level.value]) for level in theme.LEVELS}
        rows.append({"Rule": f"{number} {rule_line(one)}", **texts})
    return pd.DataFrame(rows, columns=["Rule", *(theme.LEVEL_WORDS[level].capitalize() for level in theme.LEVELS)])


def level_transitions(table: pd.DataFrame, *, rules: Rules) -> go.Figure:
    """Draw how many have which level by the one rule and which by the other.

    Parameters
    ----------
    table
        The columns of `TRANSITIONS`.
    rules
        The two rules.

    Returns
    -------
    Figure
        One heat map. Colour and an arrow tell who stands higher and who stands lower by the second rule; the diagonal is who stays.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one pair of levels.
    """
    need(table, TRANSITIONS, chart="The transitions")
    need_once(table, ["from", "to"], chart="The transitions")
    n = _matrix(table)
    place = np.arange(len(theme.LEVELS))
    rises = np.sign(place[:, None] - place[None, :]).astype(np.int64)  # levels are listed from the highest
    rises[:, -1], rises[-1, :] = 0, 0  # not assessed is neither higher nor lower
    largest = max(int(n.max(initial=0)), 1)
    strength = np.where(n > 0, _PALE + (1 - _PALE) * n / largest, 0)
    words = [f"{theme.LEVEL_LETTERS[level]} {theme.LEVEL_WORDS[level]}" for level in theme.LEVELS]
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
                font={"size": 14, "color": theme.FAINT if not count else "white" if strength[i, j] > 0.5 else theme.INK},  # noqa: PLR2004 - half as strong as can be
            )
    explained = "▲ higher and ▼ lower by rule 2; grey is who stays, or is not assessed by one of them. Numbers are student weeks."
    note = rules_told(rules, explained)
    theme.dressed(figure, question="Who would have another level by the other rule?", note=note, height=440)
    figure.update_layout(margin={"t": 92 + 15 * theme.broken(note).count("<br>")})  # no legend, which others have room for
    figure.update_xaxes(type="category", title={"text": f"By rule 2, {rule_words(rules[1][0])}"}, side="bottom", ticks="", showgrid=False)
    figure.update_yaxes(
        type="category", title={"text": f"By rule 1, {rule_words(rules[0][0])}"}, autorange="reversed", ticks="", showgrid=False
    )
    return figure


def level_transitions_table(table: pd.DataFrame, *, rules: Rules) -> pd.DataFrame:
    """Write the transitions as a table.

    Returns
    -------
    DataFrame
        The level by the first rule, then per level by the second how many; one row per level.
    """
    need(table, TRANSITIONS, chart="The table of the transitions")
    need_once(table, ["from", "to"], chart="The table of the transitions")
    words = [theme.LEVEL_WORDS[level] for level in theme.LEVELS]
    first, second = (name.replace("_", " ") for name, _ in rules)
    wide = pd.DataFrame(_matrix(table), columns=[f"{word} by 2" for word in words])
    wide.insert(0, f"From 1 {first} to 2 {second}", [f"{word} by 1" for word in words])
    return wide


def _transition_scale() -> list[list[float | str]]:
    """Down from -2 to -1, staying from 0 to 1, up from 1 to 2; in each, stronger is more."""
    return [
        [0.0, _DOWN],
        [0.25, "#FBEDE3"],
        [0.2501, "white"],
        [0.4999, "white"],
        [0.5, "#F3F3F3"],
        [0.7499, _STAY],
        [0.75, "#E3EFF6"],
        [1.0, _UP],
    ]


def _matrix(table: pd.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    order = [level.value for level in theme.LEVELS]
    wide = table.pivot(index="from", columns="to", values="n").reindex(index=order, columns=order)
    return wide.fillna(0).to_numpy(dtype=np.int64)


def _count(n: float) -> str:
    return f"{int(n):,}" if n == n and n > 0 else ""  # noqa: PLR0124 - NaN is not itself


def _share_text(row: Mapping[Hashable, Any]) -> str:
    return f"{int(row['n']):,} ({percent_text(row['share'])}, {percent_text(row['low'])} to {percent_text(row['high'])})"


def _share_hover(level: Hashable, number: int, name: str, row: pd.Series) -> str:
    word = theme.LEVEL_WORDS[theme.LEVELS[int(str(level))]]
    return (
        f"<b>{word}</b> by rule {number}, {rule_words(name)}<br>{_count(row['n']) or 0} of {_count(row['n_cells']) or 0} student weeks, "
        f"{percent_text(row['share'])}<br>90 % interval: {percent_text(row['low'])} to {percent_text(row['high'])}"
    )
