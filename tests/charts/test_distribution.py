"""Levels of a class by week, and the shares of one group with their intervals."""

import numpy as np
import pandas as pd
import pytest

from lmskit.charts.distribution import level_distribution, level_distribution_table, level_share, level_share_table
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import ColumnsMissingError, InputError

PARAMETERS = {"mastery_threshold": 0.8, "remedial_threshold": 0.5}
WEEK = pd.DataFrame(
    {
        "level": ["mastered", "developing", "remedial", "not_assessed"],
        "n": [96, 60, 40, 4],
        "n_students": 200,
        "share": [0.48, 0.30, 0.20, 0.02],
        "low": [0.42, 0.25, 0.16, 0.01],
        "high": [0.54, 0.36, 0.25, 0.04],
    }
)
WEEKS = pd.concat([WEEK.assign(week_number=week, topic=topic) for week, topic in ((2, "<b>Maps</b>"), (1, "Sets"))])


def test_the_parts_of_a_week_add_up_to_one_hundred_percent():
    figure = level_distribution(WEEKS, rule=ConfiguredRule("average", PARAMETERS))
    assert figure.layout.barmode == "stack"
    assert np.sum([trace.y for trace in figure.data], axis=0) == pytest.approx([100, 100])
    assert {trace.x for trace in figure.data} == {("1", "2")}


def test_each_part_shows_its_level_by_letter_and_count_unless_it_is_too_narrow():
    figure = level_distribution(WEEKS, rule=ConfiguredRule("average", PARAMETERS))
    assert [trace.text[0] for trace in figure.data] == ["M 96", "D 60", "R 40", ""]
    assert len({trace.marker.color for trace in figure.data}) == 4


def test_a_topic_is_shown_and_never_interpreted():
    figure = level_distribution(WEEKS, rule=ConfiguredRule("average", PARAMETERS))
    assert "&lt;b&gt;Maps" in figure.data[0].hovertext[1]


def test_the_share_of_a_level_has_its_interval():
    figure = level_share(WEEK, group="week 3", rule=ConfiguredRule("average", PARAMETERS))
    (bars,) = figure.data
    assert bars.y == pytest.approx([48, 30, 20, 2])
    assert bars.error_y.array == pytest.approx([6, 6, 5, 2])
    assert bars.error_y.arrayminus == pytest.approx([6, 5, 4, 1])
    assert figure.layout.annotations[0].text == "<b>48 %</b> (96)"
    assert figure.layout.title.text == "Share of the class at each level, week 3"


@pytest.mark.parametrize("chart", [level_share, level_distribution])
def test_the_rule_and_its_parameters_are_named(chart):
    group = {"group": "week 1"} if chart is level_share else {}
    subtitle = chart(WEEKS.iloc[:4], **group, rule=ConfiguredRule("average", PARAMETERS)).layout.title.subtitle.text
    assert "Rule: average (mastery threshold 0.8, remedial threshold 0.5)" in subtitle


def test_shares_of_several_weeks_are_refused_as_shares_of_one_group():
    with pytest.raises(InputError, match="one row per level"):
        level_share(WEEKS, group="week 1", rule=ConfiguredRule("average", PARAMETERS))


def test_missing_columns_are_named():
    with pytest.raises(ColumnsMissingError, match="week_number, topic"):
        level_distribution(WEEK, rule=ConfiguredRule("average", PARAMETERS))
    with pytest.raises(ColumnsMissingError, match="share"):
        level_share(WEEK.drop(columns="share"), group="week 1", rule=ConfiguredRule("average", PARAMETERS))


def test_a_class_without_students_gives_figures_without_bars():
    empty = WEEK.assign(n=0, n_students=0, share=np.nan, low=np.nan, high=np.nan)
    assert level_share(empty, group="week 1", rule=ConfiguredRule("average", PARAMETERS)).layout.annotations[0].text == "<b>–</b> (0)"
    assert level_distribution(WEEKS.iloc[:0], rule=ConfiguredRule("average", PARAMETERS)).data[0].x == ()
    assert len(level_distribution_table(WEEKS.iloc[:0])) == 0


def test_the_tables_have_the_content_of_the_bars():
    table = level_distribution_table(WEEKS)
    assert table.to_dict("records")[0] == {
        "Week": 1,
        "Topic": "Sets",
        "Students": 200,
        "Mastered": "96 (48 %)",
        "Developing": "60 (30 %)",
        "Remedial": "40 (20 %)",
        "Not assessed": "4 (2 %)",
    }
    assert level_share_table(WEEK).to_dict("records")[0] == {
        "Level": "mastered",
        "Students": 96,
        "Share": "48 %",
        "90 % interval": "42 % to 54 %",
    }
