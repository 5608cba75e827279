"""On what scale the grades of a grade item are: points from 0, points from another lowest grade, words, or percentages."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lmskit.importers import advice
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.grade_table import MAX_OF_PERCENTAGES
from lmskit.importers.moodle.grade_range import GradeRange, GradeRangeFinder, GradeScale

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHOUT_SCALE = "is not a number of points; for a grade on a scale, export points and percentages (grade display types Real and Percentage)"


@dataclass
class ItemScale:
    """The scale of one grade item, found by looking at the grades of all students before any is read."""

    has_points: bool
    has_percentages: bool
    items: int = 1
    """How many grade items the file has."""
    given: float | None = None
    """The maximum score that a person gave, for points without percentages."""
    decimals: dict[str, int] = field(default_factory=lambda: {"real": 0, "percentage": 0})
    """The most decimals that the cells of a display show."""

    @cached_property
    def words(self) -> GradeScale:
        """The words that are grades of the item."""
        return GradeScale(items=self.items)

    @cached_property
    def _finder(self) -> GradeRangeFinder:
        return GradeRangeFinder((self.decimals["real"], self.decimals["percentage"]), items=self.items)

    @cached_property
    def range(self) -> GradeRange | None:
        """The lowest and the highest grade; None if they are not known. It is asked for once all students were seen."""
        return self._finder.value

    def see(self, points: float | str, percentage: float) -> None:
        """Use the points and the percentage of one student, or a word and its percentage; `decimals` are known by then."""
        if isinstance(points, str):
            self.words.see(points, percentage)
        else:
            self._finder.see(points, percentage)

    @property
    def rounding(self) -> float:
        """Half of the last decimal of the points; 0 without points or decimals."""
        decimals = self.decimals["real"] if self.has_points else 0
        return 0.5 * 10.0**-decimals if decimals else 0.0

    @property
    def max_score(self) -> float | None:
        """The maximum score in lmskit; None if the file does not show it and it was not given."""
        if not self.has_points:
            return MAX_OF_PERCENTAGES
        if self.range is not None:
            return self.range.span
        return MAX_OF_PERCENTAGES if self.words and self._finder.is_unused else self.given

    def score_of_word(self, word: str, percentage: float | None) -> tuple[float, float]:
        """Return the score of a word on the scale and the maximum score.

        Parameters
        ----------
        word
            The grade.
        percentage
            The percentage beside it; None for that of other students with the same grade.

        Raises
        ------
        UnreadableCellError
            The file does not have one percentage for the word.
        """
        share = self.words.percentage(word) if percentage is None else percentage
        if share is None:
            raise UnreadableCellError(WITHOUT_SCALE)
        maximum = self.max_score or MAX_OF_PERCENTAGES
        return round(share * maximum / 100, 4), maximum

    def notes(self, title: str) -> Iterator[str]:
        """Notes on how the maximum score was found."""
        if not self.has_points:
            yield f"{title!r} has percentages and no points; its maximum score is set to 100."
        elif self.range is None and self.given is not None:
            yield f"{title!r} has the maximum score {self.given:g}, as asked for."
        elif not self.has_percentages:
            yield (
                f"{title!r} has points and no percentages, so its maximum score is that of the quiz in lmskit; "
                "for a new quiz, export percentages as well, or look its maximum grade up in its settings in Moodle and "
                f"{advice.MAX_SCORE.about(title)}"
            )
        elif self.range is None:
            if self._finder.is_undecided:
                yield (
                    f"the maximum score of {title!r} cannot be computed: no lowest and highest grade, "
                    "or more than one pair of them, fits all points and percentages. "
                    f"If it begins at 0, {advice.MAX_SCORE.about(title)}"
                )
        elif self.range.low:
            low, high, span = self.range.low, self.range.high, self.range.span
            yield (
                f"{title!r} has grades from {low:g} to {high:g}, computed from its points and percentages; "
                f"they are stored as points above {low:g}, so its maximum score is {span:g}."
            )
        else:
            yield f"{title!r} has the maximum score {self.range.high:g}, computed from its points and percentages."
        if known := str(self.words):
            yield f"{title!r} has grades on a scale, which are stored as their percentages: {known}."
