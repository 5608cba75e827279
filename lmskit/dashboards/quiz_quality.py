"""The lecturer's view of a quiz: which questions do their work, which keys are likely wrong, and what changed since earlier terms."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from lmskit.charts.question import changes_table
from lmskit.charts.quiz import (
    ATTEMPTS_WORDS,
    attempts_text,
    item_map,
    item_map_table,
    quiz_statistics_table,
    score_distribution,
    score_distribution_table,
)
from lmskit.dashboards.click_figure import Click, ClickFigure
from lmskit.dashboards.course_choice import offer_courses
from lmskit.dashboards.one_question import QuestionPanel
from lmskit.db import Opener, snapshot
from lmskit.errors import InputError, QuizNotFoundInCourseError
from lmskit.read_models.quiz_quality import QuizPage, quiz_page, quizzes_with_answers
from lmskit.rounding import count_text
from lmskit.vocabulary import CountedAttempts
from lmskit.widgets import ROOT, Message, Table, errors_shown, heading, style

CHARTS, TABLES = "Charts", "Tables"
WIDE = "3 1 560px"
"""The share of the width that a figure has beside what belongs to it."""


class QuizQuality:
    """Choose a course, a quiz and which attempts count; see its questions; click one to see its options and its earlier terms.

    Every chart has a table in its place at the press of a button, and whatever a click does, a choice in a list does too.

    Parameters
    ----------
    course
        The code of the course to begin with; by default the newest one that has students.
    quiz
        Number or title of the quiz to begin with; by default the first one that has graded answers.
    attempts
        Which of a student's graded attempts count: ``first``, ``last``, ``highest`` or ``all``.
    opened
        Opens a transaction to read in; by default a snapshot of the signed-in person.

    Raises
    ------
    InputError
        `attempts` is none of the four.
    """

    def __init__(self, course: str = "", quiz: str = "", attempts: str = "first", *, opened: Opener = snapshot) -> None:
        if attempts not in set(CountedAttempts):
            raise InputError(f"The attempts that count are {', '.join(CountedAttempts)}, not {attempts!r}.")
        self._opened = opened
        self._filling = False
        self.page: QuizPage | None = None
        self.course = widgets.Dropdown(description="Course", layout=widgets.Layout(flex="1 1 340px", width="auto", max_width="620px"))
        self.quiz = widgets.Dropdown(description="Quiz", layout=widgets.Layout(flex="1 1 300px", width="auto", max_width="560px"))
        self.attempts = widgets.Dropdown(
            description="Attempts",
            options=[(ATTEMPTS_WORDS[one], one) for one in CountedAttempts],
            value=CountedAttempts(attempts),
            layout=widgets.Layout(flex="0 1 300px", width="auto"),
        )
        for choice, width in ((self.course, "56px"), (self.quiz, "40px"), (self.attempts, "64px")):
            choice.style.description_width = width
        self.look = widgets.ToggleButtons(options=[CHARTS, TABLES], tooltips=["Show figures", "Show the same as tables"])
        self.look.style.button_width = "72px"
        self.simulated = widgets.Label("Simulated data: nobody here exists.", layout=widgets.Layout(width="auto", display="none"))
        self.simulated.add_class("lmskit-mark")
        self.about = widgets.Label("", layout=widgets.Layout(width="auto"))
        self.about.add_class("lmskit-text")
        self.message = Message()
        self.items, self.items_table = ClickFigure(on_click=self._item_clicked), Table()
        self.totals, self.totals_table = ClickFigure(), Table()
        self.statistics_table = Table()
        self.changes_table = Table(nothing="No question of this quiz was asked in another course that you can see.")
        self.panel = QuestionPanel()
        self._items_place, self._totals_place = (widgets.VBox(layout=widgets.Layout(overflow="visible")) for _ in range(2))
        self._items_part = widgets.VBox([heading("Questions"), self._items_place], layout=widgets.Layout(min_width="0", overflow="visible"))
        self._body = self._laid_out()
        controls = [self.course, self.quiz, self.attempts, self.look, self.simulated]
        row = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="2px 14px", align_items="center")
        self.view = widgets.VBox([style(), widgets.HBox(controls, layout=row), self.about, self.message.view, self._body])
        self.view.add_class(ROOT)
        offer_courses(self.course, self.message, self._opened, course)
        self._course_chosen(quiz)
        self.course.observe(lambda _change: self._course_chosen(""), names="value")
        self.quiz.observe(lambda _change: self._read(), names="value")
        self.attempts.observe(lambda _change: self._read(), names="value")
        self.look.observe(lambda _change: self._draw(), names="value")

    def _laid_out(self) -> widgets.VBox:
        beside = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 18px", align_items="flex-start")
        wide, narrow = (widgets.Layout(flex=flex, min_width="0", overflow="visible") for flex in (WIDE, "2 1 430px"))
        return widgets.VBox(
            [
                widgets.HBox([self._items_part, self.panel.view], layout=beside),
                widgets.HBox(
                    [
                        widgets.VBox([heading("The quiz as a whole"), self._totals_place], layout=wide),
                        widgets.VBox([heading("Its statistics"), self.statistics_table.view], layout=narrow),
                    ],
                    layout=beside,
                ),
                heading("What changed from term to term, the surest first"),
                self.changes_table.view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )

    def _course_chosen(self, first: str) -> None:
        if self.course.value is None:
            self._body.layout.display = "none"
            return
        self.message.clear()
        self._filling = True
        with errors_shown(self.message):
            with self._opened() as session:
                table = quizzes_with_answers(session, self.course.value)
            self.quiz.options = [(_quiz_label(row), int(row["quiz_id"])) for row in table.to_dict("records")]
            named = table[(table["quiz_id"].astype("str") == first) | (table["title"] == first)]
            answered = table[table["n_attempts"] > 0]
            if first and named.empty:
                self.quiz.value = None
                raise QuizNotFoundInCourseError(quiz=first, course=self.course.value)
            begin = named if len(named) else answered if len(answered) else table
            self.quiz.value = int(begin["quiz_id"].iloc[0]) if len(begin) else None
            if not len(table):
                self.message.bad(f"{self.course.value} has no quizzes yet. An administrator makes them in admin/quiz_setup.")
        self._filling = False
        self._read()

    def _read(self) -> None:
        if self._filling:
            return
        if self.quiz.value is None:
            self.page, self.about.value = None, ""
            self._body.layout.display = self.simulated.layout.display = "none"
            return
        with errors_shown(self.message):
            with self._opened() as session:
                self.page = quiz_page(session, int(self.quiz.value), attempts=self.attempts.value)
            self.message.clear()
            self.panel.offer(self.page)
            self._draw()
            return
        # What is on the screen belongs to another choice than the lists show.
        self._body.layout.display = "none"

    def _item_clicked(self, click: Click) -> None:
        known = click.get("customdata")
        if isinstance(known, list) and known and isinstance(known[0], int):
            self.panel.choose(known[0])

    def _draw(self) -> None:
        page = self.page
        if page is None:
            return
        quality, tables = page.quality, self.look.value == TABLES
        simulated = quality.answers.simulated
        self.simulated.layout.display = None if simulated else "none"
        self.about.value = _about(page)
        nothing = quality.items.empty or not quality.n_attempts
        self._body.layout.display = "none" if nothing else None
        if nothing:
            self.message.neutral("There is nothing to judge this quiz by: no attempt is graded question by question.")
            return
        maximum = float(sum(quality.answers.max_scores.values()))
        if tables:
            self.items_table.show(item_map_table(quality.items))
            self.totals_table.show(score_distribution_table(quality.totals, max_score=maximum))
        else:
            shown: dict[str, Any] = {"attempts": quality.attempts.value, "simulated": simulated}
            self.items.show(item_map(quality.items, **shown))
            self.totals.show(score_distribution(quality.totals, quality.quiz, max_score=maximum, n_students=quality.n_students, **shown))
        self._items_part.layout.flex = "1 1 100%" if tables else WIDE  # the table of items needs the whole width
        self._items_place.children = (self.items_table.view if tables else self.items,)
        self._totals_place.children = (self.totals_table.view if tables else self.totals,)
        self.statistics_table.show(quiz_statistics_table(quality.quiz))
        self.changes_table.show(changes_table(page.drift.drift.changes, numbers=page.numbers))
        self.panel.show_as(tables=tables)


def _quiz_label(quiz: dict[Any, Any]) -> str:
    return f"{quiz['week_number']}: {quiz['title']} · {count_text(quiz['n_students'], 'student')}"


def _about(page: QuizPage) -> str:
    quality = page.quality
    answers = quality.answers
    resting = attempts_text(quality.attempts, n_attempts=quality.n_attempts, n_students=quality.n_students)
    runs = ", ".join(run.course for run in page.drift.runs if run.quiz_id != answers.quiz_id)
    return (
        f"{resting} (active and completed){f'; left out: {answers.left_out}' if answers.left_out else ''}. "
        f"{'Compared with ' + runs if runs else 'Nothing to compare it with'}."
    )
