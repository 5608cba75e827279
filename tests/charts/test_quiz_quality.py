"""Charts of a quiz: their content, a second sign beside every colour, and typed text that is never interpreted."""

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.items import RunScores, item_analysis, item_drift, option_statistics, quiz_analysis
from lmskit.charts.question import changes_table, item_drift_chart, item_drift_table, option_chart, option_chart_table
from lmskit.charts.quiz import item_map, item_map_table, quiz_statistics_table, score_distribution, score_distribution_table
from lmskit.errors import ColumnsMissingError, InputError
from lmskit.simulation import simulated_scores

EVIL = "<b>evil</b> $x$"
SCORES = simulated_scores(n_students=120, n_items=6, n_wrong=1, seed=4).scores.assign(everybody=1.0)
MAXIMA = dict.fromkeys(SCORES, 1)


@pytest.fixture(scope="module")
def items():
    table = item_analysis(SCORES, MAXIMA)
    table.insert(0, "number", range(1, len(table) + 1))
    return table.assign(prompt=EVIL, type="true_false", points=1.0)


def drawn(figure):
    return figure.to_json()


def test_each_item_is_drawn_at_its_facility_and_discrimination_with_both_intervals(items):
    figure = item_map(items, attempts="first")
    for trace in figure.data:
        for position, (number,) in enumerate(trace.customdata):
            row = items[items["number"] == number].iloc[0]
            assert trace.x[position] == pytest.approx(100 * row["facility"])
            if not np.isnan(row["discrimination_index"]):
                assert trace.y[position] == pytest.approx(row["discrimination_index"])
                assert trace.y[position] + trace.error_y.array[position] == pytest.approx(row["discrimination_index_high"])
                assert trace.x[position] - trace.error_x.arrayminus[position] == pytest.approx(100 * row["facility_low"])
    assert sorted(number for trace in figure.data for (number,) in trace.customdata) == list(range(1, 8))


def test_an_item_without_an_index_is_shown_below_the_axis_and_not_at_zero(items):
    [undefined] = [trace for trace in item_map(items, attempts="first").data if trace.name == "undefined: no spread"]
    assert undefined.y[0] < -1
    assert "discrimination –" in undefined.hovertext[0]


def test_verdicts_differ_by_symbol_and_name_as_well_as_by_colour(items):
    figure = item_map(items, attempts="first")
    assert len({trace.marker.symbol for trace in figure.data}) == len({trace.name for trace in figure.data}) == len(figure.data) > 2
    assert "key likely wrong" in {trace.name for trace in figure.data}


def test_the_note_of_the_map_says_which_attempts_count(items):
    note = item_map(items, attempts="all", simulated=True).layout.title.subtitle.text
    assert "120 students, all attempts of each student" in note
    assert "90 % bootstrap intervals" in note
    assert "Simulated data" in note


def test_the_table_distinguishes_a_negative_covariance_from_an_undefined_weight():
    table = item_analysis(pd.DataFrame({"long": [0, 5, 9, 10], "against": [1, 1, 1, 0]}), {"long": 10, "against": 1})
    table.insert(0, "number", [1, 2])
    written = item_map_table(table.assign(prompt=EVIL, type="essay", points=1.0))
    assert written["Effective weight"].tolist() == ["100.0 %", "negative covariance"]
    single = item_analysis(pd.DataFrame({"q": [1.0]}), {"q": 1}).assign(number=1, prompt=EVIL, type="essay", points=1.0)
    assert item_map_table(single)["Effective weight"].tolist() == ["–"]
    assert item_map_table(single)["Verdict"].tolist() == ["withheld: too few students"]


def test_the_table_of_items_has_the_content_of_the_map(items):
    written = item_map_table(items)
    assert written["No."].tolist() == list(range(1, 8))
    assert written["Type"].unique().tolist() == ["true or false"]
    flagged = items.loc[items["verdict"] == "likely_wrong_key", "number"].tolist()
    assert written.loc[written["Verdict"] == "key likely wrong", "No."].tolist() == flagged
    assert written["Facility"].str.contains("%").all()


@pytest.fixture(scope="module")
def options():
    responses = ["a"] * 40 + ["b"] * 30 + ["c"] * 10 + [None] * 2
    rest = [8, 9] * 20 + [9, 10] * 15 + [1, 2] * 5 + [0, 0]
    table = option_statistics(responses, rest, options=["a", "b", "c"], right=["a"])
    table.insert(0, "text", ["the right one", EVIL, "third", "no answer", "other"])
    return table


def test_an_attractive_wrong_option_is_marked_by_a_sign_and_a_pattern(options):
    figure = option_chart(options, number=3, prompt=EVIL, attempts="first", n_attempts=82, n_students=82)
    labels = figure.layout.yaxis.ticktext
    assert labels[:3] == ("<b>✓</b> the right one", "<b>!</b> &lt;b&gt;evil&lt;/b&gt; &#36;x&#36;", "third")
    assert figure.data[0].marker.pattern.shape[:2] == ("", "x")
    assert figure.data[0].x[0] == pytest.approx(100 * 40 / 82)
    assert len(labels) == 4, "the row of other answers is left out, since there is no such answer"


def test_the_table_of_options_has_the_content_of_the_chart(options):
    written = option_chart_table(options)
    assert written["Chosen"].tolist() == [40, 30, 10, 2]
    assert written["Verdict"].tolist()[:3] == ["right", "wrong, attractive: check it", "wrong, works"]


@pytest.fixture(scope="module")
def drift():
    later = SCORES.assign(q1=1 - SCORES["q1"])
    return item_drift([RunScores("<i>spring</i>", SCORES, MAXIMA), RunScores("autumn", later, MAXIMA)])


def of_item(drift, item):
    return drift.by_run[drift.by_run["item"] == item], drift.changes[drift.changes["item"] == item]


def test_the_drift_of_an_item_is_drawn_run_by_run_and_described_in_a_sentence(drift):
    by_run, changes = of_item(drift, "q1")
    figure = item_drift_chart(by_run, changes, number=1, prompt=EVIL, attempts="first")
    facility, discrimination = figure.data
    assert facility.y == pytest.approx(by_run["facility"].tolist())
    assert discrimination.y == pytest.approx(by_run["discrimination_index"].tolist())
    assert facility.marker.symbol != discrimination.marker.symbol
    assert "Discrimination changed by" in figure.layout.title.subtitle.text
    assert "&lt;i&gt;spring&lt;/i&gt;" in figure.layout.xaxis.ticktext[0]
    assert item_drift_table(by_run)["Course"].tolist() == ["<i>spring</i>", "autumn"]


def test_the_most_certain_change_is_first_and_a_single_run_is_not_compared(drift):
    written = changes_table(drift.changes, numbers={item: number for number, item in enumerate(SCORES, start=1)})
    assert written.iloc[0][["No.", "Verdict"]].tolist() == [1, "changed"]
    alone = item_drift([RunScores("autumn", SCORES, MAXIMA)])
    assert len(changes_table(alone.changes, numbers={})) == 0
    chart = item_drift_chart(*of_item(alone, "q1"), number=1, prompt="", attempts="first")
    assert "Not compared" in chart.layout.title.subtitle.text


@pytest.mark.parametrize(("totals", "maximum"), [([0, 1, 2, 2, 5], 5), ([0.5, 3, 7.25], 40), ([7, 8], 5), ([0, 0], 0), ([], 5)])
def test_every_attempt_is_in_one_bar(totals, maximum):
    scores = pd.DataFrame({"q": totals}, dtype="float64")
    statistics = quiz_analysis(scores, {"q": maximum})
    figure = score_distribution(scores["q"], statistics, max_score=maximum, attempts="first", n_students=len(totals))
    assert sum(figure.data[0].y) == len(totals)
    assert score_distribution_table(scores["q"], max_score=maximum)["Attempts"].sum() == len(totals)


def test_whole_scores_have_a_bar_each():
    table = score_distribution_table(pd.Series([0.0, 2.0, 2.0]), max_score=3)
    assert table.to_numpy().tolist() == [["0", 1, "33 %"], ["1", 0, "0 %"], ["2", 2, "67 %"], ["3", 0, "0 %"]]


def test_the_statistics_of_a_quiz_are_written_with_their_intervals():
    written = quiz_statistics_table(quiz_analysis(SCORES, MAXIMA))
    assert written["Statistic"].tolist()[0] == "Mean score"
    assert written["90 % interval"].str.contains(" to ").all()


def test_nothing_that_people_typed_is_interpreted(items, options, drift):
    figures = [
        item_map(items, attempts="first"),
        option_chart(options, number=3, prompt=EVIL, attempts="first", n_attempts=82, n_students=82),
        item_drift_chart(*of_item(drift, "q1"), number=1, prompt=EVIL, attempts="first"),
    ]
    for figure in figures:
        assert "<b>evil" not in drawn(figure)
        assert "$x$" not in drawn(figure)
        assert "evil" in drawn(figure)


def test_missing_columns_and_repeated_items_are_named(items, options, drift):
    with pytest.raises(ColumnsMissingError, match="verdict"):
        item_map(items.drop(columns="verdict"), attempts="first")
    with pytest.raises(ColumnsMissingError, match="sd"):
        item_map_table(items.drop(columns="sd"))
    with pytest.raises(ColumnsMissingError, match="share_low"):
        option_chart_table(options.drop(columns="share_low"))
    with pytest.raises(ColumnsMissingError, match="run"):
        item_drift_table(drift.by_run.drop(columns="run"))
    with pytest.raises(InputError, match="one row per number"):
        item_map(pd.concat([items, items]), attempts="first")
