"""Statistics of a quiz and of its items by classical test theory, with Moodle's definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.analytics.items.scores import NEGLIGIBLE_COVARIANCE, NEGLIGIBLE_SPREAD, ItemScores, validated_scores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmskit.analytics.items.scores import Floats

COLUMNS = ("n", "facility", "sd", "intended_weight", "effective_weight", "discrimination_index", "discriminative_efficiency")
"""The columns of a table of item statistics, in order."""

_NAN = float("nan")


@dataclass(frozen=True)
class QuizStatistics:
    """Statistics of a quiz; undefined ones are NaN.

    Attributes
    ----------
    n
        Number of attempts.
    mean, median, sd
        Of the total scores.
    skewness, kurtosis
        Of the totals, by Fisher's unbiased estimators of the cumulants; 0 for a normal distribution.
    alpha
        Cronbach's, at most 1; may be negative.
    error_ratio
        sqrt(1 - alpha): the share of the standard deviation that is chance.
    standard_error
        Of measurement, in points.
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
    """Second moments of items, of the total T and of the rest scores o = T - x; scaled as the scores are, NaN for n < 2."""

    variance: Floats
    with_total: Floats
    with_rest: Floats
    rest_variance: Floats
    largest_with_rest: Floats
    total_variance: float


def item_statistics(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> pd.DataFrame:
    """Compute how hard each item is, how much it weighs, and how well it discriminates between strong and weak attempts.

    With n attempts, scores xi on item i, the total T = Σ xi, the rest score oi = T - xi and the maximum score Mi; variances and
    covariances divide by n - 1.

    Parameters
    ----------
    scores
        Rows are attempts, columns are items, values are scores; those above the maximum and those below 0 count as they are.
        A missing score is an unanswered item and counts as 0.
    max_scores
        Maximum score by item, 0 or more, for every column; those of other items are ignored.

    Returns
    -------
    DataFrame
        One row per column of `scores`, in their order, indexed by ``item``; NaN where undefined.

        =========================  =======  ====================================================================================
        n                          int64    attempts, the same in every row
        facility                   float64  mean(xi)/Mi, 0 to 1 unless scores are below 0 or above Mi; undefined for Mi = 0, n = 0
        sd                         float64  sqrt(var(xi)), in points; undefined for n < 2
        intended_weight            float64  Mi/Σ Mj, 0 to 1; undefined if all maxima are 0
        effective_weight           float64  sqrt(cov(xi, T))/Σj sqrt(cov(xj, T)) over j with cov ≥ 0, 0 to 1; undefined for
                                            cov(xi, T) < 0 (see `negative_covariance`), and if no item covaries
        discrimination_index       float64  corr(xi, oi), -1 to 1; undefined if either variance is 0
        discriminative_efficiency  float64  cov(xi, oi)/covmax, at most 1; covmax is the covariance of sorted xi with sorted oi;
                                            undefined if it is 0
        =========================  =======  ====================================================================================

    Raises
    ------
    ItemScoresError
        Two items have the same name, or the maximum score of an item is missing, or a score is text or infinite.

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
    given = validated_scores(scores, max_scores)
    n, n_items = given.x.shape
    spreads = spreads_of(given)
    total = float(given.maxima.sum())
    mean = given.x.mean(axis=0) if n else np.full(n_items, _NAN)
    return pd.DataFrame(
        {
            "n": np.full(n_items, n, dtype=np.int64),
            "facility": ratio(mean, given.maxima),
            "sd": given.in_points(np.sqrt(spreads.variance)),
            "intended_weight": ratio(given.maxima, np.full(n_items, total)),
            "effective_weight": effective_weights(spreads.with_total),
            "discrimination_index": correlations(spreads.with_rest, spreads.variance, spreads.rest_variance),
            "discriminative_efficiency": np.minimum(ratio(spreads.with_rest, spreads.largest_with_rest), 1.0),
        },
        index=given.items,
    )


def negative_covariance(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> pd.Series:
    """Whether an item has no effective weight because its scores fall as the totals rise.

    Parameters
    ----------
    scores, max_scores
        As for `item_statistics`.

    Returns
    -------
    Series of bool
        Indexed by ``item``; also false if no item covaries.

    Examples
    --------
    >>> negative_covariance(pd.DataFrame({"a": [0, 1, 1], "b": [2, 0, 0]}), {"a": 1, "b": 2}).to_dict()
    {'a': True, 'b': False}
    """
    given = validated_scores(scores, max_scores)
    return pd.Series(spreads_of(given).with_total < 0, index=given.items, name="negative_covariance")


def quiz_statistics(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> QuizStatistics:
    """Compute how the total scores of a quiz are distributed and how reliably it measures.

    Parameters
    ----------
    scores, max_scores
        As for `item_statistics`.

    Returns
    -------
    QuizStatistics
        NaN if undefined: mean and median without attempts; the standard deviation below 2 attempts, skewness below 3, kurtosis
        below 4; skewness and kurtosis also if all totals are equal; alpha, and with it error ratio and standard error, below 2
        items or if all totals are equal. With central moments m divided by n, k2 = n·m2/(n-1), skewness = k3/k2^1.5 with
        k3 = n²·m3/((n-1)(n-2)), kurtosis = k4/k2² with k4 = n²((n+1)m4 - 3(n-1)m2²)/((n-1)(n-2)(n-3)),
        alpha = p/(p-1)·(1 - Σ var(xi)/var(T)) for p items.

    Raises
    ------
    ItemScoresError
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
    given = validated_scores(scores, max_scores)
    n, n_items = given.x.shape
    if n == 0 or n_items == 0:
        return QuizStatistics(n, *[_NAN] * 8)
    totals = given.x.sum(axis=1)
    spreads = spreads_of(given)
    moments = [np.array([np.mean((totals - totals.mean()) ** power)]) for power in (2, 3, 4)]
    varied = spreads.total_variance > (NEGLIGIBLE_SPREAD * given.largest_total) ** 2
    skewness, kurtosis = shape(np.array([float(n)]), *moments) if varied else (np.array([_NAN]), np.array([_NAN]))
    alpha = reliability(spreads.variance.sum(), spreads.total_variance, n_items) if varied else _NAN
    error_ratio = float(np.sqrt(unreliability(given.x, spreads.total_variance))) if varied else _NAN
    sd = 0.0 if not varied and n > 1 else float(np.sqrt(spreads.total_variance))
    mean, median, spread, error = given.in_points([totals.mean(), np.median(totals), sd, error_ratio * sd]).tolist()
    return QuizStatistics(n, mean, median, spread, float(skewness[0]), float(kurtosis[0]), float(alpha), error_ratio, error)


def spreads_of(scores: ItemScores) -> Spreads:
    """Second moments of items, total and rest scores; those that are only rounding errors are set to 0."""
    n, n_items = scores.x.shape
    if n < 2:  # noqa: PLR2004  # a variance takes two
        nothing = np.full(n_items, _NAN)
        return Spreads(nothing, nothing, nothing, nothing, nothing, _NAN)
    d = scores.x - scores.x.mean(axis=0)
    total = d.sum(axis=1)
    rest = total[:, None] - d
    largest_scores, largest_total = scores.largest, scores.largest_total
    variance, rest_variance = (d * d).sum(axis=0) / (n - 1), (rest * rest).sum(axis=0) / (n - 1)
    with_total = d.T @ total / (n - 1)
    largest = (np.sort(d, axis=0) * np.sort(rest, axis=0)).sum(axis=0) / (n - 1)
    variance[variance <= (NEGLIGIBLE_SPREAD * largest_scores) ** 2] = 0.0
    rest_variance[rest_variance <= (NEGLIGIBLE_SPREAD * largest_total) ** 2] = 0.0
    with_total[np.abs(with_total) <= NEGLIGIBLE_COVARIANCE * largest_scores * largest_total] = 0.0
    # The covariance of sorted scores is 0 if either does not vary, and only then.
    largest[(variance == 0) | (rest_variance == 0)] = 0.0
    return Spreads(variance, with_total, (d * rest).sum(axis=0) / (n - 1), rest_variance, largest, float(total @ total) / (n - 1))


def effective_weights(with_total: Floats) -> Floats:
    """Covariances with the total, items along the last axis, as shares of the sum of their roots; NaN for negative ones."""
    roots = np.sqrt(np.where(with_total >= 0, with_total, _NAN))
    weights: Floats = ratio(roots, np.broadcast_to(np.nansum(roots, axis=-1, keepdims=True), roots.shape))
    return weights


def correlations(covariance: Floats, variance: Floats, other_variance: Floats) -> Floats:
    """Correlations, -1 to 1; NaN if either variance is 0."""
    clipped: Floats = np.clip(ratio(covariance, np.sqrt(variance) * np.sqrt(other_variance)), -1.0, 1.0)
    return clipped


def shape(n: Floats, m2: Floats, m3: Floats, m4: Floats) -> tuple[Floats, Floats]:
    """Skewness and excess kurtosis from central moments divided by n; NaN for too few attempts or without spread."""
    k2 = ratio(n * m2, n - 1)
    k3 = ratio(n**2 * m3, (n - 1) * (n - 2))
    k4 = ratio(n**2 * ((n + 1) * m4 - 3 * (n - 1) * m2**2), (n - 1) * (n - 2) * (n - 3))
    return ratio(k3, k2**1.5), ratio(k4, k2**2)


def reliability(item_variances: float, total_variance: float, n_items: int) -> float:
    """Cronbach's alpha from variances; NaN for a single item."""
    if n_items < 2:  # noqa: PLR2004  # one item cannot agree with itself
        return _NAN
    return min(n_items / (n_items - 1) * (1 - item_variances / total_variance), 1.0)


def unreliability(scores: Floats, total_variance: float) -> float:
    """1 - alpha, from how far items are from their mean in an attempt; NaN for a single item.

    sum of var(xi) - var(T)/p = sum of var(xi - T/p), so that nothing is subtracted from 1, where a root makes much of a rounding
    error.
    """
    n, n_items = scores.shape
    if n_items < 2:  # noqa: PLR2004  # one item cannot agree with itself
        return _NAN
    apart = scores - scores.mean(axis=1, keepdims=True)
    apart = apart - apart.mean(axis=0)
    return float(n_items / (n_items - 1) * ((apart * apart).sum() / (n - 1)) / total_variance)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; NaN if the denominator is not above 0."""
    quotient: Floats = np.divide(numerator, denominator, out=np.full(np.shape(numerator), _NAN), where=denominator > 0)
    return quotient
