"""The level of a mastery value, and how certain it is, given the interval of the value."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.errors import RuleParameterError
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Texts: TypeAlias = npt.NDArray[np.object_]

MASTERY_THRESHOLD = 0.80
"""A value of at least this is `mastered`, unless the course has another threshold."""
REMEDIAL_THRESHOLD = 0.50
"""A value below this is `remedial`, unless a course chose another threshold."""

SLACK = 1e-12
"""A value below a threshold by less than this meets it: ten scores of 0.8 have the mean 0.7999999999999999 in floats, and are mastered."""


class Standing(enum.StrEnum):
    """How certain a level is, given the interval of the value."""

    FIRM = "firm"
    TENTATIVE = "tentative"
    NO_INTERVAL = "no interval"


def check_thresholds(mastery_threshold: float, remedial_threshold: float) -> None:
    """Refuse thresholds without a range for `developing` between them.

    Raises
    ------
    RuleParameterError
        The remedial threshold is above the mastery threshold.
    """
    if remedial_threshold > mastery_threshold:
        message = f"The remedial threshold ({remedial_threshold:g}) is above the mastery threshold ({mastery_threshold:g})"
        raise RuleParameterError(f"{message}; choose it at most as high.")


def levels(value: npt.ArrayLike, *, mastery_threshold: float = MASTERY_THRESHOLD, remedial_threshold: float = REMEDIAL_THRESHOLD) -> Texts:
    """Name the level of each value.

    Parameters
    ----------
    value
        Values from 0 to 1; NaN for a missing value.
    mastery_threshold, remedial_threshold
        `mastered` from the first upwards, `remedial` below the second, `developing` between. A value below
        a threshold by less than 1e-12 meets it.

    Returns
    -------
    array of str
        `Level` values, as many as values; `not_assessed` for NaN.

    Examples
    --------
    >>> levels([0.8, 0.5, 0.49, float("nan")]).tolist()
    ['mastered', 'developing', 'remedial', 'not_assessed']
    """
    check_thresholds(mastery_threshold, remedial_threshold)
    values = np.asarray(value, dtype=np.float64)
    names = np.array([level.value for level in (Level.REMEDIAL, Level.DEVELOPING, Level.MASTERED, Level.NOT_ASSESSED)], dtype=object)
    step = (values >= remedial_threshold - SLACK).astype(np.int8) + (values >= mastery_threshold - SLACK)
    named: Texts = names[np.where(np.isnan(values), 3, step)]
    return named


def standings(
    low: npt.ArrayLike, high: npt.ArrayLike, *, mastery_threshold: float = MASTERY_THRESHOLD, remedial_threshold: float = REMEDIAL_THRESHOLD
) -> Texts:
    """Return whether each interval is on one side of every threshold.

    Parameters
    ----------
    low, high
        The ends of the intervals; NaN where a rule has no interval.
    mastery_threshold, remedial_threshold
        The thresholds of the levels.

    Returns
    -------
    array of str
        `Standing` values: `firm` if both ends have the same level, `tentative` if a threshold is between them.

    Examples
    --------
    >>> standings([0.82, 0.6, float("nan")], [0.97, 0.9, float("nan")]).tolist()
    ['firm', 'tentative', 'no interval']
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    thresholds = {"mastery_threshold": mastery_threshold, "remedial_threshold": remedial_threshold}
    same = levels(lows, **thresholds) == levels(highs, **thresholds)
    names = np.where(
        np.isnan(lows) | np.isnan(highs), Standing.NO_INTERVAL.value, np.where(same, Standing.FIRM.value, Standing.TENTATIVE.value)
    )
    return names.astype(object)
