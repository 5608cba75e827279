"""The fields of one question; which of them are shown depends on its type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import ipywidgets as widgets

from lmskit.forms.field import Field, GridField, row
from lmskit.forms.question_draft import TYPES, QuestionDraft
from lmskit.vocabulary import QuestionType
from lmskit.widgets import Grid, GridColumn

MOST_OPTIONS = 100
OPTION = GridColumn("text", "Option", share="minmax(140px, 1fr)")
ID = GridColumn("id", "", "hidden")


class QuestionEditor:
    """The fields of the draft that `show` was given; what is typed goes into it.

    Parameters
    ----------
    on_change
        Called after something was typed or chosen.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._draft: QuestionDraft | None = None
        self._showing = False
        self.type = widgets.Dropdown(options=[(text, kind) for kind, text in TYPES.items()])
        self.prompt = widgets.Textarea(rows=3, continuous_update=False)
        self.points, self.topic = widgets.Text(), widgets.Text()
        self.feedback = widgets.Textarea(rows=2, continuous_update=False)
        self.truth = widgets.Dropdown(options=[("not said", ""), ("true", "true"), ("false", "false")])
        self.number, self.tolerance = widgets.Text(), widgets.Text()
        right = GridColumn("right", "Right", "check", "64px")
        self.options = GridField("Options", Grid([ID, OPTION, right], noun="option", most=MOST_OPTIONS))
        self.steps = GridField("Options, in the right order", Grid([ID, OPTION], noun="option", most=MOST_OPTIONS))
        target = GridColumn("target", "What belongs to it", share="minmax(140px, 1fr)")
        pairs = Grid([ID, OPTION, GridColumn("target_id", "", "hidden"), target], noun="pair", most=MOST_OPTIONS)
        self.pairs = GridField("Pairs", pairs, hint="Without an option, it is one more to choose from that belongs to none.")
        spelling = GridColumn("text", "Accepted answer", share="minmax(140px, 1fr)")
        self.spellings = GridField("Accepted answers", Grid([spelling], noun="answer", most=MOST_OPTIONS))
        truth = Field("The statement is", self.truth)
        number = row(
            Field("Right answer", self.number, width="1 1 120px"),
            Field("Tolerance", self.tolerance, hint="How far off an answer may be.", width="1 1 120px"),
        )
        self._parts: dict[QuestionType, widgets.DOMWidget] = {
            QuestionType.CHOICE: self.options.view,
            QuestionType.MULTIPLE: self.options.view,
            QuestionType.TRUE_FALSE: truth.view,
            QuestionType.NUMERIC: number,
            QuestionType.SHORT_TEXT: self.spellings.view,
            QuestionType.MATCH: self.pairs.view,
            QuestionType.ORDER: self.steps.view,
        }
        kind = row(
            Field("Type", self.type, width="3 1 220px"),
            Field("Points", self.points, width="1 1 70px"),
            Field("Topic, if it has one", self.topic, width="2 1 130px"),
        )
        self.view = widgets.VBox(
            [
                kind,
                Field("Question", self.prompt).view,
                *dict.fromkeys(self._parts.values()),
                Field("Feedback, after the answer", self.feedback).view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )
        self._grids = {"options": self.options.grid, "steps": self.steps.grid, "pairs": self.pairs.grid, "spellings": self.spellings.grid}
        self._texts = {
            "prompt": self.prompt,
            "points": self.points,
            "topic": self.topic,
            "feedback": self.feedback,
            "tolerance": self.tolerance,
        }
        for control in (self.type, self.truth, self.number, *self._texts.values()):
            control.observe(lambda _change: self._typed(), names="value")
        for grid in self._grids.values():
            grid.observe(lambda _change: self._typed(), names="content")
        self._fit()

    def show(self, draft: QuestionDraft | None) -> None:
        """Show the fields of a draft; without one, none."""
        self._draft = draft
        self.view.layout.display = None if draft else "none"
        if draft is None:
            return
        with self._quietly():
            self.type.value = draft.type
            for name, control in self._texts.items():
                control.value = getattr(draft, name)
            self.truth.value = draft.answer if draft.answer in {"true", "false"} else ""
            self.number.value = draft.answer if draft.type is QuestionType.NUMERIC else ""
            for name, grid in self._grids.items():
                grid.rows = getattr(draft, name)
        self._fit()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Put values into the fields that nobody typed."""
        self._showing = True
        try:
            yield
        finally:
            self._showing = False

    def _typed(self) -> None:
        draft = self._draft
        if self._showing or draft is None:
            return
        draft.type = self.type.value
        for name, control in self._texts.items():
            setattr(draft, name, control.value)
        for name, grid in self._grids.items():
            setattr(draft, name, grid.rows)
        draft.answer = self.number.value if draft.type is QuestionType.NUMERIC else self.truth.value
        self._fit()
        self._on_change()

    def _fit(self) -> None:
        """Show what a question of this type has."""
        wanted = self._parts.get(self.type.value)
        for part in self._parts.values():
            part.layout.display = None if part is wanted else "none"
