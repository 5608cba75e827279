"""The same scores under several rules: what each makes of them, who changes level, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.evidence import evidence_from
from lmskit.analytics.interval import beta_interval
from lmskit.analytics.mastery import estimate_weeks
from lmskit.rounding import number_text, round_half_up
from lmskit.thresholds import SLACK
from lmskit.vocabulary import LEVELS, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmskit.analytics.evidence import Evidence
    from lmskit.analytics.rule_choice import RuleChoice

_PER_CHOICE = ("value", "low", "high", "state")


def side_by_side(scores: pd.DataFrame, choices: Sequence[RuleChoice]) -> pd.DataFrame:
    """Estimate mastery of the same scores by each choice.

    Parameters
    ----------
    scores
        As `lmskit.analytics.mastery.estimate` takes them, with the columns that any of the rules needs.
    choices
        Rules with their parameters, weeks by those of their own where they have some; a rule may come several times.

    Returns
    -------
    DataFrame
        One row per (student, week) with evidence, ordered by both: student, week and n_evidence as `estimate` gives them, then for
        each choice, counted from 1, value_1, low_1, high_1 and state_1.

    Raises
    ------
    ColumnsMissingError, InputError
        As `estimate` does.

    Examples
    --------
    >>> from lmskit.analytics.rule_choice import choice
    >>> scores = pd.DataFrame({"student": 7, "week": 1, "score": [0.4, 1], "max_score": 1, "submitted_at": range(2)})
    >>> cells = side_by_side(scores, [choice("average"), choice("highest")])
    >>> cells[["student", "state_1", "state_2"]].to_dict("records")
    [{'student': 7, 'state_1': 'developing', 'state_2': 'mastered'}]
    """
    evidence = evidence_for(scores, choices)
    keys = pd.DataFrame({"student": evidence.student, "week": evidence.week, "n_evidence": evidence.n.astype(np.int64, copy=False)})
    estimates = [estimate_weeks(evidence, one.rule, one.parameters, one.of_week)[list(_PER_CHOICE)] for one in choices]
    return pd.concat([keys, *(table.add_suffix(f"_{number}") for number, table in enumerate(estimates, start=1))], axis=1)


def evidence_for(scores: pd.DataFrame, choices: Sequence[RuleChoice]) -> Evidence:
    """Put scores in order once, with the columns that any of the rules needs."""
    return evidence_from(scores, frozenset[str]().union(*(one.rule.needs for one in choices)))


def with_everyone(cells: pd.DataFrame, students: Iterable[object], weeks: Iterable[object]) -> pd.DataFrame:
    """Add a row for each of these students in each of these weeks without evidence: not assessed, whatever the rule.

    Rows of other students or weeks are left out. The order is that of `students`, then of `weeks`.
    """
    grid = pd.MultiIndex.from_product([list(students), list(weeks)], names=["student", "week"])
    full = cells.set_index(["student", "week"]).reindex(grid).reset_index()
    states = {column: full[column].fillna(Level.NOT_ASSESSED.value) for column in full.columns if str(column).startswith("state_")}
    return full.assign(n_evidence=full["n_evidence"].fillna(0).astype(np.int64), **states)


def level_counts(cells: pd.DataFrame) -> pd.DataFrame:
    """Count the levels that each choice gives.

    Parameters
    ----------
    cells
        As `side_by_side` or `with_everyone` gives them.

    Returns
    -------
    DataFrame
        Four rows per choice, in the order of choices and of `LEVELS`, with the columns

        ===========  =======  ==================================================================
        choice       int64    from 1
        level        str      `Level`
        n            int64    rows of `cells` at that level
        n_cells      int64    rows of `cells`
        n_students   int64    different students among them
        share        float64  n / n_cells; NaN without any
        low, high    float64  central 90 % interval of the share (Jeffreys), low <= share <= high
        ===========  =======  ==================================================================

        The interval takes the students for a sample of such students. Weeks of one student say much the same, so each student
        counts as one observation, however many weeks there are.
    """
    n_cells, n_students = len(cells), int(cells["student"].nunique())
    counts = [cells[f"state_{number}"].value_counts().reindex(LEVELS, fill_value=0) for number in range(1, _n_choices(cells) + 1)]
    table = pd.DataFrame(
        {
            "choice": np.repeat(np.arange(1, len(counts) + 1, dtype=np.int64), len(LEVELS)),
            "level": pd.array(LEVELS * len(counts), dtype="str"),
            "n": np.concatenate([n.to_numpy(dtype=np.int64) for n in counts]),
            "n_cells": n_cells,
            "n_students": n_students,
        }
    )
    share = table["n"] / n_cells if n_cells else pd.Series(np.nan, index=table.index)
    low, high = beta_interval(share.to_numpy(), np.full(len(table), float(n_students)))
    return table.assign(share=share, low=low, high=high)


def transitions(cells: pd.DataFrame, *, other: int = 2) -> pd.DataFrame:
    """Count how levels differ between the first choice and another.

    Parameters
    ----------
    cells
        As `side_by_side` or `with_everyone` gives them.
    other
        The number of the other choice.

    Returns
    -------
    DataFrame
        Sixteen rows: from (level by the first choice), to (by the other) and n (int64), levels in the order of `LEVELS`.
    """
    pairs = pd.MultiIndex.from_product([LEVELS, LEVELS], names=["from", "to"])
    counted = pd.MultiIndex.from_arrays([cells["state_1"], cells[f"state_{other}"]], names=["from", "to"]).value_counts()
    return counted.reindex(pairs, fill_value=0).astype(np.int64).rename("n").reset_index()


def n_changes(cells: pd.DataFrame, *, other: int = 2) -> int:
    """How many rows have another level by that choice than by the first: the rows of `changes` on all its pages together."""
    return int((cells["state_1"] != cells[f"state_{other}"]).sum())


def changes(
    scores: pd.DataFrame, cells: pd.DataFrame, choices: Sequence[RuleChoice], *, other: int = 2, limit: int = 100, offset: int = 0
) -> pd.DataFrame:
    """Tell who has another level by a choice than by the first, and why.

    Parameters
    ----------
    scores, choices
        What `cells` were made of.
    cells
        As `side_by_side` or `with_everyone` gives them.
    other
        The number of the other choice.
    limit, offset
        Which rows, in the order of `cells`.

    Returns
    -------
    DataFrame
        One row per change, with the columns student, week, n_evidence, value_1, low_1, high_1, state_1 of the first choice, value_2, low_2,
        high_2, state_2 of the other one, and `why`: what either value comes from, in numbers.
    """
    changed = cells[cells["state_1"] != cells[f"state_{other}"]].iloc[offset : offset + limit].reset_index(drop=True)
    names = {f"{name}_{other}": f"{name}_2" for name in _PER_CHOICE}
    kept = ["student", "week", "n_evidence", *(f"{name}_1" for name in _PER_CHOICE), *names]
    keys = pd.MultiIndex.from_frame(changed[["student", "week"]])
    meant = pd.MultiIndex.from_frame(scores[["student", "week"]]).isin(keys)
    first, second = (_told(scores[meant], one, changed, number) for one, number in ((choices[0], 1), (choices[other - 1], other)))
    limits = _thresholds_told(choices[0], choices[other - 1])
    why = [f"By {one}; by {two}.{limits}" for one, two in zip(first, second, strict=True)]
    return changed[kept].rename(columns=names).assign(why=pd.Series(why, index=changed.index, dtype="str"))


def _told(scores: pd.DataFrame, one: RuleChoice, changed: pd.DataFrame, number: int) -> list[str]:
    """What the value of each changed row is and what it comes from, in the order of the rows."""
    evidence = evidence_from(scores, one.rule.needs)
    keys = pd.MultiIndex.from_arrays([evidence.student, evidence.week])
    accounts = pd.Series(one.rule.account(evidence, one.parameters), index=keys, dtype="object")
    rows = pd.MultiIndex.from_frame(changed[["student", "week"]])
    name = one.rule.name.replace("_", " ")
    fitted = changed["week"].isin(list(one.of_week)).map({True: ", with parameters fitted to the week", False: ""})
    told = zip(changed[f"state_{number}"], changed[f"value_{number}"], accounts.reindex(rows), fitted, strict=True)
    return [f"{name} {state.replace('_', ' ')}{_value_told(value, one)}: {account}{by}" for state, value, account, by in told]


def _value_told(value: float, one: RuleChoice) -> str:
    """Write a value with as many digits as it takes to see on which side of the thresholds it lies."""
    if np.isnan(value):
        return ""
    limits = [one.parameters["remedial_threshold"], one.parameters["mastery_threshold"]]
    for digits in range(2, 6):
        shown = round_half_up(value, digits)
        if all((shown >= limit) == (value >= limit - SLACK) for limit in limits):
            return f" at {number_text(value, digits)}"
    return f" at {number_text(value)}"


def _thresholds_told(first: RuleChoice, second: RuleChoice) -> str:
    different = [
        f"{words} {first.parameters[name]:g} against {second.parameters[name]:g}"
        for name, words in (("mastery_threshold", "mastered from"), ("remedial_threshold", "remedial below"))
        if first.parameters[name] != second.parameters[name]
    ]
    return f" The thresholds differ: {', '.join(different)}." if different else ""


def _n_choices(cells: pd.DataFrame) -> int:
    return sum(str(column).startswith("state_") for column in cells.columns)
