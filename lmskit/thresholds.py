"""From a mastery value to its level, and from its interval to how sure the level is."""

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
"""A value of at least this is `mastered`, unless a course chose another threshold."""
REMEDIAL_THRESHOLD = 0.50
"""A value below this is `remedial`, unless a course chose another threshold."""

SLACK = 1e-12
"""Who falls short of a threshold by less meets it: ten scores of 0.8 have the mean 0.7999999999999999 in floats, and are mastered."""


class Standing(enum.StrEnum):
    """How sure a level is, judged by the interval of the value."""

    FIRM = "firm"
    TENTATIVE = "tentative"
    NO_INTERVAL = "no interval"


def check_thresholds(mastery_threshold: float, remedial_threshold: float) -> None:
    """Refuse thresholds that leave no room for `developing` between them.

    Raises
    ------
    RuleParameterError
        The remedial threshold lies above the mastery threshold.
    """
    if remedial_threshold > mastery_threshold:
        message = f"The remedial threshold ({remedial_threshold:g}) lies above the mastery threshold ({mastery_threshold:g})"
        raise RuleParameterError(f"{message}; choose it at most as high.")


def levels(value: npt.ArrayLike, *, mastery_threshold: float = MASTERY_THRESHOLD, remedial_threshold: float = REMEDIAL_THRESHOLD) -> Texts:
    """Name the level of each value.

    Parameters
    ----------
    value
        Values from 0 to 1; NaN where there is none.
    mastery_threshold, remedial_threshold
        `mastered` from the first upwards, `remedial` below the second, `developing` between. A value that falls short
        of a threshold by less than 1e-12 meets it.

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
    """Tell whether each interval lies on one side of every threshold.

    Parameters
    ----------
    low, high
        The ends of the intervals; NaN where a rule gives none.
    mastery_threshold, remedial_threshold
        The thresholds the levels were named by.

    Returns
    -------
    array of str
        `Standing` values: `firm` when both ends have the same level, `tentative` when a threshold lies between them.

    Examples
    --------
    >>> standings([0.82, 0.6, float("nan")], [0.97, 0.9, float("nan")]).tolist()
    ['firm', 'tentative', 'no interval']
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    thresholds = {"mastery_threshold": mastery_threshold, "remedial_threshold": remedial_threshold}
    same = levels(lows, **thresholds) == levels(highs, **thresholds)
    told = np.where(
        np.isnan(lows) | np.isnan(highs), Standing.NO_INTERVAL.value, np.where(same, Standing.FIRM.value, Standing.TENTATIVE.value)
    )
    return told.astype(object)
