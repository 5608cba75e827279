"""The totals of a Canvas gradebook, recomputed from the grades beside them.

Canvas writes totals of points only for a course without weighted assignment groups; where the file has them, each grade
counts by its points. The file does not contain which grades are dropped or do not count, so totals differ then as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Cells = tuple[str, ...]

ROUNDING = 0.005
"""Canvas writes two decimals."""
SMALLEST = 1e-9
DIFFERENT = "differs from the total of the row's grades: it is outdated, or Canvas drops or leaves out some of them"


@dataclass(frozen=True, slots=True)
class Total:
    """A total that differs from the grades of its row."""

    column: str
    cell: str
    recomputed: float


class Totals:
    """Compares the totals of the course as a whole.

    Parameters
    ----------
    columns
        Columns of the totals of the whole course, by header.
    has_posting_row
        Whether the gradebook says which assignments are posted.
    possible
        Points possible of each assignment, by its column.
    """

    def __init__(self, columns: Mapping[str, int], possible: Mapping[int, float], *, has_posting_row: bool) -> None:
        self.possible = possible
        compared = {"Current Points", "Final Points", "Unposted Current Score", "Unposted Final Score"}
        if not has_posting_row:  # otherwise these leave out grades that students do not see yet
            compared |= {"Current Score", "Final Score"}
        is_unweighted = bool({"Current Points", "Final Points"} & columns.keys())
        self.columns = {header: column for header, column in columns.items() if header in compared and is_unweighted}

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
            Columns of assignments from which the student is excused, or which are not assigned to her.
        read
            Reader of scores; raises ValueError for a cell that is not a number.
        """
        points = sum(scores.values())
        graded = sum(self.possible[column] for column in scores)
        assigned = sum(possible for column, possible in self.possible.items() if column not in not_counted)
        for header, column in self.columns.items():
            try:
                found = read(cells[column])
            except ValueError:
                continue
            if header.endswith("Points"):
                expected, tolerance = points, ROUNDING * (len(scores) + 1)
            elif (max_score := assigned if "Final" in header else graded) > SMALLEST:
                expected, tolerance = 100 * points / max_score, ROUNDING * (100 * len(scores) / max_score + 1)
            else:
                continue
            if abs(found - expected) > tolerance + SMALLEST:
                yield Total(header, cells[column], expected)
