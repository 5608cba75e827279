"""The keys of rows as one number each, so that they can be sorted and looked up quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Integers: TypeAlias = npt.NDArray[np.int64]


def row_keys(course: Integers, student: Integers, week: Integers) -> Integers:
    """One number for each (course, student, week), in their order; only numbers from one call can be compared.

    Examples
    --------
    >>> row_keys(np.array([9, 8, 9]), np.array([1, 2, 1]), np.array([1, 5, 3])).argsort().tolist()
    [1, 0, 2]
    """
    key = np.zeros(len(course), dtype=np.int64)
    for part in map(_from_zero, (course, student, week)):
        key = key * (int(part.max(initial=0)) + 1) + part
    return key


def _from_zero(numbers: Integers) -> Integers:
    """Numbers below 2²⁶, or below how many there are, in the same order: ids mostly lie close together."""
    if not len(numbers):
        return numbers
    lowest, highest = int(numbers.min()), int(numbers.max())
    return numbers - lowest if highest - lowest < 1 << 26 else np.unique(numbers, return_inverse=True)[1].astype(np.int64, copy=False)
