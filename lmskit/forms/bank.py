"""A question bank that is brought to a quiz: chosen, looked at with what is wrong in it, and then put into the quiz or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets
import pandas as pd

from lmskit.importers.question_banks.bank import Bank
from lmskit.rounding import count_text
from lmskit.schemas.quiz import QuizContent
from lmskit.widgets import Message, Table, Upload, errors_shown

MOST_SHOWN = 200
"""Rejections and warnings in the table."""


class BankImport:
    """A file, what is in it, and two buttons that put its questions into the quiz.

    Parameters
    ----------
    read
        Reads the bank at a path; the sentence of an `LmskitError` it raises is shown.
    on_replace, on_append
        Get the questions, to put them in place of those of the quiz, or behind them.
    """

    def __init__(
        self, read: Callable[[Path], Bank], *, on_replace: Callable[[QuizContent], None], on_append: Callable[[QuizContent], None]
    ) -> None:
        self._read = read
        self.bank: Bank | None = None
        self.upload = Upload(on_file=self._came, accept=".txt,.gift,.xml,.zip")
        self.message = Message()
        self.findings = Table()
        self.replace = widgets.Button(description="Put them in place of the questions", layout=widgets.Layout(width="auto"))
        self.append = widgets.Button(description="Put them behind the questions", layout=widgets.Layout(width="auto"))
        self._found = widgets.VBox(
            [
                self.findings.view,
                widgets.HBox([self.replace, self.append], layout=widgets.Layout(flex_flow="row wrap", overflow="visible")),
            ],
            layout=widgets.Layout(display="none", overflow="visible"),
        )
        hint = widgets.Label("A file of GIFT, Aiken, Moodle XML or QTI 2.1 (also zipped). Nothing is stored before the quiz is saved.")
        hint.add_class("lmskit-text")
        hint.add_class("lmskit-hint")
        self.view = widgets.VBox([self.upload, hint, self.message.view, self._found], layout=widgets.Layout(overflow="visible"))
        self.replace.on_click(lambda _button: self._use(on_replace, "are the quiz's questions now"))
        self.append.on_click(lambda _button: self._use(on_append, "stand behind the quiz's questions now"))

    def _came(self, path: Path) -> None:
        self.bank = None
        self._found.layout.display = "none"
        with errors_shown(self.message):
            self.bank = bank = self._read(path)
            questions, rejected = len(bank.questions), len(bank.rejections)
            said = f"{bank.name} ({bank.format}): {count_text(questions, 'question')} can be used, {rejected} cannot."
            self.message.neutral(" ".join([said, *bank.notes]) if questions else f"{said} There is nothing to use.")
            self.findings.show(_findings(bank))
            self.findings.view.layout.display = None if bank.rejections or bank.warnings else "none"
            self.replace.disabled = self.append.disabled = not bank.questions
            self._found.layout.display = None

    def _use(self, put: Callable[[QuizContent], None], what: str) -> None:
        if self.bank is None:
            return
        put(self.bank.content())
        self.message.good(f"{count_text(len(self.bank.questions), 'question')} of {self.bank.name} {what}. Save the quiz to keep them.")
        self.bank = None
        self._found.layout.display = "none"
        self.upload.forget()


def _findings(bank: Bank) -> pd.DataFrame:
    told = [("cannot be used", one) for one in bank.rejections] + [("taken, but odd", one) for one in bank.warnings]
    rows = [(what, one.file, one.row, one.value, one.reason) for what, one in told[:MOST_SHOWN]]
    return pd.DataFrame(rows, columns=["What", "File", "Row", "Question", "Why"])
