"""The part of the dashboard that shows what lies behind one question: its options, and how it fared from term to term."""

from __future__ import annotations

import ipywidgets as widgets
import pandas as pd

from lmskit.charts.question import change_sentence, item_drift_chart, item_drift_table, option_chart, option_chart_table
from lmskit.charts.quiz import verdict_text
from lmskit.dashboards.click_figure import ClickFigure
from lmskit.read_models.quiz_quality import QuizPage, question_options
from lmskit.widgets import Message, Table, errors_shown, heading

NONE = ""
"""Stands for no question in the choice of questions; ids have at least one character."""
LONGEST_LABEL = 70


class QuestionPanel:
    """Choose a question of the quiz; see who chooses which option, and whether it changed."""

    def __init__(self) -> None:
        self._page: QuizPage | None = None
        self._filling = False
        self.question = widgets.Dropdown(description="Question", layout=widgets.Layout(width="auto", max_width="720px"))
        self.question.style.description_width = "64px"
        self.message = Message()
        self.options, self.drift = ClickFigure(), ClickFigure()
        self.options_table = Table(nothing="Nothing is chosen in answer to this question.")
        self.drift_table = Table(nothing="No attempt of any run counts.")
        self._hint = widgets.Label("Click a question in the figure, or choose one here, to see its options and its earlier terms.")
        self.prompt, self.verdict, self.change = (widgets.Label("", layout=widgets.Layout(width="auto")) for _ in range(3))
        for label in (self._hint, self.prompt, self.verdict, self.change):
            label.add_class("lmskit-text")
        self._details = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        self.view = widgets.VBox(
            [heading("One question"), self.question, self.message.view, self._hint, self._details],
            layout=widgets.Layout(flex="2 1 430px", min_width="0", overflow="visible"),
        )
        self.question.observe(lambda _change: self._draw(), names="value")
        self.as_tables = False

    def offer(self, page: QuizPage) -> None:
        """Offer the questions of another quiz, or of the same with other attempts; the same question stays chosen where it is there."""
        before = self.question.value if self._page and self._page.quality.answers.quiz_id == page.quality.answers.quiz_id else NONE
        self._page = page
        self._filling = True
        asked = {str(item): str(prompt) for item, prompt in page.quality.items["prompt"].items()}
        self.question.options = [("choose …", NONE), *((_label(page.numbers[item], prompt), item) for item, prompt in asked.items())]
        self.question.value = before if before in asked else NONE
        self._filling = False
        self._draw()

    def choose(self, number: int) -> None:
        """Show the question of this number, and scroll there."""
        page = self._page
        for item, own in page.numbers.items() if page else ():
            if own == number:
                self.question.value = item
                self.drift.reveal()
                self.options.reveal()

    def show_as(self, *, tables: bool) -> None:
        """Show tables in place of the charts, or charts again."""
        self.as_tables = tables
        self._draw()

    def _draw(self) -> None:
        if self._filling:
            return
        self.message.clear()
        page, item = self._page, self.question.value
        if page is None or item in {None, NONE}:
            self._hint.layout.display, self._details.children = None, ()
            return
        self._hint.layout.display = "none"
        with errors_shown(self.message):
            self._show(page, str(item))

    def _show(self, page: QuizPage, item: str) -> None:
        quality = page.quality
        row = quality.items.to_dict("index")[item]
        self.prompt.value = str(row["prompt"])
        self.verdict.value = f"Verdict: {verdict_text(row)}."
        options = question_options(quality, item)
        by_run = page.drift.drift.by_run[page.drift.drift.by_run["item"] == item]
        changes = page.drift.drift.changes[page.drift.drift.changes["item"] == item]
        self.options_table.show(option_chart_table(options))
        self.drift_table.show(item_drift_table(by_run))
        self.change.value = change_sentence(changes)
        if not self.as_tables:
            self._draw_options(page, item, options)
            known = {"number": page.numbers[item], "prompt": row["prompt"], "attempts": quality.attempts.value}
            self.drift.show(item_drift_chart(by_run, changes, simulated=quality.answers.simulated, **known))
        self._details.children = (
            self.prompt,
            self.verdict,
            heading("Options"),
            self.options if len(options) and not self.as_tables else self.options_table.view,
            heading("From term to term"),
            *((self.change, self.drift_table.view) if self.as_tables or by_run.empty else (self.drift,)),
        )

    def _draw_options(self, page: QuizPage, item: str, options: pd.DataFrame) -> None:
        if options.empty:
            return
        quality = page.quality
        figure = option_chart(
            options,
            number=page.numbers[item],
            prompt=str(quality.items.to_dict("index")[item]["prompt"]),
            attempts=quality.attempts.value,
            n_attempts=quality.n_attempts,
            n_students=quality.n_students,
            simulated=quality.answers.simulated,
        )
        self.options.show(figure)


def _label(number: int, prompt: str) -> str:
    line = " ".join(prompt.split())
    return f"{number}. {line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1] + '…'}"
