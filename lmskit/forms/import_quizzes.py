"""The quizzes of a file that are not in lmskit, or not certainly: which quiz each one is, its week, and its maximum score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.importers.report import QuizDecision
from lmskit.importers.week import week_named
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.schemas.file_import import NO_WEEK
from lmskit.widgets import Disclosure, heading

HEADING = "Quizzes that are not in lmskit yet"
UNDECIDED = ""
"""The value of the first option of a drop-down."""
NEW = "new"
SAME = "same"
"""The values of the drop-down of quizzes: `NEW`, or a pair of `SAME` and the title of a quiz in lmskit, which may be any text."""


@dataclass
class _Quiz:
    """What a person chose for one quiz; a drop-down or box that is not needed is None."""

    view: widgets.VBox
    decision: QuizDecision
    """What can be chosen, as it was before anything was chosen."""
    same: widgets.Dropdown | None
    week: widgets.Dropdown
    max_score: widgets.Text | None
    fields: dict[str, Field]
    """By the names of a request's fields."""

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen, by the names of a request's fields."""
        max_score = UNDECIDED if self.max_score is None else self.max_score.value.strip()
        same = UNDECIDED if self.same is None else self.same.value
        chosen = {"same_quizzes": same, "weeks": self.week.value, "max_scores": max_score}
        return {name: value for name, value in chosen.items() if value != UNDECIDED}


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
            "What is chosen here counts from the next preview on. A quiz about which something is missing is not imported.",
            layout=widgets.Layout(width="auto"),
        )
        hint.add_class("lmskit-text")
        hint.add_class("lmskit-hint")
        self._open = widgets.VBox([], layout=widgets.Layout(overflow="visible"))
        self._others = widgets.VBox([], layout=widgets.Layout(overflow="visible"))
        self._more = Disclosure("", self._others)
        self.view = widgets.VBox(
            [heading(HEADING), hint, self._open, self._more.view],
            layout=widgets.Layout(overflow="visible", display="none"),
        )

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """What was chosen, by the names of a request's fields, each by the title of the quiz."""
        values: dict[str, dict[str, Any]] = {"same_quizzes": {}, "weeks": {}, "max_scores": {}}
        for title, quiz in self.quizzes.items():
            for name, value in quiz.choices.items():
                values[name][title] = (None if value == NEW else value[1]) if name == "same_quizzes" else value
        return values

    @property
    def fields(self) -> list[Field]:
        """All fields of all quizzes."""
        return [field for quiz in self.quizzes.values() for field in quiz.fields.values()]

    def field(self, name: str, title: str) -> Field | None:
        """Return a field of a quiz by the name of the request's field; None if the quiz has no such field."""
        return self.quizzes[title].fields.get(name) if title in self.quizzes else None

    def show(self, decisions: Sequence[QuizDecision], *, week: int | None = None) -> None:
        """Show the quizzes of a preview; those about which nothing is missing are folded up.

        Parameters
        ----------
        decisions
            What can be decided. A quiz that is not among them any more stays if something was chosen for it, so that it can be
            taken away again.
        week
            The week of all new quizzes whose title names none; None if there is none.
        """
        before = {title: quiz for title, quiz in self.quizzes.items() if quiz.choices}
        shown = {decision.title: self._shown(self.quizzes.get(decision.title), decision, week) for decision in decisions}
        self.quizzes = {**shown, **{title: quiz for title, quiz in before.items() if title not in shown}}
        others = [quiz.view for quiz in self.quizzes.values() if not quiz.decision.is_open]
        self._open.children = [quiz.view for quiz in self.quizzes.values() if quiz.decision.is_open]
        self._others.children = others
        self._more.title = f"New quizzes about which nothing is missing ({len(others):,})"
        self._more.view.layout.display = None if others else "none"
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

    def _shown(self, known: _Quiz | None, decision: QuizDecision, general_week: int | None) -> _Quiz:
        """Return the fields of a quiz: those that there are, unless more has changed than what was chosen in them."""
        if known is None:
            return self._quiz(decision, general_week)
        before, chosen = known.decision, known.choices
        is_stored = chosen.get("same_quizzes", NEW) != NEW
        undecided = replace(
            decision,
            week=before.week if is_stored or "weeks" in chosen else decision.week,
            candidates=before.candidates if is_stored else decision.candidates,
            needs_max_score=before.needs_max_score if is_stored or "max_scores" in chosen else decision.needs_max_score,
            is_open=decision.is_open or (before.is_open and bool(chosen)),
        )
        if undecided == before:
            return known
        return self._quiz(undecided, general_week, chosen)

    def _quiz(self, decision: QuizDecision, general_week: int | None, chosen: Mapping[str, Any] = MappingProxyType({})) -> _Quiz:
        """Return new fields for a quiz, with what was chosen for it before, as far as it is still offered."""
        is_general = decision.week == general_week and week_named(decision.title) != decision.week
        source = "chosen above" if is_general else "it is named"
        named = "choose" if decision.week is None else f"{decision.week}, as {source}"
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
        for name, field in fields.items():
            control = field.control
            if name in chosen and (control is max_score or any(value == chosen[name] for _, value in control.options)):
                control.value = chosen[name]
            field.control.description = f"{field.label} of {decision.title}"  # many fields have one label: screen readers name the quiz too
            field.control.observe(lambda _change: self._on_change(), names="value")
        title = widgets.Label(decision.title, layout=widgets.Layout(width="auto"))
        title.add_class("lmskit-text")
        title.add_class("lmskit-strong")
        view = widgets.VBox([title, row(*fields.values())], layout=widgets.Layout(overflow="visible", margin="4px 0 0"))
        return _Quiz(view, decision, same, week, max_score, fields)
