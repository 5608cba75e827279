"""One number for the key of each row, so that rows can be sorted and found quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Integers: TypeAlias = npt.NDArray[np.int64]


def row_keys(course: Integers, student: Integers, week: Integers) -> Integers:
    """One number for each (course, student, week), in the same order; only numbers from one call can be compared.

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
    """Numbers in the same order, below 2²⁶ or below their count; most ids are close together."""
    if not len(numbers):
        return numbers
    lowest, highest = int(numbers.min()), int(numbers.max())
    return numbers - lowest if highest - lowest < 1 << 26 else np.unique(numbers, return_inverse=True)[1].astype(np.int64, copy=False)
