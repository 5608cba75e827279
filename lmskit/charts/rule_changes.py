"""The students whose level differs between two rules, each with both values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need
from lmskit.charts.labels import plain
from lmskit.charts.rules_told import Rules, rule_words, rules_told
from lmskit.rounding import number_text
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

CHANGES = ("name", "week", "n_evidence", "value_1", "low_1", "high_1", "state_1", "value_2", "low_2", "high_2", "state_2", "why")
"""What the changes need: one row per student and week."""

_BELOW = -0.07  # where a value that one of the rules does not give is marked: clearly not at zero
_ROW, _LINE, _TITLE, _LEGEND, _BOTTOM = 22, 14, 68, 34, 60  # pixels


def level_changes(changes: pd.DataFrame, *, rules: Rules, n_changes: int) -> go.Figure:
    """Draw the value of each student who changes level: by the first rule, and by the second.

    Parameters
    ----------
    changes
        The columns of `CHANGES`: one page of them, in the order in which they are to appear.
    rules
        The two rules.
    n_changes
        How many there are on all pages.

    Returns
    -------
    Figure
        Lines, and a trace of markers for each rule; what a rule gives no value for is marked left of zero.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one student and week.
    """
    need(changes, CHANGES, chart="The changes of level")
    rows = changes.reset_index(drop=True)
    places = list(range(len(rows)))
    first, second = (rows[f"value_{number}"].astype("float64").fillna(_BELOW).tolist() for number in (1, 2))
    lines_x = [x for a, b in zip(first, second, strict=True) for x in (a, b, None)]
    lines_y = [y for place in places for y in (place, place, None)]
    figure = go.Figure(
        go.Scatter(x=lines_x, y=lines_y, mode="lines", line={"color": theme.FAINT, "width": 2}, hoverinfo="skip", showlegend=False)
    )
    hover = [_change_hover(row) for row in rows.to_dict("records")]
    for number, values in enumerate((first, second), start=1):
        figure.add_trace(
            go.Scatter(
                name=f"{number} {rule_words(rules[number - 1][0])}",
                x=values,
                y=places,
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
    for place, (value, text) in enumerate(limits):
        figure.add_vline(x=value, line={"dash": "dash", "width": 1, "color": theme.FAINT})
        figure.add_annotation(
            x=value,
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=_LINE * place,  # one above the other, since thresholds can be close
            showarrow=False,
            text=text,
            font={"size": 11, "color": theme.FAINT},
        )
    note = rules_told(rules, f"{len(rows):,} of {n_changes:,} changes. Open marks left of 0: that rule gives no value.")
    head = _TITLE + 15 * theme.broken(note).count("<br>")
    top = head + _LEGEND + _LINE * len(limits)
    height = top + _BOTTOM + _ROW * max(len(rows), 3)
    theme.dressed(figure, question="Which students change level, and how far apart are the rules?", note=note, height=height)
    figure.update_layout(
        showlegend=True, margin={"t": top, "b": _BOTTOM}, legend={"yref": "container", "y": 1 - head / height, "yanchor": "top"}
    )
    figure.update_xaxes(title={"text": "Mastery value (0 to 1)"}, range=[-0.13, 1.05], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1])
    figure.update_yaxes(
        tickvals=places,
        ticktext=[f"{plain(row['name'], 26)}, week {row['week']}" for row in rows.to_dict("records")],
        range=[max(len(rows), 3) - 0.4, -0.6],
        title={"text": ""},
    )
    if rows.empty:
        figure.add_annotation(text="nobody changes level", showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper")
    return figure


def level_changes_table(changes: pd.DataFrame) -> pd.DataFrame:
    """Write the changes as a table.

    Returns
    -------
    DataFrame
        Student, Week, Evidence, By rule 1, By rule 2, Why; one row per change, values with their level and interval as text.
    """
    need(changes, CHANGES, chart="The table of the changes of level")
    return pd.DataFrame(
        {
            "Student": changes["name"].astype("str"),
            "Week": changes["week"],
            "Evidence": changes["n_evidence"].astype("int64"),
            "By rule 1": [_value_text(row, 1) for row in changes.to_dict("records")],
            "By rule 2": [_value_text(row, 2) for row in changes.to_dict("records")],
            "Why": changes["why"].astype("str"),
        }
    ).reset_index(drop=True)


def _limits(rules: Rules) -> list[tuple[float, str]]:
    """The thresholds of both rules; once where they agree."""
    told = []
    for key, words in (("remedial_threshold", "remedial below"), ("mastery_threshold", "mastered from")):
        first, second = (theme.thresholds(parameters)[key] for _, parameters in rules)
        if first == second:
            told.append((first, f"{words} {first:g}"))
        else:
            told += [(first, f"{words} {first:g} (1)"), (second, f"{words} {second:g} (2)")]
    return told


def _value_text(row: Mapping[Hashable, Any], number: int) -> str:
    word = theme.LEVEL_WORDS[Level(str(row[f"state_{number}"]))]
    if row[f"state_{number}"] == Level.NOT_ASSESSED.value:
        return word
    interval = theme.interval_text(row[f"low_{number}"], row[f"high_{number}"])
    return f"{word}, {number_text(row[f'value_{number}'])} ({'no interval' if interval == 'none' else interval})"


def _change_hover(row: Mapping[Hashable, Any]) -> str:
    why = plain(row["why"]).replace("; by ", ";<br>by ").replace(". The thresholds", ".<br>The thresholds")
    return (
        f"<b>{plain(row['name'], 60)}</b>, week {row['week']}<br>1: {_value_text(row, 1)}<br>2: {_value_text(row, 2)}<br>"
        f"evidence: {int(row['n_evidence'])}<br>{why}"
    )
