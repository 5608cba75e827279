"""One student: mastery by week with intervals, and the attempts of a week."""

import numpy as np
import pandas as pd
import pytest

from lmskit.charts.student import student_attempts, student_attempts_table, student_weeks, student_weeks_table
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import ColumnsMissingError, InputError

PARAMETERS = {"mastery_threshold": 0.75, "remedial_threshold": 0.5}
NAME = "<b>Ann</b>"
CELLS = pd.DataFrame(
    [
        (7, NAME, 3, "Trees", np.nan, np.nan, np.nan, 0, "not_assessed"),
        (7, NAME, 1, "Sets", 0.85, 0.78, 0.95, 20, "mastered"),
        (7, NAME, 2, "Maps", 0.3, 0.1, 0.6, 4, "remedial"),
    ],
    columns=["student_id", "name", "week_number", "topic", "value", "low", "high", "n_evidence", "level"],
)
ATTEMPTS = pd.DataFrame(
    {
        "quiz_title": ["Check <i>", "Check <i>", "Practice", "Practice"],
        "week_number": [1, 1, 1, 2],
        "number": [2, 1, 1, 1],
        "score": [5.5, 2.0, np.nan, 1.0],
        "max_score": [5.0, 5.0, 5.0, 5.0],
        "submitted_at": pd.to_datetime(["2026-09-02", "2026-09-01", "2026-09-01", "2026-09-09"], utc=True),
        "origin": "simulation",
    }
)


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_each_week_is_drawn_at_its_value_with_its_interval():
    found = traces(student_weeks(CELLS, rule=ConfiguredRule("average", PARAMETERS)))
    mastered = found["M mastered"]
    assert (mastered.x, mastered.y) == (("1",), (0.85,))
    assert mastered.error_y.array == pytest.approx([0.10])
    assert mastered.error_y.arrayminus == pytest.approx([0.07])
    assert "mastered, firm" in mastered.hovertext[0]
    assert "remedial, tentative" in found["R remedial"].hovertext[0]


def test_a_week_without_a_value_is_shown_below_zero_not_at_zero():
    missing = traces(student_weeks(CELLS, rule=ConfiguredRule("average", PARAMETERS)))["– not assessed"]
    assert missing.x == ("3",)
    assert missing.y[0] < 0


def test_weeks_are_in_order_and_the_thresholds_of_the_course_are_drawn():
    figure = student_weeks(CELLS, rule=ConfiguredRule("average", PARAMETERS))
    assert figure.layout.xaxis.categoryarray == ("1", "2", "3")
    assert [shape.y0 for shape in figure.layout.shapes] == [0.75, 0.5]
    assert [note.text for note in figure.layout.annotations] == ["mastered from 0.75", "remedial below 0.5"]


def test_levels_differ_by_symbol_as_well_as_by_colour():
    figure = student_weeks(CELLS, rule=ConfiguredRule("average", PARAMETERS))
    assert len({trace.marker.symbol for trace in figure.data}) == 4


def test_a_name_is_shown_and_never_interpreted():
    assert "&lt;b&gt;Ann&lt;/b&gt;" in student_weeks(CELLS, rule=ConfiguredRule("average", PARAMETERS)).layout.title.text
    assert "&lt;b&gt;Ann&lt;/b&gt;" in student_attempts(ATTEMPTS, student=NAME, week_number=1).layout.title.text
    assert "Check &lt;i&gt;" in traces(student_attempts(ATTEMPTS, student=NAME, week_number=1))


def test_a_rule_without_intervals_says_so():
    figure = student_weeks(CELLS.assign(low=np.nan, high=np.nan), rule=ConfiguredRule("highest", PARAMETERS))
    assert "has no interval" in figure.layout.title.subtitle.text
    assert not traces(figure)["M mastered"].error_y.visible


def test_weeks_of_two_students_are_refused():
    with pytest.raises(InputError, match="the table has 2"):
        student_weeks(CELLS.assign(student_id=[1, 2, 2]), rule=ConfiguredRule("average", PARAMETERS))


def test_missing_columns_are_named():
    with pytest.raises(ColumnsMissingError, match="topic"):
        student_weeks(CELLS.drop(columns="topic"), rule=ConfiguredRule("average", PARAMETERS))
    with pytest.raises(ColumnsMissingError, match="submitted_at"):
        student_attempts(ATTEMPTS.drop(columns="submitted_at"), student=NAME, week_number=1)


def test_the_table_of_weeks_has_the_content_of_the_figure():
    table = student_weeks_table(CELLS, rule=ConfiguredRule("average", PARAMETERS))
    assert table["Week"].tolist() == [1, 2, 3]
    assert table.iloc[0].tolist() == [1, "Sets", "0.85", "0.78 to 0.95", 20, "mastered", "firm"]
    assert table.iloc[2].tolist() == [3, "Trees", "–", "none", 0, "not assessed", ""]


def test_attempts_are_drawn_at_their_time_and_share_of_the_maximum():
    check = traces(student_attempts(ATTEMPTS, student=NAME, week_number=1))["Check &lt;i&gt;"]
    assert check.text == ("1", "2")
    assert check.y == pytest.approx([0.4, 1.1])
    assert "5.50 of 5.00, 110 %" in check.hovertext[1]


def test_attempts_are_drawn_in_their_order_if_a_time_is_unknown():
    times = pd.Series([pd.NaT, pd.Timestamp("2026-09-01 08:15", tz="UTC"), pd.NaT, pd.NaT])
    figure = student_attempts(ATTEMPTS.assign(submitted_at=times), student=NAME, week_number=1)
    found = traces(figure)
    assert (found["Practice"].x, found["Check &lt;i&gt;"].x) == ((1,), (2, 3))
    assert figure.layout.xaxis.ticktext == ("unknown", "unknown", "2026-09-01 08:15")
    assert "2 of 3 times are unknown: those attempts come first." in figure.layout.title.subtitle.text
    assert "time unknown<br>" in found["Practice"].hovertext[0]
    table = student_attempts_table(ATTEMPTS.assign(submitted_at=times), week_number=1)
    assert table["Submitted (UTC)"].tolist() == ["unknown", "unknown", "2026-09-01 08:15"]


def test_an_attempt_that_is_not_graded_is_open_and_below_the_axis():
    practice = traces(student_attempts(ATTEMPTS, student=NAME, week_number=1))["Practice"]
    assert practice.y[0] < 0
    assert practice.marker.symbol[0].endswith("-open")
    assert "not graded" in practice.hovertext[0]


def test_the_note_says_that_simulated_attempts_are_simulated():
    assert "Simulated data" in student_attempts(ATTEMPTS, student=NAME, week_number=1).layout.title.subtitle.text
    typed = student_attempts(ATTEMPTS.assign(origin="form"), student=NAME, week_number=1)
    assert "Simulated" not in typed.layout.title.subtitle.text


def test_a_week_without_attempts_says_so():
    figure = student_attempts(ATTEMPTS, student=NAME, week_number=9)
    assert figure.layout.annotations[0].text == "no attempts in this week"
    assert len(student_attempts_table(ATTEMPTS, week_number=9)) == 0


def test_the_table_of_attempts_has_the_content_of_the_figure():
    table = student_attempts_table(ATTEMPTS, week_number=1)
    assert table.iloc[0].tolist() == ["2026-09-01 00:00", "Check <i>", 1, "2.00", "5.00", "40 %", "simulation"]
    assert table["Score"].tolist() == ["2.00", "not graded", "5.50"]
