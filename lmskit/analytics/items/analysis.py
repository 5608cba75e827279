"""The statistics of a quiz and its items with their intervals and verdicts: what a lecturer can act on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.analytics.items.bootstrap import QUIZ_COLUMNS, RESAMPLES, bounds, item_resamples, quiz_resamples
from lmskit.analytics.items.marks import checked
from lmskit.analytics.items.statistics import item_statistics, negative_covariance, quiz_statistics
from lmskit.analytics.items.verdict import DUBIOUS_EFFICIENCY, difficulties, verdict_standings, verdicts
from lmskit.vocabulary import ItemVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from lmskit.analytics.items.marks import Floats

RESAMPLED = ("facility", "sd", "effective_weight", "discrimination_index", "discriminative_efficiency")
"""The columns of item statistics that have an interval; the intended weight is nobody's sample."""


def item_analysis(
    scores: pd.DataFrame,
    max_scores: Mapping[Any, float] | pd.Series,
    *,
    students: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Judge every item, and say how sure that is.

    Parameters
    ----------
    scores, max_scores
        As for `item_statistics`.
    students
        Who made each attempt, where a student has several; then students are resampled, not attempts.
    resamples, seed
        Of the bootstrap; the same seed gives the same intervals.

    Returns
    -------
    DataFrame
        Indexed by ``item``: the columns of `item_statistics`; for each of `RESAMPLED` a 90 % bootstrap interval in columns named
        after it with ``_low`` and ``_high``, NaN where it is undefined in more than 5 % of the resamples; and

        ===================  ====  ==================================================================================
        n_students           int   whose attempts these are; the attempts where `students` is not given
        negative_covariance  bool  there is no effective weight because marks fall as totals rise
        difficulty           str   the facility index in words; empty without one
        verdict              str   `ItemVerdict`; ``withheld`` below 30 students
        standing             str   `Standing`: ``firm`` where the whole interval has the verdict, else ``tentative``
        dubious              bool  the discriminative efficiency is below 0.15, and the verdict is not withheld
        ===================  ====  ==================================================================================

    Raises
    ------
    MarksError
        As for `item_statistics`.
    InputError
        `students` are not as many as attempts, or there is no resample.

    Examples
    --------
    >>> level = pd.Series(range(40))
    >>> scores = pd.DataFrame({f"q{i}": (level > 8 * i).astype(int) for i in range(5)}).assign(turned=lambda t: 1 - t["q2"])
    >>> item_analysis(scores, dict.fromkeys(scores, 1)).loc[["q2", "turned"], ["verdict", "standing"]].to_numpy().tolist()
    [['adequate', 'tentative'], ['likely_wrong_key', 'firm']]
    """
    resampled = item_resamples(checked(scores, max_scores), students=students, resamples=resamples, seed=seed)
    return judged(scores, max_scores, resampled, students=students)


def judged(
    scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series, resampled: Mapping[str, Floats], *, students: npt.ArrayLike | None
) -> pd.DataFrame:
    """Make the table of `item_analysis` from resamples that are at hand."""
    table = item_statistics(scores, max_scores)
    for name in RESAMPLED:
        table[f"{name}_low"], table[f"{name}_high"] = bounds(resampled[name], table[name].to_numpy())
    n_students = len(scores) if students is None else len(pd.unique(np.asarray(students)))
    table["n_students"] = np.int64(n_students)
    table["negative_covariance"] = negative_covariance(scores, max_scores)
    table["difficulty"] = difficulties(table["facility"])
    low, high = table["discrimination_index_low"], table["discrimination_index_high"]
    table["verdict"] = verdicts(table["discrimination_index"], high, n=n_students)
    table["standing"] = verdict_standings(low, high)
    # Only a verdict is withheld: the numbers stay, with their intervals.
    withheld = table["verdict"] == ItemVerdict.WITHHELD.value
    table["dubious"] = (table["discriminative_efficiency"] < DUBIOUS_EFFICIENCY) & ~withheld
    return table.astype({"difficulty": "str", "verdict": "str", "standing": "str"})


def quiz_analysis(
    scores: pd.DataFrame,
    max_scores: Mapping[Any, float] | pd.Series,
    *,
    students: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Give the statistics of a quiz with their intervals.

    Parameters
    ----------
    scores, max_scores, students, resamples, seed
        As for `item_analysis`.

    Returns
    -------
    DataFrame
        One row per statistic of `QuizStatistics` but n, indexed by ``statistic``, with the columns value, low and high: a 90 %
        bootstrap interval, NaN where undefined.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0, 1, 2] * 20, "b": [0, 1, 2] * 20})
    >>> quiz_analysis(scores, {"a": 2, "b": 2}).loc["mean"].round(2).to_dict()
    {'value': 2.0, 'low': 1.63, 'high': 2.37}
    """
    found = dataclasses.asdict(quiz_statistics(scores, max_scores))
    resampled = quiz_resamples(checked(scores, max_scores), students=students, resamples=resamples, seed=seed)
    rows = []
    for name in QUIZ_COLUMNS:
        low, high = bounds(resampled[name][:, None], [found[name]])
        rows.append((name, found[name], float(low[0]), float(high[0])))
    return pd.DataFrame(rows, columns=["statistic", "value", "low", "high"]).set_index("statistic")
