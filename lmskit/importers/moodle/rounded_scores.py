"""Which scores of a file are rounded to the decimals that it shows, so that it does not contain what Moodle has."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from lmskit.importers.moodle.grade_range import decimals_shown
from lmskit.rounding import count_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FIRST_VALUES, FIRST_COLUMNS = 5, 50
"""Different scores of a column, and columns, that a note lists."""
MOST_VALUES = 20_000
"""Different scores of all columns that are kept; further ones are only counted."""


class RoundedScores:
    """The scores that use all decimals of a file: each may be up to half of the last decimal higher or lower.

    A score that ends in 0 is taken as exact: Moodle's scores are sums of simple fractions of points, of which 0.50 is 0.5 and 0.67 is not.

    Examples
    --------
    >>> scores = RoundedScores()
    >>> for cell in ("0.67", "0.50", "0.67", "2.00"):
    ...     scores.see("Q. 1 /2.00", cell)
    >>> list(scores.notes())
    ['scores are rounded to 2 decimals, so these may be up to 0.005 higher or lower in Moodle: Q. 1 /2.00: 2 scores (0.67).']
    """

    def __init__(self) -> None:
        self._columns: dict[str, Counter[str]] = {}
        self._more: Counter[str] = Counter()
        self._decimals = self._n_values = 0

    def see(self, column: str, cell: str) -> None:
        """Take note of a score that is imported.

        Parameters
        ----------
        column
            The header of its column.
        cell
            The score as it is written.
        """
        decimals = decimals_shown(cell)
        if decimals > self._decimals:
            self._decimals = decimals
            self._columns.clear()
            self._more.clear()
            self._n_values = 0
        number = cell.strip().removesuffix("%").rstrip()
        if not 0 < decimals == self._decimals or number.endswith("0"):
            return
        values = self._columns.setdefault(column, Counter())
        if number in values or self._n_values < MOST_VALUES:
            self._n_values += number not in values
            values[number] += 1
        else:
            self._more[column] += 1

    def notes(self) -> Iterator[str]:
        """Give out the note that lists them by column; none if there are no such scores."""
        if self._columns:
            half = f"{0.5 * 10.0**-self._decimals:.{self._decimals + 1}f}"
            columns = "; ".join(self._described(column, values) for column, values in islice(self._columns.items(), FIRST_COLUMNS))
            if len(self._columns) > FIRST_COLUMNS:
                columns += f"; and {len(self._columns) - FIRST_COLUMNS:,} more columns"
            yield (
                f"scores are rounded to {count_text(self._decimals, 'decimal')}, "
                f"so these may be up to {half} higher or lower in Moodle: {columns}."
            )

    def _described(self, column: str, values: Counter[str]) -> str:
        first: Iterable[str] = sorted(values, key=lambda value: (len(value), value))[:FIRST_VALUES]
        n_scores = values.total() + self._more[column]
        more = " and others" if len(values) > FIRST_VALUES or self._more[column] else ""
        return f"{column}: {count_text(n_scores, 'score')} ({'; '.join(first)}{more})"
