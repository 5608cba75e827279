"""The lecturer's mastery dashboard: a class, week by week and student by student, down to the attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets
import pandas as pd

from lmskit.charts.distribution import level_distribution, level_distribution_table
from lmskit.charts.heat_map import STUDENT_TRACE, mastery_heat_map, mastery_heat_map_table
from lmskit.charts.labels import rule_text
from lmskit.charts.sections import section_means, section_means_table
from lmskit.charts.student import student_attempts, student_attempts_table, student_weeks, student_weeks_table
from lmskit.dashboards.click_figure import Click, ClickFigure
from lmskit.dashboards.dashboard import (
    ALL_WEEKS,
    NARROW,
    WIDE,
    ChartOrTable,
    Dashboard,
    Filling,
    column,
    dropdown,
    row,
    text,
    week_options,
)
from lmskit.dashboards.material_file import file_of_material
from lmskit.dashboards.reading import AdviceList, ReadingPanel
from lmskit.db import Opener, snapshot, transaction
from lmskit.listings import STUDENTS_TO_HELP
from lmskit.read_models.class_mastery import (
    MOST_SECTIONS,
    PAGE_SIZE,
    ClassMastery,
    StudentMastery,
    class_mastery,
    mastery_by_section,
    section_names,
    student_mastery,
)
from lmskit.read_models.prepared_advice import prepared_advice, prepared_course_advice
from lmskit.readable import bounded
from lmskit.rounding import MISSING, count_text, number_text
from lmskit.widgets import Message, Pager, Table, errors_shown, heading

if TYPE_CHECKING:
    from collections.abc import Callable

    from lmskit.read_models.advised_passage import AdvisedPassage, CourseAdvice, ReadingAdvice

NO_STUDENT = 0
"""Value of the option "choose …"; ids of students begin at 1."""
WHOLE_CLASS = ""
"""Value of the option "all students"; every section has a name."""


MOST_WEAK_WEEKS = 3
"""Weeks that are offered beside a student's advice."""
CHOOSE_A_WEEK = "Choose a week, in the list above or here, to see what this student should read again. The weeks with the lowest mastery:"


class MasteryDashboard(Dashboard):
    """Choose a course and see its class page by page; choose a student and see the weeks and attempts behind the estimates.

    Every chart can be shown as a table, and everything that a click does, a list does as well.

    Parameters
    ----------
    course
        Code of the first course to show; by default the newest course that has students.
    open_session
        Opens a session to read in; by default a snapshot of the signed-in person.
    open_transaction
        Opens a session to pin and ban passages in; by default a transaction of the signed-in person.
    """

    def __init__(self, course: str = "", *, open_session: Opener = snapshot, open_transaction: Opener = transaction) -> None:
        super().__init__(open_session)
        self.page: ClassMastery | None = None
        self.by_section = pd.DataFrame()
        self._filling = Filling()
        self.section = dropdown("Section", flex="1 1 200px", max_width="360px")
        self.pager = Pager(self._read_page, page_size=PAGE_SIZE, noun="students")
        self.heat_map = ChartOrTable(on_click=self._cell_clicked)
        self.distribution = ChartOrTable()
        self.sections, self.more_sections = ChartOrTable(), text()
        self.section_part = column(heading("The sections and groups"), self.sections.view, self.more_sections)
        self.to_help = Table(nothing="No student on this page is remedial in a week or without any assessment.")
        self.panel = StudentPanel(self._read_student, self._read_advice)
        self.reading = ReadingPanel(self._read_advice, self._read_course_advice, self._file_of, open_transaction)
        students = column(heading("Students by week"), self.pager.view, self.heat_map.view, flex=WIDE)
        self._lay_out(
            [
                row(students, self.panel.view),
                heading("Students by level"),
                self.distribution.view,
                self.section_part,
                self.reading.view,
                heading("Students who need help, on this page"),
                self.to_help.view,
            ],
            controls=[self.section],
        )
        self.section.observe(lambda _change: self._section_chosen(), names="value")
        self._start(course)

    def _read_course(self) -> None:
        self.pager.first()
        with errors_shown(self.message):
            self._read_sections()
        self._read_page()

    def _read_sections(self) -> None:
        """Offer the sections and groups of the course, choose the whole class, and read the comparison."""
        with self._filling:  # what the course before had is gone even if this one cannot be read
            self.section.options, self.section.value = [("all students", WHOLE_CLASS)], WHOLE_CLASS
        self.by_section = pd.DataFrame()
        with self._open_session() as session:
            names = section_names(session, self.course.value)
            if names:
                self.by_section = mastery_by_section(session, self.course.value)
        with self._filling:
            self.section.options = [("all students", WHOLE_CLASS), *((bounded(name), name) for name in names)]

    def _section_chosen(self) -> None:
        if not self._filling:
            self.pager.first()
            self._read_page()

    def _read_page(self) -> None:
        with errors_shown(self.message):
            with self._open_session() as session:
                section = self.section.value or None
                self.page = class_mastery(session, self.course.value, section=section, offset=self.pager.offset)
            self.message.clear()
            self.pager.show(total=self.page.by_week.n_students)
            self.panel.offer(self.page)
            self._draw()

    def _read_student(self, student_id: int, name: str) -> StudentMastery:
        with self._open_session() as session:
            return student_mastery(session, self.course.value, student_id, name=name)

    def _read_advice(self, week: int, student_id: int | None = None) -> ReadingAdvice:
        return prepared_advice(self._open_session, self.course.value, week, student_id=student_id)

    def _read_course_advice(self) -> CourseAdvice:
        return prepared_course_advice(self._open_session, self.course.value)

    def _file_of(self, passage: AdvisedPassage, message: Message) -> tuple[str, bytes] | None:
        return file_of_material(self._open_session, passage.material_id, passage.file_name, passage.title, message)

    def _cell_clicked(self, click: Click) -> None:
        """Show the student of a cell; the class row belongs to no student."""
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
        self.about.value = _about(page)
        has_sections = len(self.section.options) > 1
        self.section.layout.display = None if has_sections else "none"
        self.section_part.layout.display = None if len(self.by_section) else "none"
        n_more = len(self.section.options) - 1 - MOST_SECTIONS
        self.more_sections.value = f"and {n_more:,} more, each of which can be chosen above." if n_more > 0 else ""
        self._show_body(shown=len(page.cells) > 0)
        if page.cells.empty and page.section is not None:
            self.message.bad(f"{bounded(page.section)} has no active or completed students. Choose another section, or all students.")
            return
        if page.cells.empty:
            missing = "students" if len(page.by_week.weeks) else "weeks in its syllabus"
            self.message.bad(f"{self.course.value} has no {missing} yet.")
            return
        weeks, shares = page.by_week.weeks, page.by_week.shares
        if self.as_tables:
            self.heat_map.show_table(mastery_heat_map_table(page.cells, weeks, rule=page.rule))
            self.distribution.show_table(level_distribution_table(shares))
            if len(self.by_section):
                self.sections.show_table(section_means_table(self.by_section))
        else:
            self.heat_map.show_chart(mastery_heat_map(page.cells, weeks, rule=page.rule))
            self.distribution.show_chart(level_distribution(shares, rule=page.rule))
            if len(self.by_section):
                self.sections.show_chart(section_means(self.by_section, rule=page.rule))
        self.to_help.show(STUDENTS_TO_HELP.shown(page.to_help))
        self.reading.offer(self.course.value, weeks)
        self.reading.show_as(tables=self.as_tables)
        self.panel.show_as(tables=self.as_tables)


class StudentPanel:
    """Choose a student of the page and a week; see the student's weeks and attempts.

    Parameters
    ----------
    read
        Reads a student, given by id and name; the sentence of an `LmskitError` that it raises is shown.
    read_advice
        Reads what a student, given by the id, should read again about a week.
    """

    def __init__(self, read: Callable[[int, str], StudentMastery], read_advice: Callable[[int, int], ReadingAdvice]) -> None:
        self._read, self._read_advice = read, read_advice
        self._advice: dict[int, ReadingAdvice] = {}
        self._page: ClassMastery | None = None
        self._found: StudentMastery | None = None
        self._as_tables = False
        self._filling = Filling()
        self.student, self.week = dropdown("Student", flex="2 1 230px"), dropdown("Week", flex="1 1 190px")
        self.message = Message()
        self.weeks = ChartOrTable(on_click=self._week_clicked)
        self.attempts, self.attempts_table = ClickFigure(), Table(nothing="No attempts.")
        self.advice = AdviceList()
        self._hint = text("Click a cell of the heat map, or choose a student from the list, to see the weeks and attempts behind it.")
        self._details = column()
        head = row(self.student, self.week, gap="0")
        self.view = column(heading("One student"), head, self.message.view, self._hint, self._details, flex=NARROW)
        self.student.observe(lambda _change: self._chosen(), names="value")
        self.week.observe(lambda _change: self._week_chosen(), names="value")

    def offer(self, page: ClassMastery) -> None:
        """Offer the students of a page, and choose none."""
        self._page = page
        students = page.cells.drop_duplicates("student_id")[["position", "name", "student_id"]].to_dict("records")
        with self._filling:
            self.student.options = [
                ("choose …", NO_STUDENT),
                *((f"{student['position']}. {student['name']}", int(student["student_id"])) for student in students),
            ]
            self.week.options = week_options(page.by_week.weeks)
            self.student.value, self.week.value = NO_STUDENT, ALL_WEEKS
        self._chosen()

    def choose(self, student_id: int, week_number: int = ALL_WEEKS) -> None:
        """Show a student of the page, and scroll to the chart."""
        with self._filling:
            self.student.value, self.week.value = student_id, week_number
        self._chosen()
        self.weeks.figure.reveal()

    def show_as(self, *, tables: bool) -> None:
        """Show tables, or charts."""
        self._as_tables = tables
        self._draw()

    def _chosen(self) -> None:
        if self._filling:
            return
        self.message.clear()
        self._found, self._advice = None, {}
        with errors_shown(self.message):
            if self.student.value not in {None, NO_STUDENT}:
                self._found = self._read(int(self.student.value), self._name())
            self._draw()

    def _week_chosen(self) -> None:
        if not self._filling:
            with errors_shown(self.message):
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
        found, page = self._found, self._page
        if found is None or page is None:
            self._hint.layout.display, self._details.children = None, ()
            return
        self._hint.layout.display = "none"
        week = int(self.week.value)
        self.attempts_table.show(_attempts(found.attempts, week))
        title = heading(f"Attempts in week {week}" if week else "Attempts in all weeks")
        if self._as_tables:
            self.weeks.show_table(student_weeks_table(found.weeks, rule=page.rule))
            self._details.children = (heading("Weeks"), self.weeks.view, title, self.attempts_table.view, *self._to_read(week))
            return
        self.weeks.show_chart(student_weeks(found.weeks, rule=page.rule))
        if week:
            self.attempts.show(student_attempts(found.attempts, student=self._name(), week_number=week))
        attempts = (*((self.attempts,) if week else ()), title, self.attempts_table.view)
        self._details.children = (self.weeks.view, *attempts, *self._to_read(week))

    def _to_read(self, week: int) -> tuple[widgets.Widget, ...]:
        """What the student should read again about a week; for all weeks, the weakest ones to choose from."""
        if not week:
            return (heading("What to read again"), *self._weeks_to_read())
        if week not in self._advice:
            self._advice[week] = self._read_advice(week, int(self.student.value))
        self.advice.show(self._advice[week], tables=self._as_tables)
        return (heading(f"What to read again about week {week}"), self.advice.view)

    def _weeks_to_read(self) -> tuple[widgets.Widget, ...]:
        weeks = self._found.weeks if self._found is not None else pd.DataFrame()
        assessed = weeks.dropna(subset=["value"]).sort_values(["value", "week_number"], kind="stable") if len(weeks) else weeks
        if assessed.empty:
            return (text("No week of this student is assessed yet, so there is nothing to advise."),)
        weakest = assessed.head(MOST_WEAK_WEEKS).to_dict("records")
        buttons = [self._week_button(int(week["week_number"]), str(week["topic"]), float(week["value"])) for week in weakest]
        return (text(CHOOSE_A_WEEK), row(*buttons, gap="4px"))

    def _week_button(self, number: int, topic: str, value: float) -> widgets.Button:
        made = widgets.Button(description=f"{number}: {bounded(topic)} ({number_text(value)})", layout=widgets.Layout(width="auto"))

        def choose(_button: widgets.Button) -> None:
            self.week.value = number
            self.week.focus()

        made.on_click(choose)
        return made


def _about(page: ClassMastery) -> str:
    students = count_text(page.by_week.n_students, "student")
    of_section = f" in {bounded(page.section)}; what to read again is of all students" if page.section is not None else ""
    if page.seen is not None:  # an assistant of some sections, for whom no number here is about the whole class
        of_section += f" in the sections that you see ({bounded(', '.join(page.seen)) or 'none'})"
    computed = f"computed {page.computed_at:%Y-%m-%d %H:%M} UTC" if page.computed_at else "nothing computed yet"
    sentence = f"{students} (active and completed){of_section}. {rule_text(page.rule)}; {computed}."
    return " ".join(part for part in (sentence, page.in_use.caveat()) if part)


def _attempts(attempts: pd.DataFrame, week: int) -> pd.DataFrame:
    """The attempts in one week, or in all weeks with a column of weeks, as a table to read."""
    if week:
        return student_attempts_table(attempts, week_number=week)
    known = attempts["week_number"].dropna()
    weeks = [*sorted(int(number) for number in known.unique()), *([None] if len(known) < len(attempts) else [])]
    tables = [student_attempts_table(attempts, week_number=number) for number in weeks]
    for number, table in zip(weeks, tables, strict=True):
        table.insert(0, "Week", MISSING if number is None else number)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
