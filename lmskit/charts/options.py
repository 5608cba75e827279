"""The options of a choice item: how many choose each, and whether the strong or the weak do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need
from lmskit.charts.items import attempts_text
from lmskit.charts.labels import plain
from lmskit.rounding import percent_text
from lmskit.vocabulary import OptionVerdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

OPTIONS = (
    "text",
    "n",
    "share",
    "share_low",
    "share_high",
    "point_biserial",
    "point_biserial_low",
    "point_biserial_high",
    "right",
    "verdict",
)
"""What the chart of options needs: one row per option, and one each for no answer and for other answers; the index is the option's id."""

VERDICT_WORDS = {
    OptionVerdict.RIGHT: "right",
    OptionVerdict.WORKING: "wrong, works",
    OptionVerdict.ATTRACTIVE: "wrong, attractive: look at it",
    OptionVerdict.IDLE: "wrong, hardly chosen",
    OptionVerdict.WITHHELD: "wrong, verdict withheld",
    OptionVerdict.NO_OPTION: "no option",
}
_MARKS = {OptionVerdict.RIGHT: "✓", OptionVerdict.ATTRACTIVE: "!"}
_COLOURS = {
    OptionVerdict.RIGHT: "#0072B2",
    OptionVerdict.WORKING: "#56B4E9",
    OptionVerdict.ATTRACTIVE: "#D55E00",
    OptionVerdict.IDLE: "#D0D0D0",
    OptionVerdict.WITHHELD: "#56B4E9",
    OptionVerdict.NO_OPTION: "#D0D0D0",
}
_PATTERNS = {OptionVerdict.RIGHT: "", OptionVerdict.ATTRACTIVE: "x", OptionVerdict.IDLE: ".", OptionVerdict.NO_OPTION: "."}
_WIDEST = 40  # characters of an option's text beside its bar
_NOTE = 75  # characters of a line under the title, where the figure stands beside another


def option_chart(
    options: pd.DataFrame, *, number: int, prompt: str, attempts: str, n_attempts: int, n_students: int, simulated: bool = False
) -> go.Figure:
    """Draw how many chose each option.

    Parameters
    ----------
    options
        The columns of `OPTIONS`, in the order to be shown in. Rows that are no option are left out where nobody is behind them.
    number, prompt
        Of the question.
    attempts, n_attempts, n_students
        Which attempts count, how many they are, and whose.
    simulated
        Whether the note says that the data are simulated.

    Returns
    -------
    Figure
        One bar per option with a 90 % interval; the right one has a tick, an attractive wrong one an exclamation mark and hatching.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    need(options, OPTIONS, chart="The chart of options")
    rows = _shown(options)
    verdicts = [OptionVerdict(str(verdict)) for verdict in rows["verdict"]]
    share, low, high = (rows[f"share{end}"].astype("float64").fillna(0).to_numpy() * 100 for end in ("", "_low", "_high"))
    figure = go.Figure(
        go.Bar(
            orientation="h",
            x=share.tolist(),
            y=list(range(len(rows))),
            error_x=theme.error_bar(share, low, high, thickness=1.2, width=4),
            marker={
                "color": [_COLOURS[verdict] for verdict in verdicts],
                "pattern": {"shape": [_PATTERNS.get(verdict, "") for verdict in verdicts], "fgcolor": "white", "size": 7},
            },
            hovertext=[_hover(row) for row in rows.to_dict("records")],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    for position, row in enumerate(rows.to_dict("records")):
        figure.add_annotation(
            x=max(float(high[position]), float(share[position])),
            y=position,
            xanchor="left",
            xshift=8,
            showarrow=False,
            text=f"{int(row['n'])} · r = {_point_biserial(row)}",
            font={"size": 12},
            name=plain(rows.index[position]),
        )
    lines = [
        plain(prompt, _NOTE),
        f"{attempts_text(attempts, n_attempts=n_attempts, n_students=n_students)}.{' Simulated data.' if simulated else ''}",
        "Beside the bars: how many chose it, and the correlation r of choosing",
        "it with the rest of the quiz. ✓ right, ! attractive wrong. 90 % intervals.",
    ]
    question = f"Who chooses what in question {number}?"
    theme.dressed(figure, question=question, note="<br>".join(lines), height=250 + 38 * max(len(rows), 2))
    figure.update_layout(showlegend=False, bargap=0.35)
    figure.update_xaxes(title={"text": "Share of the attempts (%)"}, range=[0, 180], tickvals=[0, 25, 50, 75, 100])
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[_label(verdict, text) for verdict, text in zip(verdicts, rows["text"], strict=True)],
        autorange="reversed",
        showgrid=False,
        ticks="",
        title={"text": "Option"},
    )
    return figure


def option_chart_table(options: pd.DataFrame) -> pd.DataFrame:
    """Write the options as a table.

    Returns
    -------
    DataFrame
        Option, Chosen, Share and Point-biserial (with their intervals) and Verdict, as text; one row per option.
    """
    need(options, OPTIONS, chart="The table of options")
    rows = _shown(options)
    return pd.DataFrame(
        {
            "Option": rows["text"].astype("str"),
            "Chosen": rows["n"].astype("int64"),
            "Share": [
                f"{percent_text(row['share'])} ({percent_text(row['share_low'])} to {percent_text(row['share_high'])})"
                for row in rows.to_dict("records")
            ],
            "Point-biserial": [_point_biserial(row) for row in rows.to_dict("records")],
            "Verdict": [VERDICT_WORDS[OptionVerdict(str(verdict))] for verdict in rows["verdict"]],
        }
    ).reset_index(drop=True)


def _shown(options: pd.DataFrame) -> pd.DataFrame:
    return options[(options["verdict"] != OptionVerdict.NO_OPTION.value) | (options["n"] > 0)]


def _label(verdict: OptionVerdict, text: str) -> str:
    mark = f"<b>{_MARKS[verdict]}</b> " if verdict in _MARKS else ""
    return mark + plain(text, _WIDEST)


def _point_biserial(row: Mapping[Hashable, Any]) -> str:
    return theme.value_text(*(float(row[f"point_biserial{end}"]) for end in ("", "_low", "_high")))


def _hover(row: Mapping[Hashable, Any]) -> str:
    return "<br>".join(
        [
            f"<b>{plain(row['text'], 90)}</b>",
            f"chosen {row['n']} times, {percent_text(row['share'])}",
            f"correlation with the rest: {_point_biserial(row)}",
            VERDICT_WORDS[OptionVerdict(str(row["verdict"]))],
        ]
    )
