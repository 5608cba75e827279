"""The heat map of students and weeks: its traces, its words and its table twin."""

import numpy as np
import pandas as pd
import pytest

from lmskit.charts.heat_map import CLASS_TRACE, STUDENT_TRACE, mastery_heat_map, mastery_heat_map_table
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import ColumnsMissingError, InputError

PARAMETERS = {"w": 0.65, "mastery_threshold": 0.8, "remedial_threshold": 0.5}
HOSTILE = "<img src=x onerror=alert(1)> $x$"
CELLS = pd.DataFrame(
    [
        (7, HOSTILE, 1, "Sets", 0.3, 0.1, 0.45, 12, "remedial"),
        (7, HOSTILE, 2, "Maps", np.nan, np.nan, np.nan, 0, "not_assessed"),
        (3, "Simulated Student 003", 1, "Sets", 0.85, 0.6, 0.95, 8, "mastered"),
        (3, "Simulated Student 003", 2, "Maps", np.nan, np.nan, np.nan, 2, "not_assessed"),
    ],
    columns=["student_id", "name", "week_number", "topic", "value", "low", "high", "n_evidence", "level"],
)
CLASS_WEEKS = pd.DataFrame(
    {
        "week_number": [1, 2],
        "topic": ["Sets", "Maps"],
        "mean_value": [0.575, np.nan],
        "n_students": [2, 2],
        "mastered": [1, 0],
        "developing": [0, 0],
        "remedial": [1, 0],
        "not_assessed": [0, 2],
    }
)


@pytest.fixture
def figure():
    return mastery_heat_map(CELLS, CLASS_WEEKS, rule=ConfiguredRule("weighted_average", PARAMETERS))


@pytest.fixture
def students(figure):
    return figure.data[STUDENT_TRACE]


def test_the_title_says_what_is_shown_and_the_note_names_rule_and_parameters(figure):
    assert figure.layout.title.text == "Mastery by student and week"
    assert "weighted average (w 0.65, mastery threshold 0.8, remedial threshold 0.5)" in figure.layout.title.subtitle.text


def test_the_class_row_and_the_students_have_the_same_weeks(figure):
    assert figure.data[CLASS_TRACE].x == figure.data[STUDENT_TRACE].x == ("1", "2")
    assert figure.layout.xaxis.matches == "x2"


def test_students_are_in_the_order_of_the_table_and_clicks_report_their_ids(students, figure):
    assert students.y == ("7", "3")
    assert figure.layout.yaxis2.autorange == "reversed"


def test_a_letter_shows_the_level_and_a_question_mark_that_it_is_tentative(students):
    assert [list(row) for row in students.text] == [["R", ""], ["M?", "–"]]


def test_a_cell_without_a_value_has_no_colour(students):
    assert np.isnan(np.array(students.z, dtype=float)).tolist() == [[False, True], [False, True]]


def test_the_hover_text_has_value_interval_evidence_level_and_certainty(students):
    assert students.hovertext[0][0].endswith("remedial, firm<br>value 0.30<br>90 % interval: 0.10 to 0.45<br>evidence: 12")
    assert "no evidence" in students.hovertext[0][1]
    assert "too little evidence" in students.hovertext[1][1]


def test_the_hover_text_of_the_class_counts_its_levels(figure):
    assert "2 students: mastered 1, developing 0, remedial 1, not assessed 0" in figure.data[CLASS_TRACE].hovertext[0][0]
    assert list(figure.data[CLASS_TRACE].text[0]) == ["0.58", "–"]


def test_a_hostile_name_is_shown_and_never_interpreted(figure):
    drawn = figure.to_json()
    assert "<img" not in drawn.replace("\\u003c", "<")
    assert figure.layout.yaxis2.ticktext[0].startswith("&lt;img src=x")


def test_two_students_with_the_same_name_have_a_row_each():
    twins = CELLS.assign(name="Same Name")
    assert len(mastery_heat_map(twins, CLASS_WEEKS, rule=ConfiguredRule("average", {})).data[STUDENT_TRACE].y) == 2


def test_a_rule_without_intervals_says_so_and_marks_nothing_tentative():
    cells = CELLS.assign(low=np.nan, high=np.nan)
    figure = mastery_heat_map(cells, CLASS_WEEKS, rule=ConfiguredRule("highest", {}))
    assert "has no interval" in figure.layout.title.subtitle.text
    assert figure.data[STUDENT_TRACE].text[1][0] == "M"


def test_the_thresholds_of_the_course_decide_which_levels_are_tentative():
    figure = mastery_heat_map(CELLS, CLASS_WEEKS, rule=ConfiguredRule("average", {"mastery_threshold": 0.6}))
    assert figure.data[STUDENT_TRACE].text[1][0] == "M"


def test_an_empty_page_is_an_empty_figure():
    figure = mastery_heat_map(CELLS.iloc[:0], CLASS_WEEKS.iloc[:0], rule=ConfiguredRule("average", {}))
    assert figure.data[STUDENT_TRACE].y == ()
    assert len(mastery_heat_map_table(CELLS.iloc[:0], CLASS_WEEKS.iloc[:0], rule=ConfiguredRule("average", {}))) == 1


def test_missing_columns_are_named():
    with pytest.raises(ColumnsMissingError, match="heat map needs the columns low, high"):
        mastery_heat_map(CELLS.drop(columns=["low", "high"]), CLASS_WEEKS, rule=ConfiguredRule("average", {}))
    with pytest.raises(ColumnsMissingError, match="class row needs the column n_students"):
        mastery_heat_map(CELLS, CLASS_WEEKS.drop(columns="n_students"), rule=ConfiguredRule("average", {}))


def test_two_rows_for_one_cell_are_refused():
    with pytest.raises(InputError, match="several for 7, 1"):
        mastery_heat_map(pd.concat([CELLS, CELLS.head(1)]), CLASS_WEEKS, rule=ConfiguredRule("average", {}))


def test_the_table_has_the_content_of_the_cells():
    table = mastery_heat_map_table(CELLS, CLASS_WEEKS, rule=ConfiguredRule("average", PARAMETERS))
    assert table.columns.tolist() == ["Student", "Week 1", "Week 2"]
    assert table.to_numpy().tolist() == [
        ["Mean of all", "0.58", "–"],
        [HOSTILE, "0.30 remedial, firm", "not assessed"],
        ["Simulated Student 003", "0.85 mastered, tentative", "not assessed"],
    ]
