"""Sections of a course side by side: their means, and which of them differ from the class."""

import numpy as np
import pandas as pd
import pytest

from lmskit.charts.sections import section_means, section_means_table
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import ColumnsMissingError, InputError

RULE = ConfiguredRule("average", {"mastery_threshold": 0.8, "remedial_threshold": 0.5})
SECTIONS = pd.DataFrame(
    [
        ("section", "<b>A</b>", 20, 1, 0.8, 20, 0.7, 0.9),
        ("section", "<b>A</b>", 20, 2, np.nan, 0, np.nan, np.nan),
        ("section", "B", 20, 1, 0.5, 19, 0.45, 0.55),
        ("section", "B", 20, 2, 0.62, 12, 0.5, 0.7),
        ("group", "B", 4, 1, 0.2, 4, 0.1, 0.3),
        ("group", "B", 4, 2, 0.6, 1, np.nan, np.nan),
    ],
    columns=["kind", "section", "n_students", "week_number", "mean_value", "n_assessed", "low", "high"],
).assign(topic="<i>Sets</i>", class_value=0.6)


def test_a_mean_that_is_surely_above_or_below_that_of_the_class_is_marked_if_enough_students_are_behind_it():
    (cells,) = section_means(SECTIONS, rule=RULE).data
    assert [list(row) for row in cells.text] == [["0.80 ▲", ""], ["0.50 ▼", "0.62"], ["0.20", "0.60"]]
    assert list(cells.y) == ["section:<b>A</b>", "section:B", "group:B"]


def test_the_table_has_the_intervals_and_the_marks_of_the_chart():
    table = section_means_table(SECTIONS)
    assert table["Week 1"].tolist() == ["0.80 (0.70 to 0.90) ▲", "0.50 (0.45 to 0.55) ▼", "0.20 (0.10 to 0.30)"]
    assert table["Week 2"].tolist() == ["–", "0.62 (0.50 to 0.70)", "0.60"]
    assert table[["Kind", "Students"]].to_numpy().tolist() == [["section", 20], ["section", 20], ["group", 4]]


def test_names_and_topics_are_shown_and_never_interpreted():
    figure = section_means(SECTIONS, rule=RULE)
    assert figure.layout.yaxis.ticktext[0] == "&lt;b&gt;A&lt;/b&gt; (20)"
    assert "&lt;i&gt;Sets" in figure.data[0].hovertext[0][0]


def test_a_table_that_is_not_one_row_per_section_and_week_is_refused():
    with pytest.raises(ColumnsMissingError, match="class_value"):
        section_means(SECTIONS.drop(columns="class_value"), rule=RULE)
    with pytest.raises(InputError, match="one row per kind and section and week_number"):
        section_means_table(pd.concat([SECTIONS, SECTIONS.head(1)]))
