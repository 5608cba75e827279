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
FIRST_OUTCOME = 1000
"""From which number on the items of an activity are outcomes."""
ACTIVITIES = {
    "assign": "Assignment", "data": "Database", "forum": "Forum", "glossary": "Glossary", "h5pactivity": "H5P", "lesson": "Lesson",
    "lti": "External tool", "scorm": "SCORM package", "workshop": "Workshop",
}  # fmt: skip
"""What Moodle calls its activities in English, as in front of their titles in an exported gradebook."""
TOTAL_ITEMS = "totals of the course and its categories, which Moodle computes, and which are not imported"
OUTCOMES = "outcomes, which say how far goals were reached, and which are not imported"
WITHOUT_POINTS = "grade items without points, which are not imported"
HIDDEN_ITEMS = "grade items that are hidden from students in Moodle: imported, and not hidden in lmskit"
HIDDEN_GRADES = "grades that are hidden from students in Moodle: imported, and not hidden in lmskit"
WEIGHTS = "grade items and categories with a weight of their own, which is not imported"
OVERRIDDEN = "grades that a person typed over those of Moodle, which are imported as grades like others"
OVERRIDDEN_QUIZ = "grades of quizzes that a person typed over those of Moodle, which are not imported: the attempts are"


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
    number: int
    """Among the items of one activity: a workshop has one for the submission, 0, and one for the assessments, 1."""
    grade_type: str
    low: float
    high: float
    is_hidden: bool
    has_weight: bool = False
    """Whether a person gave it another weight than its points, as far as that is known."""

    @property
    def title(self) -> str:
        """As an exported gradebook has it, so that both are about the same quiz."""
        activity = ACTIVITIES.get(self.module, self.module.capitalize())
        return one_line(f"{activity}: {self.name}" if self.kind == "mod" else self.name)[:LONGEST_TITLE].strip() or "Grade item"

    @property
    def key(self) -> str:
        """What identifies it in a backup."""
        if self.kind != "mod":
            return f"grade_item:{self.id}"
        return f"{self.module}:{self.instance}" if self.number == 0 else f"{self.module}:{self.instance}:{self.number}"

    @property
    def is_outcome(self) -> bool:
        """Whether it says how far a goal was reached, beside the grade of an activity."""
        return self.number >= FIRST_OUTCOME

    @property
    def is_imported(self) -> bool:
        """Whether its grades are scores in lmskit."""
        return self.kind not in TOTALS and self.has_points and not self.is_outcome

    @property
    def has_points(self) -> bool:
        """Whether its grades are points, or words of a scale, which have numbers."""
        return self.grade_type in {POINTS, SCALE} and self.span > 0

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
    """Whether a person typed it over the one that Moodle computes."""
    is_hidden: bool
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
        number=integer(element, "itemnumber") or 0,
        grade_type=text(element, "gradetype"),
        low=decimal(element, "grademin") or 0.0,
        high=decimal(element, "grademax") or 0.0,
        is_hidden=text(element, "hidden") not in {"", "0"},
        has_weight=text(element, "weightoverride") == "1" or bool(decimal(element, "aggregationcoef")),
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
        is_hidden=text(element, "hidden") not in {"", "0"},
        feedback=plain_text(text(element, "feedback"), FORMS.get(text(element, "feedbackformat"), "html")).text,
    )


def left_out_of_item(item: GradedItem) -> list[str]:
    """Return what lmskit leaves out of an item, as notes count it."""
    left_out = {
        TOTAL_ITEMS: item.kind in TOTALS,
        OUTCOMES: item.is_outcome,
        WITHOUT_POINTS: item.kind not in TOTALS and not item.has_points and not item.is_outcome,
        HIDDEN_ITEMS: item.is_hidden,
        WEIGHTS: item.has_weight,
    }
    return [words for words, holds in left_out.items() if holds]


def left_out_of_grade(grade: Grade, *, has_points: bool) -> list[str]:
    """Return what lmskit leaves out of a grade, as notes count it; `has_points` says whether its points are imported."""
    left_out = {OVERRIDDEN if has_points else OVERRIDDEN_QUIZ: grade.is_overridden, HIDDEN_GRADES: grade.is_hidden}
    return [words for words, holds in left_out.items() if holds]
