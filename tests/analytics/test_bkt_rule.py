"""The rule `bkt`: how likely the topic is known after the last answer."""

import pandas as pd
import pytest

from lmskit.analytics import bkt
from lmskit.analytics.mastery import estimate, rule_named
from lmskit.analytics.rules import evidence_from
from lmskit.errors import RuleParameterError

PARAMETERS = {"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1, "forget": 0.0}


def answers(*scores, **columns):
    return pd.DataFrame({"student": 1, "week": 1, "score": scores, "max_score": 1, "submitted_at": range(len(scores))} | columns)


def test_the_value_is_the_probability_of_knowing_after_the_last_answer():
    found = estimate(answers(1, 1, 0, 1), "bkt", **PARAMETERS).iloc[0]
    assert found["value"] == pytest.approx(0.9376175233, abs=1e-9)
    assert (found["n_evidence"], found["state"]) == (4, "developing")


def test_a_topic_is_mastered_from_ninety_five_percent_on():
    right = [estimate(answers(*[1] * n), "bkt", **PARAMETERS).iloc[0] for n in (2, 3)]
    assert [row["state"] for row in right] == ["developing", "mastered"]
    assert right[0]["value"] < 0.95 <= right[1]["value"]


def test_an_answer_is_correct_with_full_points_unless_the_course_requires_less():
    strict, generous = (estimate(answers(0.6, 0.6), "bkt", correct_from=least)["value"].item() for least in (1.0, 0.6))
    assert [strict, generous] == pytest.approx([bkt.filter(given, PARAMETERS)[-1] for given in ([0, 0], [1, 1])])


def test_an_answer_after_a_hint_is_wrong():
    assert estimate(answers(1, 1, hinted=[False, True]), "bkt")["value"].item() == pytest.approx(bkt.filter([1, 0], PARAMETERS)[-1])


def test_guesses_and_slips_that_make_knowing_a_disadvantage_are_refused():
    with pytest.raises(RuleParameterError, match=r"guess \+ slip below 1, and 0.6 \+ 0.4 is not"):
        rule_named("bkt").configured({"guess": 0.6, "slip": 0.4})


def test_a_value_is_explained_by_how_many_answers_were_correct():
    rule = rule_named("bkt")
    scores = answers(1, 0, 1, 1).assign(student=[1, 1, 1, 2])
    assert rule.explain(evidence_from(scores, rule.needs), rule.configured().parameters) == [
        "from 2 of 3 answers correct",
        "from 1 of 1 answer correct",
    ]
