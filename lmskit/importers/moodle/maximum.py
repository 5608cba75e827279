"""What a grade item is out of, worked out from its points and its percentages.

A gradebook does not tell it. Both columns are rounded, so each student's pair allows a range, and the maximum lies in
all of them; the roundest number that does is taken.
"""

from __future__ import annotations

import math
import re

_DECIMALS = re.compile(r"[.,]([0-9]+)\s*%?\s*\Z", re.ASCII)
MOST_DECIMALS = 4
"""What the database holds."""
SMALLEST = 1e-9


class Maximum:
    """Narrows down the maximum of one grade item.

    Examples
    --------
    >>> maximum = Maximum()
    >>> maximum.see(6.67, 83.38, points_text="6.67", percentage_text="83.38 %")
    >>> maximum.value
    8.0
    """

    def __init__(self) -> None:
        self.low, self.high = 0.0, math.inf
        self.seen = 0

    def see(self, points: float, percentage: float, *, points_text: str, percentage_text: str) -> None:
        """Look at what one student has; nothing is learnt from a grade of zero."""
        off, percentage_off = _rounding(points_text), _rounding(percentage_text)
        if points <= off or percentage <= percentage_off:
            return
        self.seen += 1
        self.low = max(self.low, 100 * (points - off) / (percentage + percentage_off))
        self.high = min(self.high, 100 * (points + off) / (percentage - percentage_off))

    @property
    def is_contradictory(self) -> bool:
        """Whether no maximum fits all students, as where the least grade is not zero."""
        return self.low > self.high + SMALLEST

    @property
    def value(self) -> float | None:
        """The roundest maximum that fits; None where nothing or everything does."""
        if not self.seen or self.is_contradictory:
            return None
        middle = (self.low + self.high) / 2
        for decimals in range(MOST_DECIMALS + 1):
            value = round(middle, decimals)
            if self.low - SMALLEST <= value <= self.high + SMALLEST and value > 0:
                return value
        return None


def _rounding(text: str) -> float:
    """Half a unit of the last place that a text shows."""
    found = _DECIMALS.search(text)
    return float(f"0.5e-{min(len(found[1]), 18) if found else 0}")
