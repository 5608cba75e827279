"""Bootstrap intervals of item and quiz statistics: attempts drawn with replacement, many resamples in one product of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.compiled import compiled
from lmskit.analytics.items.statistics import correlations, effective_weights, ratio, shape
from lmskit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from lmskit.analytics.items.scores import ItemScores

    Floats: TypeAlias = npt.NDArray[np.float64]
    Integers: TypeAlias = npt.NDArray[np.int64]

CONTENT = 0.90
"""The share of resampled values inside an interval: those between their 5 % and 95 % quantiles."""
RESAMPLES = 1000
MOST_UNDEFINED = 0.05
"""There is no interval if a statistic is undefined in a larger share of the resamples: too few attempts differ."""

QUIZ_COLUMNS = ("mean", "median", "sd", "skewness", "kurtosis", "alpha", "error_ratio", "standard_error")

_CELLS = 2_000_000  # counts in memory at a time
_NEGLIGIBLE = 1e-12  # a variance of at most this share of the squared maximum score is a rounding error: sums of squares cancel


def item_resamples(
    scores: ItemScores, *, students: npt.ArrayLike | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Floats]:
    """Compute the statistics of items in each of many resamples of the attempts.

    Parameters
    ----------
    scores
        Of the attempts.
    students
        The student of each attempt. If given, students are drawn, each with all their attempts: attempts of one student resemble each
        other, and intervals that treat them as independent would be too narrow. By default attempts are drawn.
    resamples
        Number of resamples.
    seed
        The same seed gives the same resamples.

    Returns
    -------
    dict of arrays of shape (resamples, items)
        facility, sd (in points), effective_weight, discrimination_index and discriminative_efficiency; NaN if undefined.

    References
    ----------
    Efron, Tibshirani (1993), An introduction to the bootstrap, chapters 6 and 13.
    """
    n_items = scores.x.shape[1]
    mean = scores.x.mean(axis=0) if len(scores.x) else np.zeros(n_items)
    largest_scores, largest_total = scores.largest, scores.largest_total
    d = scores.x - mean
    total = d.sum(axis=1)
    rest = total[:, None] - d
    by_score, by_rest = (np.ascontiguousarray(np.argsort(values, axis=0, kind="stable").T) for values in (d, rest))
    parts: dict[str, list[Floats]] = {}
    for counts in _counts(len(scores.x), students, resamples, seed):
        n = counts.sum(axis=1)[:, None]
        sums, total_sum = counts @ d, counts @ total[:, None]
        variance = _moment(counts @ (d * d), sums, sums, n)
        with_total = _moment(counts @ (d * total[:, None]), sums, total_sum, n)
        total_variance = _moment(counts @ (total * total)[:, None], total_sum, total_sum, n)
        variance[variance <= _NEGLIGIBLE * largest_scores**2] = 0.0
        with_total[np.abs(with_total) <= _NEGLIGIBLE * largest_scores * largest_total] = 0.0
        with_rest, rest_variance = with_total - variance, total_variance - 2 * with_total + variance
        rest_variance[rest_variance <= _NEGLIGIBLE * largest_total**2] = 0.0
        largest = _moment(_sorted_products(counts, np.ascontiguousarray(d.T), np.ascontiguousarray(rest.T), by_score, by_rest),
                          sums, total_sum - sums, n)  # fmt: skip
        varied = (variance > 0) & (rest_variance > 0)
        found = {
            "facility": ratio(mean + ratio(sums, np.broadcast_to(n, sums.shape)), np.broadcast_to(scores.maxima, sums.shape)),
            "sd": scores.in_points(np.sqrt(variance)),
            "effective_weight": effective_weights(with_total),
            "discrimination_index": correlations(with_rest, variance, rest_variance),
            "discriminative_efficiency": np.minimum(ratio(with_rest, np.where(varied, largest, 0.0)), 1.0),
        }
        for name, values in found.items():
            parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}


def quiz_resamples(
    scores: ItemScores, *, students: npt.ArrayLike | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Floats]:
    """Compute the statistics of the quiz in the same resamples as `item_resamples`.

    Returns
    -------
    dict of arrays of shape (resamples,)
        The columns of `QUIZ_COLUMNS`; NaN if undefined.
    """
    n_items = scores.x.shape[1]
    d = scores.x - (scores.x.mean(axis=0) if len(scores.x) else 0.0)
    totals = scores.x.sum(axis=1)
    centre = float(totals.mean()) if len(totals) else 0.0
    powers = np.stack([(totals - centre) ** power for power in range(1, 5)], axis=1)
    in_order = np.argsort(totals, kind="stable")
    parts: dict[str, list[Floats]] = {}
    for counts in _counts(len(totals), students, resamples, seed):
        n = counts.sum(axis=1)
        raw = ratio(counts @ powers, np.broadcast_to(n[:, None], (len(n), 4)))
        m2, m3, m4 = _central(*raw.T)
        flat = m2 <= _NEGLIGIBLE * scores.largest_total**2
        m2[flat] = 0.0
        sd = np.sqrt(ratio(m2 * n, n - 1))
        sums = counts @ d
        item_variance = np.maximum(_moment(counts @ (d * d), sums, sums, n[:, None]), 0).sum(axis=1)
        variance_ratio = ratio(item_variance, np.where(flat, 0.0, sd**2))
        alpha = np.minimum(n_items / (n_items - 1) * (1 - variance_ratio), 1.0) if n_items > 1 else np.full_like(sd, np.nan)
        error_ratio = np.sqrt(1 - alpha)
        skewness, kurtosis = shape(n, m2, m3, m4)
        found = {
            "mean": scores.in_points(centre + raw[:, 0]),
            "median": scores.in_points(_medians(counts[:, in_order], totals[in_order])),
            "sd": scores.in_points(sd),
            "skewness": np.where(flat, np.nan, skewness),
            "kurtosis": np.where(flat, np.nan, kurtosis),
            "alpha": alpha,
            "error_ratio": error_ratio,
            "standard_error": scores.in_points(error_ratio * sd),
        }
        for name, values in found.items():
            parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}


def bounds(resampled: Floats, value: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The central 90 % of resampled values, resamples along the first axis, widened where needed to contain the value itself.

    Returns
    -------
    low, high
        NaN if the value is undefined, or is undefined in more than `MOST_UNDEFINED` of the resamples.
    """
    values = np.asarray(value, dtype=np.float64)
    low, high = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    known = np.isfinite(values) & (np.isnan(resampled).mean(axis=0) <= MOST_UNDEFINED)
    if known.any():
        tail = (1 - CONTENT) / 2
        edges = np.nanquantile(resampled[:, known], [tail, 1 - tail], axis=0)
        low[known], high[known] = np.minimum(edges[0], values[known]), np.maximum(edges[1], values[known])
    return low, high


def _counts(n: int, students: npt.ArrayLike | None, resamples: int, seed: int) -> Iterator[Floats]:
    """The number of times that each attempt is in each resample, in parts of shape (resamples, attempts)."""
    if resamples < 1 or seed < 0:
        raise InputError(f"A bootstrap takes at least 1 resample and a seed of 0 or more, not {resamples} and {seed}.")
    student_of = np.arange(n) if students is None else pd.factorize(np.asarray(students))[0]
    if len(student_of) != n:
        raise InputError(f"There are {n} attempts, and students are given for {len(student_of)} of them.")
    if (student_of < 0).any():
        raise InputError(f"{int((student_of < 0).sum())} of {n} attempts have no student. Give the student of each attempt, or none.")
    drawn = int(student_of.max(initial=-1)) + 1
    generator = np.random.default_rng(seed)
    at_once = max(1, _CELLS // max(n, 1))
    for first in range(0, resamples, at_once):
        size = min(at_once, resamples - first)
        which = generator.integers(drawn, size=(size, drawn)) if drawn else np.empty((size, 0), dtype=np.int64)
        cells = which + drawn * np.arange(size)[:, None]
        by_student = np.bincount(cells.ravel(), minlength=size * drawn).reshape(size, drawn)
        yield by_student[:, student_of].astype(np.float64)


def _moment(products: Floats, sums: Floats, other_sums: Floats, n: Floats) -> Floats:
    """Covariances that divide by n - 1, from sums and sums of products; NaN below two attempts."""
    return ratio(products - sums * other_sums / np.maximum(n, 1), np.broadcast_to(n - 1, products.shape))


def _central(first: Floats, second: Floats, third: Floats, fourth: Floats) -> tuple[Floats, Floats, Floats]:
    """Central moments from moments about another point than the mean."""
    return (
        np.maximum(second - first**2, 0.0),
        third - 3 * first * second + 2 * first**3,
        fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4,
    )


def _medians(counts: Floats, values: Floats) -> Floats:
    """The median of each resample: the mean of the two values in the middle, the same one twice for an odd number of attempts."""
    if not len(values):
        return np.full(len(counts), np.nan)
    reached, n = counts.cumsum(axis=1), counts.sum(axis=1)
    lower, upper = ((reached > rank[:, None]).argmax(axis=1) for rank in (np.floor((n - 1) / 2), np.floor(n / 2)))
    medians: Floats = (values[lower] + values[upper]) / 2
    return medians


@compiled
def _sorted_products(counts: Floats, scores: Floats, rests: Floats, by_score: Integers, by_rest: Integers) -> Floats:
    """Σ of the products of sorted scores with sorted rest scores, shape (resamples, items).

    A resample is not sorted again: both orders are known, and each value is in the resample as often as it was drawn.
    """
    n_resamples, n = counts.shape
    n_items = scores.shape[0]
    products = np.zeros((n_resamples, n_items))
    for resample in range(n_resamples):
        for item in range(n_items):
            i = j = 0
            left_i = left_j = 0.0
            added = 0.0
            while True:
                while left_i == 0.0 and i < n:
                    left_i = counts[resample, by_score[item, i]]
                    i += 1
                while left_j == 0.0 and j < n:
                    left_j = counts[resample, by_rest[item, j]]
                    j += 1
                if left_i == 0.0 or left_j == 0.0:
                    break
                taken = min(left_i, left_j)
                added += taken * scores[item, by_score[item, i - 1]] * rests[item, by_rest[item, j - 1]]
                left_i -= taken
                left_j -= taken
            products[resample, item] = added
    return products
