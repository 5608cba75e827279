"""The part of the dashboard that shows what lies behind one student's cells."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets
import pandas as pd

from lmskit.charts.student import student_attempts, student_attempts_table, student_weeks, student_weeks_table
from lmskit.dashboards.click_figure import Click, ClickFigure
from lmskit.read_models.class_mastery import ClassMastery, StudentMastery
from lmskit.widgets import Message, Table, errors_shown, heading

ALL_WEEKS = 0
"""Stands for all weeks in the choice of weeks."""
NOBODY = 0
"""Stands for nobody in the choice of students; ids begin at 1."""


class StudentPanel:
    """Choose a student of the page and a week, see the weeks and the attempts.

    Parameters
    ----------
    read
        From a student's id and name to what is known; the sentence of an `LmskitError` it raises is shown.
    """

    def __init__(self, read: Callable[[int, str], StudentMastery]) -> None:
        self._read = read
        self._page: ClassMastery | None = None
        self._known: StudentMastery | None = None
        self._filling = False
        self.student = widgets.Dropdown(description="Student", layout=widgets.Layout(flex="2 1 230px", width="auto"))
        self.week = widgets.Dropdown(description="Week", layout=widgets.Layout(flex="1 1 190px", width="auto"))
        for choice in (self.student, self.week):
            choice.style.description_width = "56px"
        self.message = Message()
        self.weeks = ClickFigure(on_click=self._week_clicked)
        self.attempts = ClickFigure()
        self.weeks_table, self.attempts_table = Table(), Table(nothing="No attempts.")
        self._hint = widgets.Label("Click a cell of the heat map, or choose a student here, to see the weeks and attempts behind it.")
        self._hint.add_class("lmskit-text")
        self._details = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self.view = widgets.VBox(
            [
                heading("One student"),
                widgets.HBox([self.student, self.week], layout=widgets.Layout(flex_flow="row wrap", overflow="visible")),
                self.message.view,
                self._hint,
                self._details,
            ],
            layout=widgets.Layout(flex="2 1 430px", min_width="0", overflow="visible"),
        )
        self.student.observe(lambda _change: self._chosen(), names="value")
        self.week.observe(lambda _change: self._draw(), names="value")
        self.as_tables = False

    def offer(self, page: ClassMastery) -> None:
        """Offer the students of another page, or of another course; nobody is chosen."""
        self._page = page
        students = page.cells.drop_duplicates("student_id")
        self._filling = True
        named = students[["position", "name", "student_id"]].to_dict("records")
        weeks = page.by_week.weeks[["week_number", "topic"]].to_dict("records")
        self.student.options = [("choose …", NOBODY), *((f"{row['position']}. {row['name']}", int(row["student_id"])) for row in named)]
        self.week.options = [
            ("all weeks", ALL_WEEKS),
            *((f"{row['week_number']}: {row['topic']}", int(row["week_number"])) for row in weeks),
        ]
        self.student.value, self.week.value = NOBODY, ALL_WEEKS
        self._filling = False
        self._chosen()

    def choose(self, student_id: int, week_number: int = ALL_WEEKS) -> None:
        """Show a student of the page, and scroll there."""
        self._filling = True
        self.student.value, self.week.value = student_id, week_number
        self._filling = False
        self._chosen()
        self.weeks.reveal()

    def show_as(self, *, tables: bool) -> None:
        """Show tables in place of the charts, or charts again."""
        self.as_tables = tables
        self._draw()

    def _chosen(self) -> None:
        if self._filling:
            return
        self.message.clear()
        self._known = None
        with errors_shown(self.message):
            if self.student.value not in {None, NOBODY}:
                self._known = self._read(int(self.student.value), self._name())
            self._draw()

    def _name(self) -> str:
        return str(self.student.label).partition(". ")[2]

    def _week_clicked(self, click: Click) -> None:
        weeks = {str(week) for _, week in self.week.options}
        if str(click.get("x")) in weeks:
            self.week.value = int(click["x"])

    def _draw(self) -> None:
        if self._filling:
            return
        known, page = self._known, self._page
        if known is None or page is None:
            self._hint.layout.display, self._details.children = None, ()
            return
        self._hint.layout.display = "none"
        week = int(self.week.value)
        self.attempts_table.show(_attempts(known.attempts, week))
        title = heading(f"Attempts in week {week}" if week else "Attempts in all weeks")
        if self.as_tables:
            self.weeks_table.show(student_weeks_table(known.weeks, parameters=page.parameters))
            self._details.children = (heading("Weeks"), self.weeks_table.view, title, self.attempts_table.view)
            return
        self.weeks.show(student_weeks(known.weeks, rule=page.rule, parameters=page.parameters))
        if week:
            self.attempts.show(student_attempts(known.attempts, student=self._name(), week_number=week))
        self._details.children = (self.weeks, *((self.attempts,) if week else ()), title, self.attempts_table.view)


def _attempts(attempts: pd.DataFrame, week: int) -> pd.DataFrame:
    """The attempts of one week or of all, as people read them."""
    if week:
        return student_attempts_table(attempts, week_number=week)
    tables = [student_attempts_table(attempts, week_number=number) for number in sorted(attempts["week_number"].unique())]
    for number, table in zip(sorted(attempts["week_number"].unique()), tables, strict=True):
        table.insert(0, "Week", int(number))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
