"""The maximum score of a grade item, computed from its points and its percentages, since a gradebook does not contain it.

Both columns are rounded, so the points and the percentage of one student allow a range of maxima. The result is the
roundest number that is in the ranges of all students.
"""

from __future__ import annotations

import math
import re

_DECIMALS = re.compile(r"[.,]([0-9]++)\s*+(?:%\s*+)?\Z", re.ASCII)
MOST_DECIMALS = 4
"""What the database stores."""
SMALLEST = 1e-9


class MaximumFinder:
    """Narrows down the maximum score of one grade item.

    Examples
    --------
    >>> maximum = MaximumFinder()
    >>> maximum.see(6.67, 83.38, points_text="6.67", percentage_text="83.38 %")
    >>> maximum.value
    8.0
    """

    def __init__(self) -> None:
        self.low, self.high = 0.0, math.inf
        self.seen = 0

    def see(self, points: float, percentage: float, *, points_text: str, percentage_text: str) -> None:
        """Use the grade of one student; a grade of zero allows every maximum."""
        points_error, percentage_error = _rounding_error(points_text), _rounding_error(percentage_text)
        if points <= points_error or percentage <= percentage_error:
            return
        self.seen += 1
        self.low = max(self.low, 100 * (points - points_error) / (percentage + percentage_error))
        self.high = min(self.high, 100 * (points + points_error) / (percentage - percentage_error))

    @property
    def is_contradictory(self) -> bool:
        """Whether no maximum fits all students, as happens if the lowest grade of the item is not zero."""
        return self.low > self.high + SMALLEST

    @property
    def value(self) -> float | None:
        """The roundest maximum that fits all students; None if no maximum fits, or if every maximum does."""
        if not self.seen or self.is_contradictory:
            return None
        middle = (self.low + self.high) / 2
        for decimals in range(MOST_DECIMALS + 1):
            value = round(middle, decimals)
            if self.low - SMALLEST <= value <= self.high + SMALLEST and value > 0:
                return value
        return None


def _rounding_error(text: str) -> float:
    """Return half of the last decimal that a text shows, the largest error of rounding."""
    found = _DECIMALS.search(text)
    return float(f"0.5e-{min(len(found[1]), 18) if found else 0}")
