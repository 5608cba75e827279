"""One question of a quiz: how often each option was chosen, and how its indices changed from term to term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lmskit.charts import theme
from lmskit.charts.columns import need_unique, with_interval
from lmskit.charts.labels import plain, value_text
from lmskit.charts.quiz import ATTEMPTS_WORDS, attempts_text
from lmskit.columns import Column, Columns
from lmskit.rounding import MISSING, count_text, number_text, percent_text
from lmskit.vocabulary import CountedAttempts, OptionVerdict

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

OPTIONS = Columns(
    Column("text", "str", "of the option"),
    Column("n", "int64", "attempts that chose it"),
    *with_interval("share", "share of the attempts, from 0 to 1"),
    *with_interval("point_biserial", "correlation of choosing it with the rest score; NaN if undefined"),
    Column("right", "bool", "whether the key has it"),
    Column("verdict", "str", "`OptionVerdict`"),
)
"""One row per option, one for attempts without an answer and one for other answers; the index is the id of the option."""

OPTION_WORDS = {
    OptionVerdict.RIGHT: "right",
    OptionVerdict.WORKING: "wrong, works",
    OptionVerdict.ATTRACTIVE: "wrong, attractive: check it",
    OptionVerdict.IDLE: "wrong, hardly chosen",
    OptionVerdict.WITHHELD: "wrong, verdict withheld",
    OptionVerdict.NO_OPTION: "no option",
}
_SIGNS = {OptionVerdict.RIGHT: "✓", OptionVerdict.ATTRACTIVE: "!"}
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

BY_RUN = Columns(
    Column("run", "str", "course of the run"),
    Column("n", "int64", "attempts that count"),
    Column("n_students", "int64", "students of these attempts"),
    *with_interval("facility", "facility index, from 0 to 1"),
    *with_interval("discrimination_index", "from -1 to 1; NaN if undefined"),
)
"""One row per run of an item, the oldest first."""
CHANGES = Columns(
    Column("item", "object", "id of the item"),
    Column("index", "str", "facility or discrimination_index"),
    Column("runs", "int64", "runs that are compared"),
    Column("first", "float64", "value in the first of these runs"),
    Column("last", "float64", "value in the last of these runs"),
    Column("change", "float64", "last - first"),
    Column("p_adjusted", "float64", "p-value, adjusted for the number of comparisons"),
    Column("changed", "bool", "whether the change is significant"),
)
"""One row per item and index."""

INDEX_WORDS = {"facility": "facility", "discrimination_index": "discrimination"}
_DRIFT_STYLES = {"facility": ("#0072B2", "circle", -0.06), "discrimination_index": ("#D55E00", "square", 0.06)}


@OPTIONS.documented
def option_chart(
    options: pd.DataFrame, *, number: int, prompt: str, attempts: str, n_attempts: int, n_students: int, simulated: bool = False
) -> go.Figure:
    """Draw how often each option was chosen.

    Parameters
    ----------
    options
        In the order in which they are shown. A row that is not an option is left out if it counts no attempt.

        {columns}
    number, prompt
        Of the question.
    attempts, n_attempts, n_students
        Which attempts count (`CountedAttempts`), and how many attempts and students there are.
    simulated
        Whether to say in the note that the data are simulated.

    Returns
    -------
    Figure
        One bar per option with a 90 % interval; the right option has a tick, an attractive wrong one an exclamation mark and hatching.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    OPTIONS.need(options, subject="The chart of options")
    rows = shown_options(options)
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
            hovertext=[_option_hover(row) for row in rows.to_dict("records")],
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
        plain(prompt, theme.NARROW_LINE),
        f"{attempts_text(attempts, n_attempts=n_attempts, n_students=n_students)}.{' Simulated data.' if simulated else ''}",
        "Beside the bars: number of choices, and the correlation r of the choice with",
        "the rest of the quiz. ✓ right, ! wrong but attractive. 90 % intervals.",
    ]
    title = f"Options chosen in question {number}"
    theme.apply_theme(figure, title=title, note="<br>".join(lines), height=250 + 38 * max(len(rows), 2))
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
    OPTIONS.need(options, subject="The table of options")
    rows = shown_options(options)
    return pd.DataFrame(
        {
            "Option": rows["text"].astype("str"),
            "Chosen": rows["n"].astype("int64"),
            "Share": [
                f"{percent_text(row['share'])} ({percent_text(row['share_low'])} to {percent_text(row['share_high'])})"
                for row in rows.to_dict("records")
            ],
            "Point-biserial": [_point_biserial(row) for row in rows.to_dict("records")],
            "Verdict": [OPTION_WORDS[OptionVerdict(str(verdict))] for verdict in rows["verdict"]],
        }
    ).reset_index(drop=True)


def shown_options(options: pd.DataFrame) -> pd.DataFrame:
    """Return the options that charts and tables show: without the absence of an answer where each student gave one."""
    return options[(options["verdict"] != OptionVerdict.NO_OPTION.value) | (options["n"] > 0)]


def _label(verdict: OptionVerdict, text: str) -> str:
    sign = f"<b>{_SIGNS[verdict]}</b> " if verdict in _SIGNS else ""
    return sign + plain(text, _WIDEST)


def _point_biserial(row: Mapping[Hashable, Any]) -> str:
    return value_text(*(float(row[f"point_biserial{end}"]) for end in ("", "_low", "_high")))


def _option_hover(row: Mapping[Hashable, Any]) -> str:
    return "<br>".join(
        [
            f"<b>{plain(row['text'], 90)}</b>",
            f"chosen {row['n']} times, {percent_text(row['share'])}",
            f"correlation with the rest of the quiz: {_point_biserial(row)}",
            OPTION_WORDS[OptionVerdict(str(row["verdict"]))],
        ]
    )


@BY_RUN.documented
def item_drift_chart(
    by_run: pd.DataFrame, changes: pd.DataFrame, *, number: int, prompt: str, attempts: str, simulated: bool = False
) -> go.Figure:
    """Draw the facility and the discrimination of one item, run by run.

    Parameters
    ----------
    by_run
        The runs of one item.

        {columns}
    changes
        The columns of `CHANGES`, for the same item.
    number, prompt
        Of the question.
    attempts
        Which attempts count (`CountedAttempts`).
    simulated
        Whether to say in the note that the data are simulated.

    Returns
    -------
    Figure
        One trace for each of the two indices, with 90 % intervals.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        There are two rows for one run.
    """
    BY_RUN.need(by_run, subject="The chart of an item's drift")
    CHANGES.need(changes, subject="The chart of an item's drift")
    need_unique(by_run, ["run"], subject="The chart of an item's drift")
    figure = go.Figure()
    figure.add_hline(y=0, line={"width": 1, "color": theme.FAINT})
    for name, (colour, symbol, shift) in _DRIFT_STYLES.items():
        value, low, high = (by_run[f"{name}{end}"].astype("float64").to_numpy() for end in ("", "_low", "_high"))
        figure.add_trace(
            go.Scatter(
                name=f"{INDEX_WORDS[name]} index",
                x=(np.arange(len(by_run)) + shift).tolist(),
                y=[None if np.isnan(number) else float(number) for number in value],
                mode="lines+markers",
                line={"color": colour, "width": 1.5, "dash": "solid" if name == "facility" else "dot"},
                marker={"symbol": symbol, "size": 10, "color": colour},
                error_y=theme.error_bar(value, low, high, color=colour),
                hovertext=[_drift_hover(row, name) for row in by_run.to_dict("records")],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    counted = ATTEMPTS_WORDS[CountedAttempts(attempts)]
    lines = [
        plain(prompt, theme.NARROW_LINE),
        *(line[:1].upper() + line[1:] for line in change_sentence(changes).split("; ")),
        f"Attempts that count: {counted}. 90 % bootstrap intervals.{' Simulated data.' if simulated else ''}",
    ]
    theme.apply_theme(figure, title=f"Question {number} from term to term", note="<br>".join(lines), height=430)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(
        tickvals=list(range(len(by_run))),
        ticktext=[f"{plain(row['run'], 30)}<br>{count_text(row['n_students'], 'student')}" for row in by_run.to_dict("records")],
        range=[-0.5, max(len(by_run), 1) - 0.5],
        title={"text": "Course, oldest term first", "standoff": 20},
    )
    figure.update_yaxes(title={"text": "Index"}, range=[-1.05, 1.08], tickvals=[-1, -0.5, 0, 0.5, 1])
    return figure


def item_drift_table(by_run: pd.DataFrame) -> pd.DataFrame:
    """Write the drift of one item as a table.

    Returns
    -------
    DataFrame
        Course, Students, Facility and Discrimination with their intervals, as text; one row per run.
    """
    BY_RUN.need(by_run, subject="The table of an item's drift")
    return pd.DataFrame(
        {
            "Course": by_run["run"].astype("str"),
            "Students": by_run["n_students"].astype("int64"),
            "Facility": [_with_interval(row, "facility") for row in by_run.to_dict("records")],
            "Discrimination": [_with_interval(row, "discrimination_index") for row in by_run.to_dict("records")],
        }
    ).reset_index(drop=True)


def changes_in_order(changes: pd.DataFrame, *, numbers: Mapping[Any, int]) -> pd.DataFrame:
    """Return the changes with the number of each item in its quiz, the most certain ones first; see `changes_table`."""
    CHANGES.need(changes, subject="The table of changes")
    rows = changes.assign(number=[numbers.get(item, 0) for item in changes["item"]])
    return rows.sort_values(["p_adjusted", "number", "index"], na_position="last", kind="stable")


@CHANGES.documented
def changes_table(changes: pd.DataFrame, *, numbers: Mapping[Any, int]) -> pd.DataFrame:
    """Write how the items of a quiz changed from term to term.

    Parameters
    ----------
    changes
        {columns}
    numbers
        The number of each item in its quiz.

    Returns
    -------
    DataFrame
        No., Index, Runs compared, First, Last, Change, p (adjusted) and Verdict, as text; the most certain changes first.
    """
    rows = changes_in_order(changes, numbers=numbers)
    return pd.DataFrame(
        {
            "No.": rows["number"].astype("int64"),
            "Index": [INDEX_WORDS.get(str(index), str(index)) for index in rows["index"]],
            "Runs compared": rows["runs"].astype("int64"),
            "First": [number_text(value) for value in rows["first"]],
            "Last": [number_text(value) for value in rows["last"]],
            "Change": [number_text(value) for value in rows["change"]],
            "p (adjusted)": [_p_text(p) for p in rows["p_adjusted"]],
            "Verdict": [_verdict(row) for row in rows.to_dict("records")],
        }
    ).reset_index(drop=True)


def change_sentence(changes: pd.DataFrame) -> str:
    """Write whether an item changed.

    Examples
    --------
    >>> rows = {"index": ["facility"], "runs": [2], "change": [0.31], "p_adjusted": [0.002], "changed": [True]}
    >>> change_sentence(pd.DataFrame(rows))
    'facility changed by 0.31 (adjusted p 0.002).'
    """
    compared = changes[changes["runs"] > 1]
    if compared.empty:
        return "Not compared: asked in only one course, or answered by fewer than 30 students."
    sentences = []
    for row in compared.to_dict("records"):
        name = INDEX_WORDS.get(str(row["index"]), str(row["index"]))
        verb = f"{name} changed by" if row["changed"] else f"{name}: no significant change,"
        sentences.append(f"{verb} {number_text(row['change'])} (adjusted p {_p_text(row['p_adjusted'])})")
    return "; ".join(sentences) + "."


def _verdict(row: Mapping[Hashable, Any]) -> str:
    if row["runs"] < 2:  # noqa: PLR2004  # two runs make a comparison
        return "not compared"
    return "changed" if row["changed"] else "no significant change"


def _p_text(p: float) -> str:
    if not np.isfinite(p):
        return MISSING
    return "below 0.001" if p < 0.001 else number_text(p, 3)  # noqa: PLR2004  # finer than needed


def _with_interval(row: Mapping[Hashable, Any], name: str) -> str:
    return value_text(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))


def _drift_hover(row: Mapping[Hashable, Any], name: str) -> str:
    counted = f"{count_text(row['n'], 'attempt')} of {count_text(row['n_students'], 'student')}"
    return f"<b>{plain(row['run'])}</b><br>{INDEX_WORDS[name]} {_with_interval(row, name)}<br>{counted}"
