"""Calibration and learning curves, and their tables."""

import pandas as pd
import pytest

from lmskit.charts.knowledge import calibration_chart, calibration_table, learning_curve, learning_curve_table
from lmskit.errors import ColumnsMissingError

PARTS = pd.DataFrame(
    {
        "from": [0.0, 0.5, 0.75],
        "to": [0.5, 0.75, 1.0],
        "n": [25, 0, 100],
        "predicted": [0.4, None, 0.9],
        "observed": [0.32, None, 0.9],
        "low": [0.2, None, 0.85],
        "high": [0.48, None, 0.94],
    }
)
CURVE = pd.DataFrame(
    {"position": [2, 1], "n": [30, 40], "observed": [0.7, 0.5], "low": [0.55, 0.37], "high": [0.82, 0.63], "predicted": [0.66, 0.52]}
)


def test_observed_shares_are_drawn_against_predictions_with_intervals():
    line, points = calibration_chart(PARTS, about="5 folds of students").data
    assert (line.x, line.y) == ((0, 100), (0, 100))
    assert points.x == pytest.approx([40, 90])
    assert points.y == pytest.approx([32, 90])
    assert points.error_y.array == pytest.approx([16, 4])
    assert points.error_y.arrayminus == pytest.approx([12, 5])
    assert points.marker.size[0] < points.marker.size[1]


def test_the_note_says_what_was_predicted_and_counts_the_answers():
    subtitle = calibration_chart(PARTS, about="<b>Maps</b>").layout.title.subtitle.text
    assert subtitle.startswith("&lt;b&gt;Maps&lt;/b&gt;")
    assert "125 answers in 2 groups" in subtitle


def test_the_calibration_is_a_table_too():
    assert calibration_table(PARTS).to_dict("records") == [
        {
            "Predicted between": "0 % and 50 %",
            "Answers": 25,
            "Mean prediction": "40.0 %",
            "Correct": "32.0 %",
            "90 % interval": "20.0 % to 48.0 %",
        },
        {
            "Predicted between": "75 % and 100 %",
            "Answers": 100,
            "Mean prediction": "90.0 %",
            "Correct": "90.0 %",
            "90 % interval": "85.0 % to 94.0 %",
        },
    ]


def test_the_learning_curve_shows_observed_and_predicted_shares_by_answer():
    figure = learning_curve(CURVE, topic="<i>Sets</i>")
    observed, predicted = figure.data
    assert observed.x == (1, 2)
    assert observed.y == pytest.approx([50, 70])
    assert predicted.y == pytest.approx([52, 66])
    assert figure.layout.title.subtitle.text.startswith(
        "&lt;i&gt;Sets&lt;/i&gt;. Knowledge tracing (rule bkt). 40 students gave a first answer"
    )
    assert learning_curve_table(CURVE)["Correct"].tolist() == ["50.0 %", "70.0 %"]


def test_an_empty_table_gives_an_empty_figure():
    assert calibration_chart(PARTS.iloc[1:2], about="nothing").data[1].x == ()
    assert learning_curve(CURVE.iloc[:0], topic="nothing").data[0].x == ()
    assert calibration_table(PARTS.iloc[1:2]).empty


@pytest.mark.parametrize("draw", [lambda table: calibration_chart(table, about=""), calibration_table, learning_curve_table])
def test_missing_columns_are_named(draw):
    with pytest.raises(ColumnsMissingError, match="observed"):
        draw(PARTS.drop(columns="observed"))
