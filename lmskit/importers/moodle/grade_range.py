"""The lowest and the highest grade of a grade item, computed from its points and percentages, since a gradebook does not contain them.

A percentage is the share of the way from the lowest to the highest grade. Both columns are rounded, so the points and the
percentage of a student allow many ranges. Most items begin at 0; then one student is enough, and the highest grade is the
roundest number that fits all students. If no range from 0 fits, two students whose points differ fix both ends.

The words of a scale have no points; each has one percentage.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from lmskit.importers.cell import UnreadableCellError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DECIMALS = re.compile(r"[.,]([0-9]++)\s*+(?:%\s*+)?\Z", re.ASCII)
MOST_DECIMALS = 4
"""What the database stores."""
MOST_DECIMALS_OF_ENDS = 2
"""Decimals of the two ends of a range that does not begin at 0."""
MOST_ENDS = 100
"""Lowest grades that are tried for each number of decimals."""
MOST_PAIRS, PAIRS_OF_ALL = 2000, 200_000
"""Different pairs of points and percentage that a range is fitted to, and those of all grade items of a file."""
FEWEST_PAIRS = 20
MOST_WORDS, WORDS_OF_ALL, LONGEST_WORD = 200, 50_000, 100
"""Words of one scale, those of all grade items of a file, and the characters of a word."""
FEWEST_WORDS = 10
SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class GradeRange:
    """The lowest and the highest grade of a grade item."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """The points from the lowest to the highest grade, which is the maximum score in lmskit: there every score begins at 0."""
        return round(self.high - self.low, MOST_DECIMALS)

    def score(self, points: float) -> float:
        """Return the points above the lowest grade.

        Examples
        --------
        >>> GradeRange(1, 6).score(3.6)
        2.6
        """
        if points < self.low - SMALLEST:
            raise UnreadableCellError(f"is below {self.low:g}, the lowest grade of the grade item")
        return round(points - self.low, MOST_DECIMALS) if self.low else points


class GradeRangeFinder:
    """Finds the range of one grade item.

    Parameters
    ----------
    decimals
        The most decimals that the cells of the points show, and those of the percentages: they are rounded to so many.
    items
        How many grade items the file has, among which the memory is shared.

    Examples
    --------
    >>> finder = GradeRangeFinder((2, 2))
    >>> finder.see(6.67, 83.38)
    >>> finder.value
    GradeRange(low=0.0, high=8.0)
    >>> finder = GradeRangeFinder((2, 2))
    >>> finder.see(3.6, 52)
    >>> finder.see(2.5, 30)
    >>> finder.value
    GradeRange(low=1.0, high=6.0)
    """

    def __init__(self, decimals: tuple[int, int], *, items: int = 1) -> None:
        self._points_error, percentage_error = (float(f"0.5e-{shown}") for shown in decimals)
        self._share_error = percentage_error / 100
        self._most_pairs = max(min(MOST_PAIRS, PAIRS_OF_ALL // items), FEWEST_PAIRS)
        self._pairs: dict[tuple[float, float], None] = {}
        """Points and shares of students, in the order in which they were seen."""
        self._from_zero = (0.0, math.inf)
        """The shortest and the longest range that begins at 0."""

    def see(self, points: float, percentage: float) -> None:
        """Use the grade of one student."""
        pair = points, percentage / 100
        if len(self._pairs) < self._most_pairs:
            self._pairs[pair] = None
        self._from_zero = self._spans(0.0, [pair], self._from_zero)

    @property
    def is_unused(self) -> bool:
        """Whether no grade was seen."""
        return not self._pairs

    @property
    def begins_at_zero(self) -> bool:
        """Whether a range that begins at 0 fits all students."""
        shortest, longest = self._from_zero
        return shortest <= longest + SMALLEST and (shortest == 0 or longest < math.inf)

    @property
    def value(self) -> GradeRange | None:
        """The range; None if no range fits all students, or if they allow several."""
        if not self.begins_at_zero:
            return self._with_both_ends()
        shortest, longest = self._from_zero
        high = _roundest(shortest, longest) if longest < math.inf else 0.0
        if high <= 0:
            return None
        if round(high, 1) != high and (len(self._pairs) == 1 or self._with_both_ends(decimals=1)):
            return None  # few items end at 38.46, so that the item begins at another grade is as likely
        return GradeRange(0.0, high)

    @property
    def is_undecided(self) -> bool:
        """Whether the students show something about the range, and not which it is."""
        return self._from_zero != (0.0, math.inf) and self.value is None

    def _with_both_ends(self, *, decimals: int = MOST_DECIMALS_OF_ENDS) -> GradeRange | None:
        """Return the one range with the roundest ends that fits all students; its ends have so many decimals at most."""
        low_points, low_share = min(self._pairs, key=itemgetter(1))
        high_points, high_share = max(self._pairs, key=itemgetter(1))
        points, share = high_points - low_points, high_share - low_share
        if points <= 4 * self._points_error or share <= 4 * self._share_error:
            return None  # rounding alone could make the difference
        longest = (points + 2 * self._points_error) / (share - 2 * self._share_error)
        lowest = low_points - self._points_error - longest * (low_share + self._share_error)
        highest = low_points + self._points_error
        for shown in range(decimals + 1):
            if found := list(islice(self._ranges(lowest, highest, shown), 2)):
                return found[0] if len(found) == 1 else None
        return None

    def _ranges(self, lowest: float, highest: float, decimals: int) -> Iterator[GradeRange]:
        """Give out the ranges with ends of so many decimals that fit all students and begin between two grades."""
        step = 10.0**-decimals
        ends = range(math.ceil(lowest / step - SMALLEST), math.floor(highest / step + SMALLEST) + 1)
        for end in ends if len(ends) <= MOST_ENDS else ():
            low = round(end * step, decimals)
            shortest, longest = self._spans(low, self._pairs, (step, math.inf))
            first = math.ceil((low + shortest) / step - SMALLEST)
            if shortest <= longest + SMALLEST and first * step <= low + longest + SMALLEST:
                yield GradeRange(low, round(first * step, decimals))
                if (first + 1) * step <= low + longest + SMALLEST:
                    yield GradeRange(low, round((first + 1) * step, decimals))

    def _spans(self, low: float, pairs: Iterable[tuple[float, float]], within: tuple[float, float]) -> tuple[float, float]:
        """Return the shortest and the longest range from `low` that fit the students; the first is larger if none does."""
        shortest, longest = within
        for points, share in pairs:
            if shortest > longest + SMALLEST:
                break
            most, least = points + self._points_error - low, points - self._points_error - low
            shortest = max(shortest, least / (share + self._share_error))
            smallest_share = share - self._share_error
            if smallest_share > 0:
                longest = min(longest, most / smallest_share)
            elif smallest_share < 0:
                shortest = max(shortest, most / smallest_share)
        return shortest, longest


def _roundest(low: float, high: float) -> float:
    """Return the number with the fewest decimals between two numbers; 0 if it would have more than are stored."""
    middle = (low + high) / 2
    for decimals in range(MOST_DECIMALS + 1):
        value = round(middle, decimals)
        if low - SMALLEST <= value <= high + SMALLEST:
            return value
    return 0.0


def decimals_shown(text: str) -> int:
    """Return how many decimals a number or a percentage shows.

    Examples
    --------
    >>> decimals_shown("83,38 %"), decimals_shown("7")
    (2, 0)
    """
    found = _DECIMALS.search(text)
    return min(len(found[1]), 18) if found else 0


class GradeScale:
    """The percentages of the words of one scale.

    Parameters
    ----------
    items
        How many grade items the file has, among which the memory is shared.

    Examples
    --------
    >>> scale = GradeScale()
    >>> scale.see("good", 50)
    >>> scale.see("very good", 100)
    >>> scale.percentage("good"), str(scale)
    (50, 'good = 50 %, very good = 100 %')
    """

    def __init__(self, *, items: int = 1) -> None:
        self._most_words = max(min(MOST_WORDS, WORDS_OF_ALL // items), FEWEST_WORDS)
        self._percentages: dict[str, set[float]] = {}

    def __bool__(self) -> bool:
        """Whether any word was seen."""
        return bool(self._percentages)

    def __str__(self) -> str:
        """The words in the order of their percentages."""
        known = sorted((min(found), word) for word, found in self._percentages.items() if len(found) == 1)
        return ", ".join(f"{word} = {percentage:g} %" for percentage, word in known)

    def see(self, word: str, percentage: float) -> None:
        """Use the grade of one student."""
        if word in self._percentages or (len(self._percentages) < self._most_words and len(word) <= LONGEST_WORD):
            found = self._percentages.setdefault(word, set())
            if len(found) < 2:  # noqa: PLR2004 - two show that the word does not have one percentage
                found.add(percentage)

    def percentage(self, word: str) -> float | None:
        """Return the percentage of a word; None if no student with the word has one.

        Raises
        ------
        UnreadableCellError
            The word has different percentages.
        """
        found = self._percentages.get(word, set())
        if len(found) > 1:
            shown = " and ".join(f"{percentage:g} %" for percentage in sorted(found)[:2])
            raise UnreadableCellError(f"is a grade on a scale that has {shown} for different students")
        return next(iter(found), None)
