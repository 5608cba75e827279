"""The totals of a Canvas gradebook, recomputed from the grades beside them.

Canvas writes totals of points only for a course without weighted groups, so where they stand each grade counts by its
points. What the file does not tell is which grades are dropped or do not count; their totals differ then as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lmskit.importers.canvas.gradebook_layout import Layout

    Cells = tuple[str, ...]

ROUNDING = 0.005
"""Canvas writes two decimals."""
SMALLEST = 1e-9
DIFFERENT = "is not what the row's grades give: it is stale, or Canvas drops or leaves out some of them"


@dataclass(frozen=True, slots=True)
class Total:
    """A total that is not what the grades of its row give."""

    column: str
    cell: str
    recomputed: float


class Totals:
    """Compares the totals of the course as a whole.

    Parameters
    ----------
    layout
        Where they stand.
    possible
        What each assignment is out of, by its column.
    """

    def __init__(self, layout: Layout, possible: Mapping[int, float]) -> None:
        self.possible = possible
        shown = {"Current Points", "Final Points", "Unposted Current Score", "Unposted Final Score"}
        if not layout.has_posting_row:  # otherwise these leave out grades that students do not see yet
            shown |= {"Current Score", "Final Score"}
        unweighted = {"Current Points", "Final Points"} & layout.totals.keys()
        self.columns = {column: place for column, place in layout.totals.items() if column in shown} if unweighted else {}

    def differences(
        self, cells: Cells, scores: Mapping[int, float], not_counted: set[int], read: Callable[[str], float]
    ) -> Iterator[Total]:
        """Compare the totals of one row.

        Parameters
        ----------
        cells
            The row.
        scores
            The grades, by column.
        not_counted
            Columns in which the student is excused or which are not assigned to her.
        read
            From a cell to a number; raises ValueError where it holds none.
        """
        points = sum(scores.values())
        graded = sum(self.possible[place] for place in scores)
        assigned = sum(possible for place, possible in self.possible.items() if place not in not_counted)
        for column, place in self.columns.items():
            try:
                found = read(cells[place])
            except ValueError:
                continue
            out_of = None if column.endswith("Points") else assigned if "Final" in column else graded
            if out_of is None:
                expected, tolerance = points, ROUNDING * (len(scores) + 1)
            elif out_of > SMALLEST:
                expected, tolerance = 100 * points / out_of, ROUNDING * (100 * len(scores) / out_of + 1)
            else:
                continue
            if abs(found - expected) > tolerance + SMALLEST:
                yield Total(column, cells[place], expected)
