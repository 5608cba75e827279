"""Statistics of a quiz and its items with intervals, and in words: how hard an item is, how well it discriminates, how sure that is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.items.bootstrap import QUIZ_COLUMNS, RESAMPLES, bounds, item_resamples, quiz_resamples
from lmskit.analytics.items.scores import validated_scores
from lmskit.analytics.items.statistics import item_statistics, negative_covariance, quiz_statistics
from lmskit.thresholds import Standing
from lmskit.vocabulary import ItemVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from lmskit.analytics.items.scores import Floats

    Texts: TypeAlias = npt.NDArray[np.object_]

RESAMPLED = ("facility", "sd", "effective_weight", "discrimination_index", "discriminative_efficiency")
"""The columns of item statistics that have an interval; the intended weight does not depend on the attempts."""

FEWEST = 30
"""With fewer students than this, a verdict is withheld: an index of so few students says little."""

BANDS = (
    (0.5, ItemVerdict.VERY_GOOD),
    (0.3, ItemVerdict.ADEQUATE),
    (0.2, ItemVerdict.WEAK),
    (0.0, ItemVerdict.VERY_WEAK),
    (-np.inf, ItemVerdict.NEGATIVE),
)
"""A discrimination index of at least the number has this verdict; the bands of Moodle's documentation."""

DIFFICULTIES = (
    (0.95, "extremely easy"),
    (0.90, "very easy"),
    (0.81, "easy"),
    (0.65, "fairly easy"),
    (0.35, "about right"),
    (0.21, "moderately difficult"),
    (0.11, "difficult"),
    (0.06, "very difficult"),
    (-np.inf, "extremely difficult, or something is wrong"),
)
"""A facility index of at least the number has this description; the bands of Moodle's documentation."""

DUBIOUS_EFFICIENCY = 0.15
"""A discriminative efficiency below this is dubious: the item could discriminate far better than it does."""


def item_analysis(
    scores: pd.DataFrame,
    max_scores: Mapping[Any, float] | pd.Series,
    *,
    students: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Analyse each item: its statistics, their intervals, and a verdict.

    Parameters
    ----------
    scores, max_scores
        As for `item_statistics`.
    students
        The student of each attempt, if a student has several; then students are resampled, not attempts.
    resamples, seed
        Number of resamples and seed of the bootstrap; the same seed gives the same intervals.

    Returns
    -------
    DataFrame
        Indexed by ``item``: the columns of `item_statistics`; for each of `RESAMPLED` a 90 % bootstrap interval in columns named
        after it with ``_low`` and ``_high``, NaN if it is undefined in more than 5 % of the resamples; and

        ===================  ====  ==================================================================================
        n_students           int   number of students; of attempts, if `students` is not given
        negative_covariance  bool  there is no effective weight because scores fall as totals rise
        difficulty           str   the facility index in words; empty without one
        verdict              str   `ItemVerdict`; ``withheld`` below 30 students
        standing             str   `Standing`: ``firm`` if the whole interval has the verdict, else ``tentative``
        dubious              bool  the discriminative efficiency is below 0.15, and the verdict is not withheld
        ===================  ====  ==================================================================================

    Raises
    ------
    ItemScoresError
        As for `item_statistics`.
    InputError
        There are not as many `students` as attempts, or no resamples.

    Examples
    --------
    >>> level = pd.Series(range(40))
    >>> scores = pd.DataFrame({f"q{i}": (level > 8 * i).astype(int) for i in range(5)}).assign(turned=lambda t: 1 - t["q2"])
    >>> item_analysis(scores, dict.fromkeys(scores, 1)).loc[["q2", "turned"], ["verdict", "standing"]].to_numpy().tolist()
    [['adequate', 'tentative'], ['likely_wrong_key', 'firm']]
    """
    resampled = item_resamples(validated_scores(scores, max_scores), students=students, resamples=resamples, seed=seed)
    return analysis_from_resamples(scores, max_scores, resampled, students=students)


def analysis_from_resamples(
    scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series, resampled: Mapping[str, Floats], *, students: npt.ArrayLike | None
) -> pd.DataFrame:
    """The table of `item_analysis`, from resamples that were computed before."""
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
    # Only the verdict is withheld; the numbers and their intervals are given.
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
    """Compute the statistics of a quiz with their intervals.

    Parameters
    ----------
    scores, max_scores, students, resamples, seed
        As for `item_analysis`.

    Returns
    -------
    DataFrame
        One row per statistic of `QuizStatistics` except n, indexed by ``statistic``, with the columns value, low and high: a 90 %
        bootstrap interval, NaN if undefined.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0, 1, 2] * 20, "b": [0, 1, 2] * 20})
    >>> quiz_analysis(scores, {"a": 2, "b": 2}).loc["mean"].round(2).to_dict()
    {'value': 2.0, 'low': 1.63, 'high': 2.37}
    """
    values = dataclasses.asdict(quiz_statistics(scores, max_scores))
    resampled = quiz_resamples(validated_scores(scores, max_scores), students=students, resamples=resamples, seed=seed)
    rows = []
    for name in QUIZ_COLUMNS:
        low, high = bounds(resampled[name][:, None], [values[name]])
        rows.append((name, values[name], float(low[0]), float(high[0])))
    return pd.DataFrame(rows, columns=["statistic", "value", "low", "high"]).set_index("statistic")


def verdicts(index: npt.ArrayLike, high: npt.ArrayLike, *, n: int) -> Texts:
    """Verdicts on items by their discrimination index.

    Parameters
    ----------
    index
        -1 to 1; NaN if undefined.
    high
        The upper end of the interval of the index; NaN without an interval.
    n
        Number of students.

    Returns
    -------
    array of str
        `ItemVerdict` values: ``withheld`` for all items below `FEWEST` students; ``undefined`` without an index;
        ``likely_wrong_key`` if the interval lies below 0; otherwise by `BANDS`.

    References
    ----------
    Moodle, Quiz report statistics (the bands).

    Examples
    --------
    >>> verdicts([0.41, -0.3, -0.1, float("nan")], [0.55, -0.12, 0.04, float("nan")], n=120).tolist()
    ['adequate', 'likely_wrong_key', 'negative', 'undefined']
    """
    values, highs = np.asarray(index, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if n < FEWEST:
        return np.full(values.shape, ItemVerdict.WITHHELD.value, dtype=object)
    named: Texts = _banded(values)
    named[highs < 0] = ItemVerdict.LIKELY_WRONG_KEY.value
    named[np.isnan(values)] = ItemVerdict.UNDEFINED.value
    return named


def verdict_standings(low: npt.ArrayLike, high: npt.ArrayLike) -> Texts:
    """Whether the interval of an item lies in a single one of the `BANDS`.

    Returns
    -------
    array of str
        `Standing` values: `firm` if both ends have the same verdict, otherwise `tentative`.

    Examples
    --------
    >>> verdict_standings([0.32, 0.12, float("nan")], [0.48, 0.33, float("nan")]).tolist()
    ['firm', 'tentative', 'no interval']
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    same = _banded(lows) == _banded(highs)
    standings = np.where(
        np.isnan(lows) | np.isnan(highs), Standing.NO_INTERVAL.value, np.where(same, Standing.FIRM.value, Standing.TENTATIVE.value)
    )
    return standings.astype(object)


def difficulties(facility: npt.ArrayLike) -> Texts:
    """Describe how hard items are by their facility index; an empty text if it is undefined.

    References
    ----------
    Moodle, Quiz report statistics (the bands).

    Examples
    --------
    >>> difficulties([0.97, 0.5, float("nan")]).tolist()
    ['extremely easy', 'about right', '']
    """
    values = np.asarray(facility, dtype=np.float64)
    named = np.select([values >= limit for limit, _ in DIFFICULTIES], [words for _, words in DIFFICULTIES], default="")
    return named.astype(object)


def _banded(values: Floats) -> Texts:
    named = np.select([values >= limit for limit, _ in BANDS], [verdict.value for _, verdict in BANDS], default="")
    return named.astype(object)
