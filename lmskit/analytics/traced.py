"""Mastery by Bayesian knowledge tracing: the rule `bkt`, and fits of its parameters to the topics of a course."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.bkt.cross_validation import cross_validate
from lmskit.analytics.bkt.fitting import fit
from lmskit.analytics.bkt.parameters import PARAMETERS
from lmskit.analytics.bkt.prediction import knowledge
from lmskit.analytics.held_out import prediction_quality
from lmskit.analytics.interval import beta_interval
from lmskit.analytics.right_or_wrong import CORRECT_FROM
from lmskit.analytics.rule import Outcome, Parameter, Rule, thresholds
from lmskit.errors import RuleParameterError
from lmskit.rounding import count_text
from lmskit.thresholds import SLACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmskit.analytics.evidence import Evidence
    from lmskit.analytics.rule import Values


def _bkt(evidence: Evidence, parameters: Values) -> Outcome:
    answer = evidence.correct(parameters["correct_from"]).astype(np.int8)
    begin = np.append(evidence.start, len(answer))
    vector = np.array([parameters[name] for name in PARAMETERS], dtype=np.float64)
    return Outcome.without_interval(knowledge(answer, begin, np.tile(vector, (len(evidence.start), 1))))


def _answers_right(evidence: Evidence, parameters: Values) -> list[str]:
    right = evidence.sums(evidence.correct(parameters["correct_from"]).astype(np.float64))
    return [f"from {int(k)} of {count_text(n, 'answer')} correct" for k, n in zip(right.tolist(), evidence.n.tolist(), strict=True)]


def _not_degenerate(parameters: Values) -> None:
    guess, slip = parameters["guess"], parameters["slip"]
    if guess + slip >= 1:
        message = (
            f"The rule bkt needs guess + slip below 1, and {guess:g} + {slip:g} is not: knowing a topic would make right answers rarer."
        )
        raise RuleParameterError(message)


BKT = Rule(
    "bkt",
    "How likely the student knows the topic after the last answer, allowing for guesses, slips and learning from one answer to the next.",
    _bkt,
    (
        Parameter("prior", 0, 1, "how likely the topic is known before the first answer", default=0.3),
        Parameter("learn", 0, 1, "how likely it is learned from one answer to the next", default=0.2),
        Parameter("guess", 0, 1, "how likely an answer is correct though the topic is not known", default=0.2),
        Parameter("slip", 0, 1, "how likely an answer is wrong though the topic is known", default=0.1),
        Parameter("forget", 0, 1, "how likely it is forgotten from one answer to the next", default=0.0),
        CORRECT_FROM,
        *thresholds(mastery=0.95),
    ),
    no_interval="The value is itself a probability: it says how sure it is that the topic is known, if the parameters hold.",
    needs=frozenset({"hinted"}),
    check=_not_degenerate,
    account=_answers_right,
)
"""Corbett and Anderson's knowledge tracing, which calls a topic mastered from 0.95. A second answer to a question counts too."""


def of_fitted_weeks(parameters: Values, fits: Mapping[int, Values]) -> dict[int, dict[str, float]]:
    """Complete the fits of weeks to all parameters of the rule `bkt`: a refresh goes by them, and whoever compares with what it stored.

    Parameters
    ----------
    parameters
        Of the rule, complete. They hold for every week that is not in the result.
    fits
        By week: prior, learn, guess, slip, forget and the `correct_from` that the fit was made with.

    Returns
    -------
    dict
        By week, in the order of `fits`. A fit to what another share of the points made correct says nothing about these answers, and is
        left out.

    Examples
    --------
    >>> fit = {"prior": 0.6, "learn": 0.1, "guess": 0.3, "slip": 0.05, "forget": 0.0, "correct_from": 1.0}
    >>> of_fitted_weeks(BKT.resolve({}), {1: fit, 2: fit | {"correct_from": 0.5}})[1]["prior"]
    0.6
    >>> 2 in of_fitted_weeks(BKT.resolve({}), {1: fit, 2: fit | {"correct_from": 0.5}})
    False
    """
    return {week: {**parameters, **fit} for week, fit in fits.items() if fit["correct_from"] == parameters["correct_from"]}


def responses_from(evidence: pd.DataFrame, *, correct_from: float) -> pd.DataFrame:
    """Take evidence of one course as answers to trace knowledge by, the weeks being the skills.

    Parameters
    ----------
    evidence
        The columns student_id, week_number, score and max_score, from oldest to newest within a student and week.
    correct_from
        An answer that earned at least this share of its points is correct.

    Returns
    -------
    DataFrame
        student, skill, correct and order, as `lmskit.analytics.bkt.fit` takes them; one row per row of `evidence`.

    Examples
    --------
    >>> evidence = pd.DataFrame({"student_id": [7, 7], "week_number": 1, "score": [2.0, 1.0], "max_score": 2.0})
    >>> responses_from(evidence, correct_from=1.0).to_dict("list")
    {'student': [7, 7], 'skill': [1, 1], 'correct': [1, 0], 'order': [0, 1]}
    """
    correct = evidence["score"] / evidence["max_score"] >= correct_from - SLACK
    return pd.DataFrame(
        {
            "student": evidence["student_id"],
            "skill": evidence["week_number"],
            "correct": correct.astype(np.int64),
            "order": np.arange(len(evidence), dtype=np.int64),
        }
    )


def topic_fits(responses: pd.DataFrame, *, forgetting: bool = False, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Fit each topic, and judge the fits by students they were not fitted to, five folds of them.

    Parameters
    ----------
    responses, forgetting, seed
        As for `lmskit.analytics.bkt.fit`.

    Returns
    -------
    fits
        What `fit` gives, by skill, and `n_held_out`, `auc`, `rmse` and `log_loss` (see `PredictionQuality`).
    chance
        What was thought of each answer by fits to other students' answers, with the index of `responses`; NaN where there are none.
    """
    fits = fit(responses, forgetting=forgetting, seed=seed)
    chance = cross_validate(responses, forgetting=forgetting, seed=seed)
    skill, correct = responses["skill"].to_numpy(), responses["correct"].to_numpy(dtype=np.float64, na_value=np.nan)
    judged = [prediction_quality(correct[skill == one], chance.to_numpy()[skill == one]) for one in fits.index]
    told = {name: [getattr(one, field) for one in judged] for name, field in _FIGURES.items()}
    kinds = {name: "int64" if name == "n_held_out" else "float64" for name in _FIGURES}
    return fits.assign(**told).astype(kinds), chance


_FIGURES = {"n_held_out": "n", "auc": "auc", "rmse": "rmse", "log_loss": "log_loss"}


FEWEST = 5
"""A place in a learning curve is left out where fewer students than this came that far."""


def learning_places(responses: pd.DataFrame, chance: pd.Series) -> pd.DataFrame:
    """Follow the answers to one topic from the first of each student to the last.

    Parameters
    ----------
    responses
        student, correct (0 or 1) and order, of one skill.
    chance
        What was thought of each answer before, with the index of `responses`.

    Returns
    -------
    DataFrame
        One row per place that at least `FEWEST` students reached (the first one in any case), by place, with the columns

        =========  =======  =================================================
        place      int64    1 for each student's first answer
        n          int64    students who got that far
        observed   float64  share of correct answers
        low, high  float64  central 90 % interval of that share
        predicted  float64  mean of what was thought; NaN where nothing was
        =========  =======  =================================================

    Examples
    --------
    >>> responses = pd.DataFrame({"student": [1, 1, 2], "correct": [0, 1, 1], "order": [1, 2, 3]})
    >>> learning_places(responses, pd.Series([0.5, 0.7, 0.5]))[["place", "n", "observed", "predicted"]].to_dict("records")
    [{'place': 1, 'n': 2, 'observed': 0.5, 'predicted': 0.5}]
    """
    in_order = responses.assign(chance=chance).sort_values("order", kind="stable")
    in_order["place"] = in_order.groupby("student").cumcount() + 1
    places = in_order.groupby("place", as_index=False).agg(
        n=("correct", "size"), observed=("correct", "mean"), predicted=("chance", "mean")
    )
    kept = places[(places["n"] >= FEWEST) | (places["place"] == 1)].reset_index(drop=True)
    low, high = beta_interval(kept["observed"].to_numpy(dtype=np.float64), kept["n"].to_numpy(dtype=np.float64))
    return kept.assign(low=low, high=high)
