"""The lecturer's dashboard: a class, week by week and student by student, down to the attempts."""

from __future__ import annotations

import ipywidgets as widgets
import pandas as pd

from lmskit.charts.distribution import level_distribution, level_distribution_table
from lmskit.charts.heat_map import STUDENT_TRACE, mastery_heat_map, mastery_heat_map_table
from lmskit.charts.labels import rule_text
from lmskit.dashboards.click_figure import Click, ClickFigure
from lmskit.dashboards.course_choice import offer_courses
from lmskit.dashboards.one_student import StudentPanel
from lmskit.db import Opener, snapshot
from lmskit.read_models.class_mastery import PAGE_SIZE, ClassMastery, StudentMastery, class_mastery, student_mastery
from lmskit.rounding import count_text
from lmskit.widgets import ROOT, Message, Pager, Table, errors_shown, heading, style

CHARTS, TABLES = "Charts", "Tables"


class MasteryDashboard:
    """Choose a course; see its class, page by page; choose a student; see what lies behind the numbers.

    Every chart has a table in its place at the press of a button, and whatever a click does, a choice in a list does too.

    Parameters
    ----------
    course
        The code of the course to begin with; by default the newest one that has students.
    opened
        Opens a transaction to read in; by default a snapshot of the signed-in person.
    """

    def __init__(self, course: str = "", *, opened: Opener = snapshot) -> None:
        self._opened = opened
        self.page: ClassMastery | None = None
        self.course = widgets.Dropdown(description="Course", layout=widgets.Layout(flex="1 1 360px", width="auto", max_width="720px"))
        self.course.style.description_width = "56px"
        self.look = widgets.ToggleButtons(options=[CHARTS, TABLES], tooltips=["Show figures", "Show the same as tables"])
        self.look.style.button_width = "72px"
        self.simulated = widgets.Label("Simulated data: nobody here exists.", layout=widgets.Layout(width="auto"))
        self.simulated.add_class("lmskit-mark")
        self.about = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.about.add_class("lmskit-text")
        self.message = Message()
        self.pager = Pager(self._read_page, page_size=PAGE_SIZE, noun="students")
        self.heat_map, self.heat_map_table = ClickFigure(on_click=self._cell_clicked), Table()
        self.distribution, self.distribution_table = ClickFigure(), Table()
        self.to_help = Table(nothing="Nobody on this page is remedial in a week or has no assessment at all.")
        self.panel = StudentPanel(self._read_student)
        self._heat_map_place = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self._distribution_place = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self._body = self._laid_out()
        self.view = widgets.VBox(
            [
                style(),
                widgets.HBox(
                    [self.course, self.look, self.simulated],
                    layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="2px 14px", align_items="center"),
                ),
                self.about,
                self.message.view,
                self._body,
            ]
        )
        self.view.add_class(ROOT)
        self._courses = offer_courses(self.course, self.message, self._opened, course)
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        self.look.observe(lambda _change: self._draw(), names="value")
        self._course_chosen()

    def _laid_out(self) -> widgets.VBox:
        students = widgets.VBox(
            [heading("Students by week"), self.pager.view, self._heat_map_place],
            layout=widgets.Layout(flex="3 1 560px", min_width="0", overflow="visible"),
        )
        return widgets.VBox(
            [
                widgets.HBox(
                    [students, self.panel.view],
                    layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 18px", align_items="flex-start"),
                ),
                heading("The class by level"),
                self._distribution_place,
                heading("Students to help, among those above"),
                self.to_help.view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )

    def _course_chosen(self) -> None:
        self.pager.first()
        if self.course.value is None:
            self.simulated.layout.display = self._body.layout.display = "none"
            return
        self.message.clear()
        self._read_page()

    def _read_page(self) -> None:
        with errors_shown(self.message):
            with self._opened() as session:
                self.page = class_mastery(session, self.course.value, offset=self.pager.offset)
            self.message.clear()
            self.pager.show(total=self.page.by_week.n_students)
            self.panel.offer(self.page)
            self._draw()

    def _read_student(self, student_id: int, name: str) -> StudentMastery:
        with self._opened() as session:
            return student_mastery(session, self.course.value, student_id, name=name)

    def _cell_clicked(self, click: Click) -> None:
        """Show the student of a cell; a click on the class row is about nobody."""
        if click.get("curve") != STUDENT_TRACE or self.page is None:
            return
        student, week = str(click.get("y")), str(click.get("x"))
        cells = self.page.cells
        if (cells["student_id"].astype("str").eq(student) & cells["week_number"].astype("str").eq(week)).any():
            self.panel.choose(int(student), int(week))

    def _draw(self) -> None:
        page = self.page
        if page is None:
            return
        tables = self.look.value == TABLES
        self.about.value = _about(page)
        self.simulated.layout.display = None if self._courses and self.course.value in self._courses.simulated else "none"
        self._body.layout.display = None if len(page.cells) else "none"
        if page.cells.empty:
            missing = "students" if len(page.by_week.weeks) else "weeks in its syllabus"
            self.message.bad(f"{self.course.value} has no {missing} yet.")
            return
        if tables:
            self.heat_map_table.show(mastery_heat_map_table(page.cells, page.by_week.class_row, parameters=page.parameters))
            self.distribution_table.show(level_distribution_table(page.by_week.shares))
        else:
            self.heat_map.show(mastery_heat_map(page.cells, page.by_week.class_row, rule=page.rule, parameters=page.parameters))
            self.distribution.show(level_distribution(page.by_week.shares, rule=page.rule, parameters=page.parameters))
        self._heat_map_place.children = (self.heat_map_table.view if tables else self.heat_map,)
        self._distribution_place.children = (self.distribution_table.view if tables else self.distribution,)
        self.to_help.show(_to_help(page.to_help))
        self.panel.show_as(tables=tables)


def _about(page: ClassMastery) -> str:
    students = count_text(page.by_week.n_students, "student")
    computed = f"computed {page.computed_at:%Y-%m-%d %H:%M} UTC" if page.computed_at else "nothing computed yet"
    sentence = f"{students} (active and completed). {rule_text(page.rule, page.parameters)}; {computed}."
    return " ".join(part for part in (sentence, page.in_use.caveat()) if part)


def _to_help(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "No.": table["position"],
            "Student": table["name"],
            "Remedial weeks": table["n_remedial"],
            "Assessed weeks": table["n_assessed"],
            "Mean value": table["mean_value"],
            "Last attempt (UTC)": table["last_submitted_at"],
            "Why": table["reason"],
        }
    )
