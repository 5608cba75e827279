"""The same scores by several rules: the value and level by each rule, the students whose level differs, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.interval import beta_interval
from lmskit.analytics.mastery import estimate_by, evidence_for
from lmskit.analytics.rules import rule_named
from lmskit.rounding import number_text, round_half_up
from lmskit.thresholds import SLACK
from lmskit.vocabulary import LEVELS, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmskit.configured_rule import ConfiguredRule

_PER_RULE = ("value", "low", "high", "state")


def side_by_side(scores: pd.DataFrame, rules: Sequence[ConfiguredRule]) -> pd.DataFrame:
    """Estimate mastery from the same scores by each rule.

    Parameters
    ----------
    scores
        As `lmskit.analytics.mastery.estimate` takes them, with the columns that any of the rules needs.
    rules
        With complete parameters; the same rule may be there several times with different ones.

    Returns
    -------
    DataFrame
        One row per (student, week) with evidence, ordered by both: student, week and n_evidence as `estimate` gives them, then for
        each rule, counted from 1, value_1, low_1, high_1 and state_1.

    Raises
    ------
    ColumnsMissingError, InputError
        As `estimate` does.

    Examples
    --------
    >>> from lmskit.analytics.rules import configured
    >>> scores = pd.DataFrame({"student": 7, "week": 1, "score": [0.4, 1], "max_score": 1, "submitted_at": range(2)})
    >>> cells = side_by_side(scores, [configured("average"), configured("highest")])
    >>> cells[["student", "state_1", "state_2"]].to_dict("records")
    [{'student': 7, 'state_1': 'developing', 'state_2': 'mastered'}]
    """
    evidence = evidence_for(scores, rules)
    keys = pd.DataFrame({"student": evidence.student, "week": evidence.week, "n_evidence": evidence.n.astype(np.int64, copy=False)})
    estimates = [estimate_by(rule, evidence)[list(_PER_RULE)] for rule in rules]
    return pd.concat([keys, *(table.add_suffix(f"_{number}") for number, table in enumerate(estimates, start=1))], axis=1)


def with_everyone(cells: pd.DataFrame, students: Iterable[object], weeks: Iterable[object]) -> pd.DataFrame:
    """Add a row, not assessed by any rule, for each student and week without evidence.

    Rows of students and weeks that are not given are left out. The order is that of `students`, then of `weeks`.
    """
    grid = pd.MultiIndex.from_product([list(students), list(weeks)], names=["student", "week"])
    full = cells.set_index(["student", "week"]).reindex(grid).reset_index()
    states = {column: full[column].fillna(Level.NOT_ASSESSED.value) for column in full.columns if str(column).startswith("state_")}
    return full.assign(n_evidence=full["n_evidence"].fillna(0).astype(np.int64), **states)


def level_counts(cells: pd.DataFrame) -> pd.DataFrame:
    """Count the levels by each rule.

    Parameters
    ----------
    cells
        As `side_by_side` or `with_everyone` gives them.

    Returns
    -------
    DataFrame
        Four rows per rule, in the order of rules and of `LEVELS`, with the columns

        ===========  =======  ==================================================================
        rule         int64    number of the rule, from 1
        level        str      `Level`
        n            int64    rows of `cells` at that level
        n_cells      int64    rows of `cells`
        n_students   int64    different students among them
        share        float64  n / n_cells; NaN without rows
        low, high    float64  central 90 % interval of the share (Jeffreys), low <= share <= high
        ===========  =======  ==================================================================

        The interval treats the students as a sample of such students. The weeks of one student resemble each other, so each student
        counts as one observation, whatever the number of weeks.
    """
    n_cells, n_students = len(cells), int(cells["student"].nunique())
    counts = [cells[f"state_{number}"].value_counts().reindex(LEVELS, fill_value=0) for number in range(1, _n_rules(cells) + 1)]
    table = pd.DataFrame(
        {
            "rule": np.repeat(np.arange(1, len(counts) + 1, dtype=np.int64), len(LEVELS)),
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
    """Count how levels differ between the first rule and another.

    Parameters
    ----------
    cells
        As `side_by_side` or `with_everyone` gives them.
    other
        The number of the other rule.

    Returns
    -------
    DataFrame
        Sixteen rows: from (level by the first rule), to (level by the other rule) and n (int64), ordered as `LEVELS`.
    """
    pairs = pd.MultiIndex.from_product([LEVELS, LEVELS], names=["from", "to"])
    counted = pd.MultiIndex.from_arrays([cells["state_1"], cells[f"state_{other}"]], names=["from", "to"]).value_counts()
    return counted.reindex(pairs, fill_value=0).astype(np.int64).rename("n").reset_index()


def n_changes(cells: pd.DataFrame, *, other: int = 2) -> int:
    """Number of rows whose level differs between the first rule and the other: the rows of all pages of `changes`."""
    return int((cells["state_1"] != cells[f"state_{other}"]).sum())


def changes(
    scores: pd.DataFrame, cells: pd.DataFrame, rules: Sequence[ConfiguredRule], *, other: int = 2, limit: int = 100, offset: int = 0
) -> pd.DataFrame:
    """List the students and weeks whose level differs between the first rule and another, and why.

    Parameters
    ----------
    scores, rules
        What `cells` were computed from.
    cells
        As `side_by_side` or `with_everyone` gives them.
    other
        The number of the other rule.
    limit, offset
        A page of the rows, in the order of `cells`.

    Returns
    -------
    DataFrame
        One row per change, with the columns student, week, n_evidence, value_1, low_1, high_1, state_1 by the first rule, value_2, low_2,
        high_2, state_2 by the other one, and `why`: what both values are computed from, in numbers.
    """
    changed = cells[cells["state_1"] != cells[f"state_{other}"]].iloc[offset : offset + limit].reset_index(drop=True)
    names = {f"{name}_{other}": f"{name}_2" for name in _PER_RULE}
    kept = ["student", "week", "n_evidence", *(f"{name}_1" for name in _PER_RULE), *names]
    keys = pd.MultiIndex.from_frame(changed[["student", "week"]])
    on_page = pd.MultiIndex.from_frame(scores[["student", "week"]]).isin(keys)
    pair = ((rules[0], 1), (rules[other - 1], other))
    first, second = (_explanations(scores[on_page], rule, changed, number) for rule, number in pair)
    thresholds = _describe_thresholds(rules[0], rules[other - 1])
    why = [f"By {text}; by {other_text}.{thresholds}" for text, other_text in zip(first, second, strict=True)]
    return changed[kept].rename(columns=names).assign(why=pd.Series(why, index=changed.index, dtype="str"))


def _explanations(scores: pd.DataFrame, rule: ConfiguredRule, changed: pd.DataFrame, number: int) -> list[str]:
    """For each changed row, its value by the rule and what that is computed from."""
    evidence = evidence_for(scores, [rule])
    keys = pd.MultiIndex.from_arrays([evidence.student, evidence.week])
    explained = pd.Series(rule_named(rule.name).explain(evidence, rule.parameters), index=keys, dtype="object")
    rows = pd.MultiIndex.from_frame(changed[["student", "week"]])
    name = rule.name.replace("_", " ")
    fitted = changed["week"].isin(list(rule.of_week)).map({True: ", with parameters fitted to the week", False: ""})
    parts = zip(changed[f"state_{number}"], changed[f"value_{number}"], explained.reindex(rows), fitted, strict=True)
    return [f"{name} {state.replace('_', ' ')}{_value_text(value, rule)}: {text}{by}" for state, value, text, by in parts]


def _value_text(value: float, rule: ConfiguredRule) -> str:
    """Write a value with as many digits as it takes to see on which side of the thresholds it lies."""
    if np.isnan(value):
        return ""
    thresholds = rule.thresholds.values()
    for digits in range(2, 6):
        shown = round_half_up(value, digits)
        if all((shown >= threshold) == (value >= threshold - SLACK) for threshold in thresholds):
            return f" at {number_text(value, digits)}"
    return f" at {number_text(value)}"


def _describe_thresholds(first: ConfiguredRule, second: ConfiguredRule) -> str:
    different = [
        f"{words} {first.parameters[name]:g} against {second.parameters[name]:g}"
        for name, words in (("mastery_threshold", "mastered from"), ("remedial_threshold", "remedial below"))
        if first.parameters[name] != second.parameters[name]
    ]
    return f" The thresholds differ: {', '.join(different)}." if different else ""


def _n_rules(cells: pd.DataFrame) -> int:
    return sum(str(column).startswith("state_") for column in cells.columns)
