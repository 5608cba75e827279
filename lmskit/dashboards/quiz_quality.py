"""The lecturer's view of a quiz: the quality of its questions, keys that are likely wrong, and changes since earlier terms."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lmskit.charts.question import (
    change_sentence,
    changes_table,
    item_drift_chart,
    item_drift_table,
    option_chart,
    option_chart_table,
)
from lmskit.charts.quiz import (
    ATTEMPTS_WORDS,
    attempts_text,
    item_map,
    item_map_table,
    quiz_statistics_table,
    score_distribution,
    score_distribution_table,
    verdict_text,
)
from lmskit.dashboards.click_figure import Click, ClickFigure
from lmskit.dashboards.dashboard import NARROW, WIDE, ChartOrTable, Dashboard, Filling, column, dropdown, row, text
from lmskit.db import Opener, snapshot
from lmskit.errors import InputError, QuizNotFoundInCourseError
from lmskit.read_models.quiz_quality import QuizPage, question_options, quiz_page, quizzes_with_answers
from lmskit.rounding import count_text
from lmskit.vocabulary import CountedAttempts
from lmskit.widgets import Message, Table, errors_shown, heading

NO_QUESTION = ""
"""Value of the option "choose …"; ids of questions have at least one character."""
LONGEST_LABEL = 70


class QuizQualityDashboard(Dashboard):
    """Choose a course, a quiz and which attempts count; see its questions; click a question to see its options and earlier terms.

    Every chart can be shown as a table, and everything that a click does, a list does as well.

    Parameters
    ----------
    course
        Code of the first course to show; by default the newest course that has students.
    quiz
        Number or title of the first quiz to show; by default the first quiz with graded answers.
    attempts
        Which of a student's graded attempts count: ``first``, ``last``, ``highest`` or ``all``.
    open_session
        Opens a session to read in; by default a snapshot of the signed-in person.

    Raises
    ------
    InputError
        `attempts` is another word.
    """

    def __init__(self, course: str = "", quiz: str = "", attempts: str = "first", *, open_session: Opener = snapshot) -> None:
        if attempts not in set(CountedAttempts):
            raise InputError(f"The attempts that count are {', '.join(CountedAttempts)}, not {attempts!r}.")
        super().__init__(open_session)
        self.page: QuizPage | None = None
        self._first_quiz = quiz
        self._filling = Filling()
        self.quiz = dropdown("Quiz", flex="1 1 300px", max_width="560px", label_width="40px")
        self.attempts = dropdown("Attempts", flex="0 1 300px", label_width="64px")
        self.attempts.options = [(ATTEMPTS_WORDS[counted], counted) for counted in CountedAttempts]
        self.attempts.value = CountedAttempts(attempts)
        self.items, self.totals = ChartOrTable(on_click=self._item_clicked), ChartOrTable()
        self.statistics_table = Table()
        self.changes_table = Table(nothing="No question of this quiz was asked in another course that you can see.")
        self.panel = QuestionPanel()
        self._items_part = column(heading("Questions"), self.items.view)
        totals = column(heading("The quiz as a whole"), self.totals.view, flex=WIDE)
        statistics = column(heading("Statistics"), self.statistics_table.view, flex=NARROW)
        self._lay_out(
            [
                row(self._items_part, self.panel.view),
                row(totals, statistics),
                heading("Changes from term to term, most certain first"),
                self.changes_table.view,
            ],
            controls=[self.quiz, self.attempts],
        )
        self.quiz.observe(lambda _change: self._read_quiz(), names="value")
        self.attempts.observe(lambda _change: self._read_quiz(), names="value")
        self._start(course)

    def _read_course(self) -> None:
        first, self._first_quiz = self._first_quiz, ""
        with errors_shown(self.message), self._filling:
            with self._open_session() as session:
                quizzes = quizzes_with_answers(session, self.course.value)
            self.quiz.options = [(_quiz_label(quiz), int(quiz["quiz_id"])) for quiz in quizzes.to_dict("records")]
            self.quiz.value = None
            self.quiz.value = _first_quiz(quizzes, first, course=self.course.value)
            if quizzes.empty:
                self.message.bad(f"{self.course.value} has no quizzes yet. An administrator creates them in admin/quiz_setup.")
        self._read_quiz()

    def _read_quiz(self) -> None:
        if self._filling:
            return
        self._show_body(shown=False)  # what is shown belongs to other options than the lists now show
        if self.quiz.value is None:
            self.page, self.about.value = None, ""
            return
        with errors_shown(self.message):
            with self._open_session() as session:
                self.page = quiz_page(session, int(self.quiz.value), attempts=self.attempts.value)
            self.message.clear()
            self.panel.offer(self.page)
            self._draw()

    def _item_clicked(self, click: Click) -> None:
        known = click.get("customdata")
        if isinstance(known, list) and known and isinstance(known[0], int):
            self.panel.choose(known[0])

    def _draw(self) -> None:
        page = self.page
        if page is None:
            return
        quality = page.quality
        self.about.value = _about(page)
        self._show_body(shown=quality.has_statistics)
        if not quality.has_statistics:
            self.message.neutral("This quiz has no statistics: no attempt is graded question by question.")
            return
        max_score = float(sum(quality.answers.max_scores.values()))
        if self.as_tables:
            self.items.show_table(item_map_table(quality.items))
            self.totals.show_table(score_distribution_table(quality.totals, max_score=max_score))
        else:
            shown: dict[str, Any] = {"attempts": quality.attempts.value, "simulated": quality.answers.simulated}
            self.items.show_chart(item_map(quality.items, **shown))
            totals = score_distribution(quality.totals, quality.quiz, max_score=max_score, n_students=quality.n_students, **shown)
            self.totals.show_chart(totals)
        self._items_part.layout.flex = "1 1 100%" if self.as_tables else WIDE  # the table of questions needs the whole width
        self.statistics_table.show(quiz_statistics_table(quality.quiz))
        self.changes_table.show(changes_table(page.drift.drift.changes, numbers=page.numbers))
        self.panel.show_as(tables=self.as_tables)


class QuestionPanel:
    """Choose a question of the quiz; see how often each option is chosen, and whether the question changed."""

    def __init__(self) -> None:
        self._page: QuizPage | None = None
        self._as_tables = False
        self._filling = Filling()
        self.question = dropdown("Question", max_width="720px", label_width="64px")
        self.message = Message()
        self.options, self.drift = ClickFigure(), ClickFigure()
        self.options_table = Table(nothing="This question has no options to choose from.")
        self.drift_table = Table(nothing="No attempt of any run counts.")
        self._hint = text("Click a question in the chart, or choose one from the list, to see its options and its earlier terms.")
        self.prompt, self.verdict, self.change = text(), text(), text()
        self._details = column()
        self.view = column(heading("One question"), self.question, self.message.view, self._hint, self._details, flex=NARROW)
        self.question.observe(lambda _change: self._draw(), names="value")

    def offer(self, page: QuizPage) -> None:
        """Offer the questions of a quiz; with other attempts of the same quiz, the same question stays chosen."""
        same_quiz = self._page is not None and self._page.quality.answers.quiz_id == page.quality.answers.quiz_id
        before = self.question.value if same_quiz else NO_QUESTION
        self._page = page
        prompts = {str(item): str(prompt) for item, prompt in page.quality.items["prompt"].items()}
        with self._filling:
            listed = [(_question_label(page.numbers[item], prompt), item) for item, prompt in prompts.items()]
            self.question.options = [("choose …", NO_QUESTION), *listed]
            self.question.value = before if before in prompts else NO_QUESTION
        self._draw()

    def choose(self, number: int) -> None:
        """Show the question with this number, and scroll to its charts."""
        numbers = self._page.numbers if self._page else {}
        for item in (item for item, own in numbers.items() if own == number):
            self.question.value = item
            self.drift.reveal()
            self.options.reveal()

    def show_as(self, *, tables: bool) -> None:
        """Show tables, or charts."""
        self._as_tables = tables
        self._draw()

    def _draw(self) -> None:
        if self._filling:
            return
        self.message.clear()
        page, item = self._page, self.question.value
        if page is None or item in {None, NO_QUESTION}:
            self._hint.layout.display, self._details.children = None, ()
            return
        self._hint.layout.display = "none"
        with errors_shown(self.message):
            self._show(page, str(item))

    def _show(self, page: QuizPage, item: str) -> None:
        quality = page.quality
        question = quality.items.to_dict("index")[item]
        self.prompt.value = str(question["prompt"])
        self.verdict.value = f"Verdict: {verdict_text(question)}."
        options = question_options(quality, item)
        by_run, changes = (table[table["item"] == item] for table in (page.drift.drift.by_run, page.drift.drift.changes))
        self.options_table.show(option_chart_table(options))
        self.drift_table.show(item_drift_table(by_run))
        self.change.value = change_sentence(changes)
        known: dict[str, Any] = {"number": page.numbers[item], "prompt": self.prompt.value, "attempts": quality.attempts.value}
        if not self._as_tables:
            self.drift.show(item_drift_chart(by_run, changes, simulated=quality.answers.simulated, **known))
        draws_options = not self._as_tables and len(options) > 0
        if draws_options:
            counts: dict[str, Any] = {"n_attempts": quality.n_attempts, "n_students": quality.n_students}
            self.options.show(option_chart(options, simulated=quality.answers.simulated, **counts, **known))
        self._details.children = (
            self.prompt,
            self.verdict,
            heading("Options"),
            self.options if draws_options else self.options_table.view,
            heading("From term to term"),
            *((self.change, self.drift_table.view) if self._as_tables or by_run.empty else (self.drift,)),
        )


def _first_quiz(quizzes: pd.DataFrame, named: str, *, course: str) -> int | None:
    """The quiz to show first: the one with this number or title, otherwise the first with answers, otherwise the first."""
    found = quizzes[(quizzes["quiz_id"].astype("str") == named) | (quizzes["title"] == named)]
    if named and found.empty:
        raise QuizNotFoundInCourseError(quiz=named, course=course)
    for candidates in (found, quizzes[quizzes["n_attempts"] > 0], quizzes):
        if len(candidates):
            return int(candidates["quiz_id"].iloc[0])
    return None


def _quiz_label(quiz: dict[Any, Any]) -> str:
    week = "no week" if pd.isna(quiz["week_number"]) else quiz["week_number"]
    return f"{week}: {quiz['title']} · {count_text(quiz['n_students'], 'student')}"


def _question_label(number: int, prompt: str) -> str:
    line = " ".join(prompt.split())
    return f"{number}. {line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1] + '…'}"


def _about(page: QuizPage) -> str:
    quality = page.quality
    answers = quality.answers
    counted = attempts_text(quality.attempts, n_attempts=quality.n_attempts, n_students=quality.n_students)
    left_out = f"; left out: {answers.left_out}" if answers.left_out else ""
    runs = ", ".join(run.course for run in page.drift.runs if run.quiz_id != answers.quiz_id)
    compared = f"Compared with {runs}." if runs else "There is no other run to compare with."
    return f"{counted}; active and completed students only{left_out}. {compared}"
