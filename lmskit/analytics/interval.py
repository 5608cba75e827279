"""Intervals of shares: the central 90 % of a Beta distribution; and of means: the central 90 % of Student's t distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

CONTENT = 0.90
"""The share of the distribution inside an interval."""


def beta_interval(value: npt.ArrayLike, weight: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The interval of a share that was observed `weight` times.

    The central 90 % of Beta(½ + m·v, ½ + m(1 - v)), Jeffreys' interval, widened where needed so that low <= v <= high.

    Parameters
    ----------
    value
        The share v, 0 to 1; NaN for no share.
    weight
        The number of observations m, (Σw)²/Σw² for observations of unequal weight; of the same shape as `value`.

    Returns
    -------
    low, high
        Arrays of the shape of `value`, 0 to 1; NaN where the value is.

    Notes
    -----
    If the true share is uniform on 0 to 1 and answers are right or wrong, the interval contains the truth in 94.8 % of cases at one
    question, 92.9 % at two, 91.2 % at five, 90.5 % at ten and 90.0 % at a hundred: `lmskit.analytics.interval_study`.

    References
    ----------
    Brown, Cai, DasGupta (2001), Interval estimation for a binomial proportion, Statistical Science 16(2).

    Examples
    --------
    >>> low, high = beta_interval([0.7], [10])
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.4419, 0.8827)
    """
    from scipy.special import betaincinv  # takes longer to import than all of lmskit.analytics, so that only computing pays for it

    values, weights = np.broadcast_arrays(np.asarray(value, dtype=np.float64), np.asarray(weight, dtype=np.float64))
    low, high = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    known = ~(np.isnan(values) | np.isnan(weights))
    v, m = values[known], weights[known]
    # A quantile takes microseconds, and most groups share a few pairs (a, b): each pair is computed once. A pair is stored as a complex
    # number, and factorize finds the distinct ones by hashing, in time linear in the groups.
    which, distinct = pd.factorize((0.5 + m * v) + 1j * (0.5 + m * (1 - v)))
    pairs = np.asarray(distinct, dtype=np.complex128)
    tail = (1 - CONTENT) / 2
    low[known] = np.minimum(betaincinv(pairs.real, pairs.imag, tail)[which], v)
    high[known] = np.maximum(betaincinv(pairs.real, pairs.imag, 1 - tail)[which], v)
    return low, high


def mean_interval(mean: npt.ArrayLike, deviation: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The interval of the mean of values between 0 and 1.

    mean ± t · s/√n with the 95 % quantile t of Student's distribution with n - 1 degrees of freedom, cut at 0 and 1: the central 90 % of
    where the mean of another sample of such people would be expected.

    Parameters
    ----------
    mean
        Mean of the values, 0 to 1; NaN without values.
    deviation
        Their standard deviation s, with n - 1 in the denominator; NaN with fewer than two values.
    n
        Number of values; of the same shape as the others.

    Returns
    -------
    low, high
        Arrays of the shape of `mean`, 0 to 1; NaN with fewer than two values.

    References
    ----------
    Student (1908), The probable error of a mean, Biometrika 6(1).

    Examples
    --------
    >>> low, high = mean_interval([0.6, 0.6], [0.2, float("nan")], [16, 1])
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.5123, nan], [0.6877, nan])
    """
    from scipy.special import stdtrit  # as above

    means, deviations, counts = np.broadcast_arrays(*(np.asarray(given, dtype=np.float64) for given in (mean, deviation, n)))
    low, high = np.full(means.shape, np.nan), np.full(means.shape, np.nan)
    known = (counts > 1) & ~np.isnan(means) & ~np.isnan(deviations)
    half = stdtrit(counts[known] - 1, 1 - (1 - CONTENT) / 2) * deviations[known] / np.sqrt(counts[known])
    low[known], high[known] = np.maximum(means[known] - half, 0.0), np.minimum(means[known] + half, 1.0)
    return low, high
