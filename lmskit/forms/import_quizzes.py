"""The quizzes of a file that are not in lmskit, or not certainly: which quiz each one is, its week, and its maximum score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.importers.report import QuizDecision
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.schemas.file_import import NO_WEEK
from lmskit.widgets import heading

UNDECIDED = ""
"""The value of the first option of a drop-down."""
NEW = "new"
SAME = "same"
"""The values of the drop-down of quizzes: `NEW`, or a pair of `SAME` and the title of a quiz in lmskit, which may be any text."""


@dataclass
class _Quiz:
    """What a person chose for one quiz; a drop-down or box that is not needed is None."""

    view: widgets.VBox
    is_open: bool
    same: widgets.Dropdown | None
    week: widgets.Dropdown
    max_score: widgets.Text | None
    fields: dict[str, Field]
    """By the names of a request's fields."""


class ImportQuizzes:
    """One line of fields for each quiz; takes no room before a preview has found such quizzes.

    What was chosen stays, preview after preview, until `clear`.

    Parameters
    ----------
    on_change
        Called when a person chose something.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.quizzes: dict[str, _Quiz] = {}
        hint = widgets.Label(
            "What is chosen here counts from the next preview on. Results of a quiz about which something is missing are not imported.",
            layout=widgets.Layout(width="auto"),
        )
        hint.add_class("lmskit-text")
        hint.add_class("lmskit-hint")
        self._open = widgets.VBox([], layout=widgets.Layout(overflow="visible"))
        self._others = widgets.VBox([], layout=widgets.Layout(overflow="visible"))
        self._more = widgets.Accordion([self._others], titles=("",), selected_index=None)
        self.view = widgets.VBox(
            [heading("Quizzes that are not in lmskit yet"), hint, self._open, self._more],
            layout=widgets.Layout(overflow="visible", display="none"),
        )

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """What was chosen, by the names of a request's fields, each by the title of the quiz."""
        same = {
            title: None if quiz.same.value == NEW else quiz.same.value[1]
            for title, quiz in self.quizzes.items()
            if quiz.same is not None and quiz.same.value != UNDECIDED
        }
        weeks = {title: quiz.week.value for title, quiz in self.quizzes.items() if quiz.week.value != UNDECIDED}
        max_scores = {
            title: quiz.max_score.value.strip()
            for title, quiz in self.quizzes.items()
            if quiz.max_score is not None and quiz.max_score.value.strip()
        }
        return {"same_quizzes": same, "weeks": weeks, "max_scores": max_scores}

    @property
    def fields(self) -> list[Field]:
        """All fields of all quizzes."""
        return [field for quiz in self.quizzes.values() for field in quiz.fields.values()]

    def field(self, name: str, title: str) -> Field | None:
        """Return a field of a quiz by the name of the request's field; None if the quiz has no such field."""
        return self.quizzes[title].fields.get(name) if title in self.quizzes else None

    def show(self, decisions: Sequence[QuizDecision]) -> None:
        """Add the quizzes of a preview; those about which nothing is missing are folded up."""
        for decision in decisions:
            if decision.title not in self.quizzes:
                self.quizzes[decision.title] = self._quiz(decision)
        others = [quiz.view for quiz in self.quizzes.values() if not quiz.is_open]
        self._open.children = [quiz.view for quiz in self.quizzes.values() if quiz.is_open]
        self._others.children = others
        self._more.set_title(0, f"New quizzes about which nothing is missing ({len(others):,})")
        self._more.layout.display = None if others else "none"
        self.view.layout.display = None if self.quizzes else "none"

    def clear(self) -> None:
        """Forget all quizzes, since another file has others."""
        self.quizzes = {}
        self.show(())

    def disable(self, *, disabled: bool) -> None:
        """Allow changes, or not, while a task runs."""
        for quiz in self.quizzes.values():
            for control in filter(None, (quiz.same, quiz.week, quiz.max_score)):
                control.disabled = disabled

    def _quiz(self, decision: QuizDecision) -> _Quiz:
        named = "choose" if decision.week is None else f"{decision.week}, as it is named"
        numbers = [(str(number), number) for number in range(FIRST_WEEK, LAST_WEEK + 1)]
        week = widgets.Dropdown(options=[(named, UNDECIDED), *numbers, ("none: results are not evidence", NO_WEEK)])
        same, max_score = None, None
        fields: dict[str, Field] = {}
        if decision.candidates:
            known = [(f"it is “{title}”", (SAME, title)) for title in decision.candidates]
            same = widgets.Dropdown(options=[("choose", UNDECIDED), *known, ("it is a new quiz", NEW)])
            fields["same_quizzes"] = Field("Quiz in lmskit", same, width="0 1 420px")
        fields["weeks"] = Field("Week", week, width="0 1 220px")
        if decision.needs_max_score:
            max_score = widgets.Text(placeholder="such as 10", continuous_update=False)
            fields["max_scores"] = Field("Maximum score", max_score, width="0 1 220px")
        for field in fields.values():
            field.control.description = f"{field.label} of {decision.title}"  # many fields have one label: screen readers name the quiz too
            field.control.observe(lambda _change: self._on_change(), names="value")
        title = widgets.Label(decision.title, layout=widgets.Layout(width="auto"))
        title.add_class("lmskit-text")
        title.add_class("lmskit-strong")
        view = widgets.VBox([title, row(*fields.values())], layout=widgets.Layout(overflow="visible", margin="4px 0 0"))
        return _Quiz(view, decision.is_open, same, week, max_score, fields)
