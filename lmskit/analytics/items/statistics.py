"""What classical test theory says of a quiz and of each of its items, by Moodle's definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.analytics.items.marks import NEGLIGIBLE_COVARIANCE, NEGLIGIBLE_SPREAD, Marks, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmskit.analytics.items.marks import Floats

COLUMNS = ("n", "facility", "sd", "intended_weight", "effective_weight", "discrimination_index", "discriminative_efficiency")
"""Of a table of item statistics, in order."""

_NAN = float("nan")


@dataclass(frozen=True)
class QuizStatistics:
    """A quiz as a whole; what is undefined is NaN.

    Attributes
    ----------
    n
        Attempts.
    mean, median, sd
        Of the totals, in marks.
    skewness, kurtosis
        Of the totals, by Fisher's unbiased estimators of the cumulants; 0 for a normal distribution.
    alpha
        Cronbach's, at most 1; may be negative.
    error_ratio
        sqrt(1 - alpha): which share of the standard deviation is chance.
    standard_error
        Of measurement, in marks.
    """

    n: int
    mean: float
    median: float
    sd: float
    skewness: float
    kurtosis: float
    alpha: float
    error_ratio: float
    standard_error: float


@dataclass(frozen=True)
class Spreads:
    """Second moments of items, of the total T and of the rest scores o = T - x; scaled as the marks are, NaN for n < 2."""

    variance: Floats
    with_total: Floats
    with_rest: Floats
    rest_variance: Floats
    largest_with_rest: Floats
    total_variance: float


def item_statistics(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> pd.DataFrame:
    """Say of each item how hard it is, how much it weighs, and how well it tells strong attempts from weak ones.

    With n attempts, marks xi on item i, the total T = Σ xi, the rest score oi = T - xi and the maximum mark Mi; variances and
    covariances divide by n - 1.

    Parameters
    ----------
    scores
        Rows are attempts, columns are items, values are marks of 0 or more; above the maximum they count as they are. A missing
        mark is an unanswered item and counts as 0.
    max_scores
        Maximum mark by item, 0 or more, for every column; those of other items are passed over.

    Returns
    -------
    DataFrame
        One row per column of `scores`, in their order, indexed by ``item``; NaN where undefined.

        =========================  =======  ====================================================================================
        n                          int64    attempts, the same in every row
        facility                   float64  mean(xi)/Mi, above 1 only with marks above the maximum; undefined for Mi = 0, n = 0
        sd                         float64  sqrt(var(xi)), in marks; undefined for n < 2
        intended_weight            float64  Mi/Σ Mj, 0 to 1; undefined where all maxima are 0
        effective_weight           float64  sqrt(cov(xi, T))/Σj sqrt(cov(xj, T)) over j with cov ≥ 0, 0 to 1; undefined for
                                            cov(xi, T) < 0 (see `negative_covariance`), and where no item covaries
        discrimination_index       float64  corr(xi, oi), -1 to 1; undefined where either variance is 0
        discriminative_efficiency  float64  cov(xi, oi)/covmax, at most 1; covmax is the covariance of sorted xi with sorted oi;
                                            undefined where it is 0
        =========================  =======  ====================================================================================

    Raises
    ------
    MarksError
        An item's name is there twice or its maximum is not known, or a mark is text, negative or infinite.

    References
    ----------
    Moodle, Quiz statistics calculations. Canvas differs on purpose: population variance, blank answers dropped, the item kept
    inside the total.

    Examples
    --------
    >>> scores = pd.DataFrame({"easy": [1, 1, 1, 1], "sound": [1, 1, 0, 0], "odd": [0, 0, 1, None]})
    >>> item_statistics(scores, {"easy": 1, "sound": 1, "odd": 1})[["facility", "discrimination_index"]].round(2)
           facility  discrimination_index
    item
    easy       1.00                   NaN
    sound      0.50                 -0.58
    odd        0.25                 -0.58
    """
    marks = checked(scores, max_scores)
    n, n_items = marks.x.shape
    spreads = spreads_of(marks)
    total = float(marks.maxima.sum())
    mean = marks.x.mean(axis=0) if n else np.full(n_items, _NAN)
    return pd.DataFrame(
        {
            "n": np.full(n_items, n, dtype=np.int64),
            "facility": ratio(mean, marks.maxima),
            "sd": marks.in_marks(np.sqrt(spreads.variance)),
            "intended_weight": ratio(marks.maxima, np.full(n_items, total)),
            "effective_weight": effective_weights(spreads.with_total),
            "discrimination_index": correlations(spreads.with_rest, spreads.variance, spreads.rest_variance),
            "discriminative_efficiency": np.minimum(ratio(spreads.with_rest, spreads.largest_with_rest), 1.0),
        },
        index=marks.items,
    )


def negative_covariance(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> pd.Series:
    """Whether an item has no effective weight because its marks fall as the totals rise.

    Parameters
    ----------
    scores, max_scores
        As for `item_statistics`.

    Returns
    -------
    Series of bool
        Indexed by ``item``; false also where nothing covaries.

    Examples
    --------
    >>> negative_covariance(pd.DataFrame({"a": [0, 1, 1], "b": [2, 0, 0]}), {"a": 1, "b": 2}).to_dict()
    {'a': True, 'b': False}
    """
    marks = checked(scores, max_scores)
    return pd.Series(spreads_of(marks).with_total < 0, index=marks.items, name="negative_covariance")


def quiz_statistics(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> QuizStatistics:
    """Say of a quiz how its totals spread and how reliably it measures.

    Parameters
    ----------
    scores, max_scores
        As for `item_statistics`.

    Returns
    -------
    QuizStatistics
        NaN where undefined: mean and median without attempts; the standard deviation below 2 attempts, skewness below 3, kurtosis
        below 4; skewness and kurtosis also where all totals are equal; alpha, and with it error ratio and standard error, below 2
        items or where all totals are equal. With central moments m divided by n, k2 = n·m2/(n-1), skewness = k3/k2^1.5 with
        k3 = n²·m3/((n-1)(n-2)), kurtosis = k4/k2² with k4 = n²((n+1)m4 - 3(n-1)m2²)/((n-1)(n-2)(n-3)),
        alpha = p/(p-1)·(1 - Σ var(xi)/var(T)) for p items.

    Raises
    ------
    MarksError
        As for `item_statistics`.

    References
    ----------
    Cronbach (1951), Coefficient alpha and the internal structure of tests, Psychometrika 16(3); Moodle calls it the coefficient
    of internal consistency (CIC).

    Examples
    --------
    >>> quiz = quiz_statistics(pd.DataFrame({"a": [0, 1, 2], "b": [0, 1, 2]}), {"a": 2, "b": 2})
    >>> quiz.n, quiz.mean, quiz.sd, quiz.alpha
    (3, 2.0, 2.0, 1.0)
    """
    marks = checked(scores, max_scores)
    n, n_items = marks.x.shape
    if n == 0 or n_items == 0:
        return QuizStatistics(n, *[_NAN] * 8)
    totals = marks.x.sum(axis=1)
    spreads = spreads_of(marks)
    moments = [np.array([np.mean((totals - totals.mean()) ** power)]) for power in (2, 3, 4)]
    varied = spreads.total_variance > (NEGLIGIBLE_SPREAD * marks.total_unit) ** 2
    skewness, kurtosis = shape(np.array([float(n)]), *moments) if varied else (np.array([_NAN]), np.array([_NAN]))
    alpha = reliability(spreads.variance.sum(), spreads.total_variance, n_items) if varied else _NAN
    error_ratio = float(np.sqrt(1 - alpha))
    sd = 0.0 if not varied and n > 1 else float(np.sqrt(spreads.total_variance))
    mean, median, spread, error = marks.in_marks([totals.mean(), np.median(totals), sd, error_ratio * sd]).tolist()
    return QuizStatistics(n, mean, median, spread, float(skewness[0]), float(kurtosis[0]), float(alpha), error_ratio, error)


def spreads_of(marks: Marks) -> Spreads:
    """Second moments of items, total and rest scores, those that are nothing but rounding set to 0."""
    n, n_items = marks.x.shape
    if n < 2:  # noqa: PLR2004  # a variance takes two
        nothing = np.full(n_items, _NAN)
        return Spreads(nothing, nothing, nothing, nothing, nothing, _NAN)
    d = marks.x - marks.x.mean(axis=0)
    total = d.sum(axis=1)
    rest = total[:, None] - d
    unit, total_unit = marks.units, marks.total_unit
    variance, rest_variance = (d * d).sum(axis=0) / (n - 1), (rest * rest).sum(axis=0) / (n - 1)
    with_total = d.T @ total / (n - 1)
    largest = (np.sort(d, axis=0) * np.sort(rest, axis=0)).sum(axis=0) / (n - 1)
    variance[variance <= (NEGLIGIBLE_SPREAD * unit) ** 2] = 0.0
    rest_variance[rest_variance <= (NEGLIGIBLE_SPREAD * total_unit) ** 2] = 0.0
    with_total[np.abs(with_total) <= NEGLIGIBLE_COVARIANCE * unit * total_unit] = 0.0
    # Where either does not vary, the covariance of the sorted ones is 0; where both do, it is not.
    largest[(variance == 0) | (rest_variance == 0)] = 0.0
    return Spreads(variance, with_total, (d * rest).sum(axis=0) / (n - 1), rest_variance, largest, float(total @ total) / (n - 1))


def effective_weights(with_total: Floats) -> Floats:
    """Turn covariances with the total, items along the last axis, into shares of the sum of their roots; NaN for negative ones."""
    roots = np.sqrt(np.where(with_total >= 0, with_total, _NAN))
    weights: Floats = ratio(roots, np.broadcast_to(np.nansum(roots, axis=-1, keepdims=True), roots.shape))
    return weights


def correlations(covariance: Floats, one: Floats, other: Floats) -> Floats:
    """Turn covariances and both variances into correlations, -1 to 1; NaN where either variance is 0."""
    found: Floats = np.clip(ratio(covariance, np.sqrt(one) * np.sqrt(other)), -1.0, 1.0)
    return found


def shape(n: Floats, m2: Floats, m3: Floats, m4: Floats) -> tuple[Floats, Floats]:
    """Turn central moments divided by n into skewness and excess kurtosis; NaN for too few attempts or without spread."""
    k2 = ratio(n * m2, n - 1)
    k3 = ratio(n**2 * m3, (n - 1) * (n - 2))
    k4 = ratio(n**2 * ((n + 1) * m4 - 3 * (n - 1) * m2**2), (n - 1) * (n - 2) * (n - 3))
    return ratio(k3, k2**1.5), ratio(k4, k2**2)


def reliability(item_variances: float, total_variance: float, n_items: int) -> float:
    """Cronbach's alpha of variances; NaN for a single item."""
    if n_items < 2:  # noqa: PLR2004  # one item cannot agree with itself
        return _NAN
    return min(n_items / (n_items - 1) * (1 - item_variances / total_variance), 1.0)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; NaN where the denominator is not above 0."""
    shares: Floats = np.divide(numerator, denominator, out=np.full(np.shape(numerator), _NAN), where=denominator > 0)
    return shares
