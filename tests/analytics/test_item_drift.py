"""Items from term to term: what changed is told, what did not is left in peace, and looking at many does not cry wolf."""

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.items.drift import TermMarks, item_drift
from lmskit.simulation import simulated_scores


def run(name, *, seed, n_students=80, **changed):
    """A run of a quiz of eight items, some of its columns replaced."""
    scores = simulated_scores(n_students=n_students, n_items=8, seed=seed).scores
    scores = scores.assign(**{item: column(scores[item]) for item, column in changed.items()})
    return TermMarks(name, scores, dict.fromkeys(scores, 1))


def again(name, earlier, *, seed, **changed):
    """The same items as another class meets them: drawn anew from the same answers."""
    scores = earlier.scores.sample(len(earlier.scores), replace=True, random_state=seed, ignore_index=True)
    scores = scores.assign(**{item: column(scores[item]) for item, column in changed.items()})
    return TermMarks(name, scores, earlier.max_scores)


def told(drift):
    return drift.changes.loc[drift.changes["changed"], ["item", "index"]].to_numpy().tolist()


def test_an_item_that_everybody_knows_by_now_became_easier():
    spring = run("spring", seed=1)
    hard = spring.scores.mean().idxmin()
    autumn = again("autumn", spring, seed=2, **{hard: lambda marks: np.where(np.arange(len(marks)) % 8, 1.0, marks)})
    drift = item_drift([spring, autumn])
    assert [hard, "facility"] in told(drift)
    row = drift.changes[(drift.changes["item"] == hard) & (drift.changes["index"] == "facility")].iloc[0]
    assert row["change"] == pytest.approx(autumn.scores[hard].mean() - spring.scores[hard].mean())
    assert (row["runs"], bool(row["p_adjusted"] >= row["p"])) == (2, True)


def test_an_item_whose_key_is_wrong_now_discriminates_otherwise():
    spring = run("spring", seed=1, n_students=150)
    autumn = again("autumn", spring, seed=2, q3=lambda marks: 1 - marks)
    assert ["q3", "discrimination_index"] in told(item_drift([spring, autumn]))


def test_each_run_stands_with_its_interval_in_the_order_of_time():
    drift = item_drift([run("spring", seed=1), run("autumn", seed=2), run("winter", seed=3)], items=["q2", "q1"])
    assert drift.by_run["item"].tolist() == ["q2"] * 3 + ["q1"] * 3
    assert drift.by_run["run"].tolist() == ["spring", "autumn", "winter"] * 2
    assert (drift.by_run["facility_low"] <= drift.by_run["facility"]).all()
    assert (drift.by_run["facility"] <= drift.by_run["facility_high"]).all()
    assert drift.changes["runs"].tolist() == [3] * 4


def test_an_item_that_only_one_run_asked_has_values_and_no_change():
    spring, autumn = run("spring", seed=1), run("autumn", seed=2)
    autumn = TermMarks("autumn", autumn.scores.rename(columns={"q1": "new"}), {**autumn.max_scores, "new": 1})
    drift = item_drift([spring, autumn])
    assert drift.by_run.loc[drift.by_run["item"] == "new", "run"].tolist() == ["autumn"]
    assert "new" not in set(drift.changes["item"])


def test_a_run_of_fewer_than_thirty_students_is_shown_and_not_compared():
    drift = item_drift([run("spring", seed=1, n_students=29), run("autumn", seed=2)])
    assert len(drift.by_run) == 16
    assert set(drift.changes["runs"]) == {1}
    assert drift.changes[["change", "p", "p_adjusted"]].isna().all(axis=None)
    assert not drift.changes["changed"].any()


def test_nobody_could_before_and_everybody_can_now_is_a_change_although_neither_varies():
    def everybody(name, mark):
        return TermMarks(name, pd.DataFrame({"q1": [mark] * 40, "q2": [0, 1] * 20}), {"q1": 1, "q2": 1})

    assert told(item_drift([everybody("spring", 0.0), everybody("autumn", 1.0)])) == [["q1", "facility"]]
    same = item_drift([everybody("spring", 1.0), everybody("autumn", 1.0)]).changes
    assert same.loc[0, "p"] == 1


def test_no_runs_and_no_attempts_are_empty():
    assert len(item_drift([]).by_run) == 0
    empty = TermMarks("spring", pd.DataFrame({"q1": []}, dtype="float64"), {"q1": 1})
    drift = item_drift([empty, empty])
    assert drift.by_run["n"].tolist() == [0, 0]
    assert not drift.changes["changed"].any()


def alarms(quizzes):
    """How often one class divided at random shows a change of anything."""
    told_of = 0
    for seed in quizzes:
        whole = simulated_scores(n_students=160, n_items=8, seed=1000 + seed).scores
        halves = [TermMarks(name, half, dict.fromkeys(whole, 1)) for name, half in (("spring", whole[:80]), ("autumn", whole[80:]))]
        told_of += bool(item_drift(halves, seed=seed).changes["changed"].any())
    return told_of


def test_two_classes_of_one_kind_seldom_show_a_change():
    assert alarms(range(10)) <= 3, "with 5 % alarms, more than 3 of 10 happen once in a thousand times"


@pytest.mark.long
def test_among_many_pairs_of_classes_of_one_kind_a_change_is_told_in_about_5_percent(say):
    found = alarms(range(400)) / 400
    say(f"drift of quizzes in which nothing changed: a change is told in {found:.1%} of 400")
    assert found <= 0.08
