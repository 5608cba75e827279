"""The course that a file describes, as it would become: its sections as weeks, which can be changed, its people and its quizzes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import GridField, small_text
from lmskit.importers.course_outcome import CourseOutcome, CourseQuiz, SectionOutcome
from lmskit.importers.report import ImportReport
from lmskit.limits import MOST_DESCRIBED_SECTIONS
from lmskit.rounding import count_text
from lmskit.widgets import Grid, GridColumn, Table, heading

KINDS = (("students", "student"), ("lecturers", "teacher"))


class ImportCourse:
    """The course of a preview; takes no room before a preview has found one.

    What was chosen for its sections stays, preview after preview, until `clear`.

    Parameters
    ----------
    on_change
        Called when a person changed a week or a topic.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change, self._is_disabled = on_change, False
        self._shown: dict[int, dict[str, Any]] = {}
        """The rows of the grid as they were shown, by the number of the section."""
        self.chosen: dict[int, dict[str, Any] | None] = {}
        """The weeks that a person chose, by the number of the section, as a request takes them; None: the section is not a week."""
        columns = [
            GridColumn("number", "", "hidden"),
            GridColumn("title", "Section", "shown", "minmax(120px, 2fr)"),
            GridColumn("week", "Week", "number", "80px", placeholder="none"),
            GridColumn("topic", "Topic", share="minmax(120px, 3fr)", placeholder="by its number"),
            GridColumn("result", "Result", "shown", "minmax(120px, 2fr)"),
        ]
        self._grid = Grid(columns, noun="section", most=MOST_DESCRIBED_SECTIONS, fixed=True)
        hint = (
            "Change weeks and topics, and preview again. A section whose week is empty is not a week, and its new quizzes have none. "
            "A week without a topic is called by its number."
        )
        self.sections = GridField("Sections of the course as weeks", self._grid, hint=hint)
        self._title, self._facts = heading(""), small_text("–", "lmskit-strong")
        self.quizzes = Table(nothing="There are no quizzes.")
        self.view = widgets.VBox(
            [self._title, self._facts, self.sections.view, heading("Quizzes of the course"), self.quizzes.view],
            layout=widgets.Layout(overflow="visible", display="none"),
        )
        self._grid.observe(lambda _change: self._edited(), names="content")

    @property
    def facts(self) -> str:
        """What the course is, in a line."""
        return str(self._facts.value)

    def show(self, report: ImportReport) -> None:
        """Show the course of a report, if it has one."""
        course = report.course
        self.view.layout.display = "none" if course is None else None
        if course is None:
            return
        self._title.value = f"The course {course.code} {'as it would become' if report.dry_run else 'as it is now'}"
        self._facts.value = _facts(course, report)
        rows = [_row(section) for section in course.sections[:MOST_DESCRIBED_SECTIONS]]
        self._shown = {int(row["number"]): row for row in rows}
        self._grid.rows = rows
        self.quizzes.show(_quiz_table(course.quizzes))

    def clear(self) -> None:
        """Forget the course and what was chosen, since another file has another."""
        self._shown, self.chosen = {}, {}
        self._grid.rows = []
        self.view.layout.display = "none"

    def disable(self, *, disabled: bool) -> None:
        """Allow changes, or not, while a task runs."""
        self._is_disabled = disabled

    def point_out(self, part: str, sentence: str) -> str:
        """Show a mistake such as that in `3.number` beside the row of section 3, and return it as the form's message repeats it."""
        number, _, column = part.partition(".")
        rows = [row["number"] for row in self._grid.rows]
        if number not in rows:
            return self.sections.show_problem("", sentence)
        self._grid.point_out(rows.index(number), "topic" if column == "topic" else "week", sentence)
        return f"{self._shown[int(number)]['title']}: {sentence}"

    def _edited(self) -> None:
        """Keep what a person changed; a section whose row was removed is not a week."""
        rows = {int(row["number"]): row for row in self._grid.rows if row["number"]}
        changed = {number: rows.get(number) for number, shown in self._shown.items() if rows.get(number) != shown}
        if changed and self._is_disabled:
            self._grid.rows = list(self._shown.values())
        elif changed:
            self.chosen |= {number: None if row is None else _choice(row) for number, row in changed.items()}
            self._on_change()


def _choice(row: Mapping[str, Any]) -> dict[str, Any] | None:
    week = str(row["week"]).strip()
    return {"number": week, "topic": str(row["topic"]).strip() or None} if week else None


def _row(section: SectionOutcome) -> dict[str, Any]:
    week = "" if section.week is None else str(section.week)
    return {"number": str(section.number), "title": section.title, "week": week, "topic": section.topic, "result": section.result}


def _facts(course: CourseOutcome, report: ImportReport) -> str:
    n_weeks = len({section.week for section in course.sections} - {None})
    entities = {entity.kind: entity for entity in report.entities}
    people = [count_text(entities[kind].total, noun) for kind, noun in KINDS if kind in entities]
    counts = ", ".join([count_text(n_weeks, "week"), *people])
    return f"{course.title} · {course.state} · term {course.term} · led by {course.lecturer} · {counts}"


def _quiz_table(quizzes: Sequence[CourseQuiz]) -> pd.DataFrame:
    rows = [
        (quiz.title, "none" if quiz.week is None else str(quiz.week), quiz.n_questions, quiz.max_score, quiz.n_attempts, quiz.state)
        for quiz in quizzes
    ]
    return pd.DataFrame(rows, columns=["Quiz", "Week", "Questions", "Maximum score", "Attempts", "Result"])
