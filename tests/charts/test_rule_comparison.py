"""Rules side by side: levels by rule, transitions between levels, and students whose level differs."""

import pandas as pd
import pytest

from lmskit.charts.rule_comparison import (
    level_changes,
    level_changes_table,
    level_transitions,
    level_transitions_table,
    levels_by_rule,
    levels_by_rule_table,
)
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import ColumnsMissingError, InputError

THRESHOLDS = {"mastery_threshold": 0.8, "remedial_threshold": 0.5}
RULES = [ConfiguredRule("average", THRESHOLDS), ConfiguredRule("khan", THRESHOLDS | {"mastery_threshold": 1.0})]
LEVELS = ["mastered", "developing", "remedial", "not_assessed"]
COUNTS = pd.DataFrame(
    {
        "rule": [1] * 4 + [2] * 4,
        "level": LEVELS * 2,
        "n": [50, 30, 20, 0, 40, 55, 5, 0],
        "n_cells": 100,
        "n_students": 25,
        "share": [0.5, 0.3, 0.2, 0, 0.4, 0.55, 0.05, 0],
        "low": [0.35, 0.17, 0.1, 0, 0.25, 0.4, 0.01, 0],
        "high": [0.65, 0.45, 0.35, 0.05, 0.55, 0.7, 0.15, 0.05],
    }
)
TRANSITIONS = pd.DataFrame(
    {
        "from": [level for level in LEVELS for _ in LEVELS],
        "to": LEVELS * 4,
        "n": [40, 10, 0, 0, 0, 30, 0, 0, 0, 15, 5, 0, 0, 0, 0, 0],
    }
)
CHANGES = pd.DataFrame(
    {
        "name": ["<b>Bo</b>", "Cy"],
        "week": [1, 2],
        "n_evidence": [3, 4],
        "value_1": [0.9, float("nan")],
        "low_1": [0.6, float("nan")],
        "high_1": [0.99, float("nan")],
        "state_1": ["mastered", "not_assessed"],
        "value_2": [0.5, 0.8],
        "low_2": float("nan"),
        "high_2": float("nan"),
        "state_2": ["developing", "developing"],
        "why": ["By average <i>high</i>; by khan low.", "By average nothing; by khan something."],
    }
)


def figures():
    return {
        "levels": levels_by_rule(COUNTS, rules=RULES, group="week <1>"),
        "transitions": level_transitions(TRANSITIONS, rules=RULES),
        "changes": level_changes(CHANGES, rules=RULES, n_changes=7),
    }


@pytest.mark.parametrize("name", ["levels", "transitions", "changes"])
def test_both_rules_are_named_with_their_parameters(name):
    note = figures()[name].layout.title.subtitle.text
    assert "1 Rule: average (mastery threshold 0.8, remedial threshold 0.5)<br>2 Rule: khan (mastery threshold 1, " in note


def test_each_rule_has_its_bars_with_intervals_and_differs_by_more_than_colour():
    first, second = figures()["levels"].data
    assert first.y == pytest.approx([50, 30, 20, 0])
    assert second.error_y.array == pytest.approx([15, 15, 10, 5])
    assert second.error_y.arrayminus == pytest.approx([15, 15, 4, 0])
    assert first.marker.pattern.shape != second.marker.pattern.shape
    assert first.text == ("50", "30", "20", "")


def test_higher_and_lower_levels_differ_by_arrow_and_colour():
    figure = figures()["transitions"]
    shown = {(note.y, note.x): note.text for note in figure.layout.annotations}
    assert shown[0, 1] == "▼ 10"
    assert shown[2, 1] == "▲ 15"
    assert shown[0, 0] == "40"
    z = figure.data[0].z
    assert z[0][1] < 0 < z[0][0] < 1 < z[2][1]


def test_each_difference_is_a_line_between_the_two_values():
    lines, first, second = figures()["changes"].data
    assert lines.x == (0.9, 0.5, None, -0.07, 0.8, None)
    assert first.x == (0.9, -0.07)
    assert second.x == (0.5, 0.8)
    assert [symbol.endswith("-open") for symbol in first.marker.symbol] == [False, True]
    assert "2 of 7 differences" in figures()["changes"].layout.title.subtitle.text


def test_different_thresholds_are_both_drawn_with_the_number_of_their_rule():
    texts = [note.text for note in figures()["changes"].layout.annotations]
    assert texts == ["remedial below 0.5", "mastered from 0.8 (1)", "mastered from 1 (2)"]


def test_names_and_reasons_are_shown_and_never_interpreted():
    figure = figures()["changes"]
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;Bo&lt;/b&gt;, week 1"
    assert "&lt;i&gt;high" in figure.data[1].hovertext[0]
    assert "week &lt;1&gt;" in figures()["levels"].layout.title.text


def test_every_chart_has_a_table_with_the_same_content():
    levels = levels_by_rule_table(COUNTS, rules=RULES)
    assert levels["Mastered"].tolist() == ["50 (50 %, 35 % to 65 %)", "40 (40 %, 25 % to 55 %)"]
    assert levels["Rule"].iloc[1] == "2 khan (mastery threshold 1, remedial threshold 0.5)"
    moved = level_transitions_table(TRANSITIONS, rules=RULES)
    assert moved.iloc[2].tolist() == ["remedial by 1", 0, 15, 5, 0]
    assert moved.columns[0] == "From 1 average to 2 khan"
    changed = level_changes_table(CHANGES)
    assert changed["By rule 1"].tolist() == ["mastered, 0.90 (0.60 to 0.99)", "not assessed"]
    assert changed["By rule 2"].iloc[0] == "developing, 0.50 (no interval)"


def test_a_rule_with_many_parameters_is_written_on_several_lines_and_in_full():
    many = ConfiguredRule("bkt", {f"parameter_{letter}": 0.123 for letter in "abcdefghij"})
    figure = level_transitions(TRANSITIONS, rules=[RULES[0], many])
    lines = figure.layout.title.subtitle.text.split("<br>")
    assert max(len(line) for line in lines) <= 116
    assert "parameter j 0.123)" in " ".join(lines)


def test_a_figure_without_differences_says_so():
    figure = level_changes(CHANGES.iloc[:0], rules=RULES, n_changes=0)
    assert "no student has a different level" in [note.text for note in figure.layout.annotations]
    assert level_changes_table(CHANGES.iloc[:0]).columns.tolist() == level_changes_table(CHANGES).columns.tolist()


@pytest.mark.parametrize(
    ("draw", "table", "message"),
    [
        (
            lambda table: levels_by_rule(table, rules=RULES, group="x"),
            COUNTS.drop(columns="share"),
            "The chart of the levels by rule needs the column share",
        ),
        (lambda table: level_transitions(table, rules=RULES), TRANSITIONS.drop(columns="n"), "needs the column n"),
        (level_changes_table, CHANGES.drop(columns="why"), "needs the column why"),
    ],
)
def test_a_missing_column_is_named(draw, table, message):
    with pytest.raises(ColumnsMissingError, match=message):
        draw(table)


def test_two_rows_for_one_rule_and_level_are_refused():
    with pytest.raises(InputError, match="one row per rule and level"):
        levels_by_rule(pd.concat([COUNTS, COUNTS]), rules=RULES, group="x")
