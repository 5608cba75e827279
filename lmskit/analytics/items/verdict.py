"""From the indices of an item to words: how hard it is, how well it discriminates, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.thresholds import Standing
from lmskit.vocabulary import ItemVerdict

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Texts: TypeAlias = npt.NDArray[np.object_]

FEWEST = 30
"""Below this many students a verdict is withheld: an index of so few says little."""

BANDS = (
    (0.5, ItemVerdict.VERY_GOOD),
    (0.3, ItemVerdict.ADEQUATE),
    (0.2, ItemVerdict.WEAK),
    (0.0, ItemVerdict.VERY_WEAK),
    (-np.inf, ItemVerdict.NEGATIVE),
)
"""A discrimination index from the number upwards has the verdict beside it; the bands of Moodle's documentation."""

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
"""A facility index from the number upwards has the words beside it; the bands of Moodle's documentation."""

DUBIOUS_EFFICIENCY = 0.15
"""A discriminative efficiency below this is dubious: the item could discriminate far better than it does."""


def verdicts(index: npt.ArrayLike, high: npt.ArrayLike, *, n: int) -> Texts:
    """Judge items by their discrimination index.

    Parameters
    ----------
    index
        -1 to 1; NaN where undefined.
    high
        The upper end of the index's interval; NaN where there is none.
    n
        Students behind the index.

    Returns
    -------
    array of str
        `ItemVerdict` values: ``withheld`` for all items below `FEWEST` students; ``undefined`` without an index;
        ``likely_wrong_key`` where the interval lies below 0; otherwise by `BANDS`.

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
    """Tell whether an item's interval lies in one of the `BANDS`.

    Returns
    -------
    array of str
        `Standing` values: `firm` when both ends have the same verdict, `tentative` when they do not.

    Examples
    --------
    >>> verdict_standings([0.32, 0.12, float("nan")], [0.48, 0.33, float("nan")]).tolist()
    ['firm', 'tentative', 'no interval']
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    same = _banded(lows) == _banded(highs)
    told = np.where(
        np.isnan(lows) | np.isnan(highs), Standing.NO_INTERVAL.value, np.where(same, Standing.FIRM.value, Standing.TENTATIVE.value)
    )
    return told.astype(object)


def difficulties(facility: npt.ArrayLike) -> Texts:
    """Say in words how hard items are, by their facility index; an empty text where it is undefined.

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
