"""The grade items of a backup beside the quizzes, and the students' grades.

Source of the format: `backup_gradebook_structure_step` and `backup_activity_grades_structure_step` of Moodle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.moodle.backup.questions import FORMS
from lmskit.importers.moodle.backup.values import decimal, integer, number_of, text
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.text_cell import one_line
from lmskit.importers.xml_file import streamed
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.xml_file import XmlElement

POINTS, SCALE = "1", "2"
"""How Moodle numbers types of grades; others have no points."""
TOTALS = frozenset({"course", "category"})
ACTIVITIES = {
    "assign": "Assignment", "data": "Database", "forum": "Forum", "glossary": "Glossary", "h5pactivity": "H5P", "lesson": "Lesson",
    "lti": "External tool", "scorm": "SCORM package", "workshop": "Workshop",
}  # fmt: skip
"""What Moodle calls its activities in English, as in front of their titles in an exported gradebook."""


@dataclass(frozen=True, slots=True)
class GradedItem:
    """What is graded, and from where to where its grades go."""

    id: int
    line: int
    name: str
    kind: str
    """`mod` for an activity, `manual` for one of the gradebook alone, `course` and `category` for totals."""
    module: str
    instance: int
    grade_type: str
    low: float
    high: float
    is_hidden: bool

    @property
    def title(self) -> str:
        """As an exported gradebook has it, so that both are about the same quiz."""
        activity = ACTIVITIES.get(self.module, self.module.capitalize())
        return one_line(f"{activity}: {self.name}" if self.kind == "mod" else self.name)[:LONGEST_TITLE].strip() or "Grade item"

    @property
    def key(self) -> str:
        """What identifies it in a backup."""
        return f"{self.module}:{self.instance}" if self.kind == "mod" else f"grade_item:{self.id}"

    @property
    def span(self) -> float:
        """The maximum score in lmskit, where scores begin at 0."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Grade:
    """A student's grade."""

    user: int
    points: float | None
    is_excluded: bool
    is_overridden: bool
    feedback: str


def item_of(element: XmlElement) -> GradedItem:
    """Return the item of an element `grade_item`.

    Raises
    ------
    RejectedRowError
        A number in it cannot be read.
    """
    return GradedItem(
        id=number_of(element),
        line=element.line,
        name=text(element, "itemname"),
        kind=text(element, "itemtype"),
        module=text(element, "itemmodule"),
        instance=integer(element, "iteminstance") or 0,
        grade_type=text(element, "gradetype"),
        low=decimal(element, "grademin") or 0.0,
        high=decimal(element, "grademax") or 0.0,
        is_hidden=text(element, "hidden") not in {"", "0"},
    )


def grades_in(path: Path) -> Iterator[tuple[XmlElement, XmlElement]]:
    """Give out the elements of each grade: that of its item, as far as it was read, and its own."""
    for grade, around in streamed(path, "grade_grade"):
        item = next((each for each in reversed(around) if each.local == "grade_item"), None)
        if item is not None:
            yield item, grade


def grade_of(element: XmlElement) -> Grade:
    """Return the grade of an element `grade_grade`.

    Raises
    ------
    RejectedRowError
        A number in it cannot be read.
    """
    return Grade(
        user=integer(element, "userid") or 0,
        points=decimal(element, "finalgrade"),
        is_excluded=text(element, "excluded") not in {"", "0"},
        is_overridden=text(element, "overridden") not in {"", "0"},
        feedback=plain_text(text(element, "feedback"), FORMS.get(text(element, "feedbackformat"), "html")).text,
    )
