"""The questions of a quiz as a field of a form: a list, an editor for the selected question, and a preview."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets
import pandas as pd
from pydantic import ValidationError

from lmskit.forms.field import Field, GridField, named, row
from lmskit.forms.question_draft import TYPES, QuestionDraft, content, drafts_of, new_id
from lmskit.rounding import count_text
from lmskit.schemas.mistakes import mistakes
from lmskit.schemas.quiz import MatchQuestion, Question, QuizContent
from lmskit.vocabulary import QuestionType
from lmskit.widgets import Grid, GridColumn, Message, Table

SHORT = 60
PREVIEWED = 200
"""Most questions in the preview."""
NONE = -1
LABELS = {"prompt": "Question", "points": "Points", "topic": "Topic", "options": "Option", "targets": "Partner"}
MOST_OPTIONS = 100
OPTION = GridColumn("text", "Option", share="minmax(140px, 1fr)")
ID = GridColumn("id", "", "hidden")
KEY_LABELS = {"tolerance": "Tolerance", "feedback": "Feedback", "answer": "Right answer"}


class QuestionEditor:
    """The fields of one draft; the type of its question decides which of them are shown. Changes are written to the draft.

    Parameters
    ----------
    on_change
        Called after each change.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._draft: QuestionDraft | None = None
        self._showing = False
        self.type = widgets.Dropdown(options=[(text, kind) for kind, text in TYPES.items()])
        self.prompt = widgets.Textarea(rows=3, continuous_update=False)
        self.points, self.topic = widgets.Text(), widgets.Text()
        self.feedback = widgets.Textarea(rows=2, continuous_update=False)
        self.truth = widgets.Dropdown(options=[("not set", ""), ("true", "true"), ("false", "false")])
        self.number, self.tolerance = widgets.Text(), widgets.Text()
        right = GridColumn("right", "Right", "check", "64px")
        self.options = GridField("Options", Grid([ID, OPTION, right], noun="option", most=MOST_OPTIONS))
        self.steps = GridField("Options, in the right order", Grid([ID, OPTION], noun="option", most=MOST_OPTIONS))
        target = GridColumn("target", "Partner", share="minmax(140px, 1fr)")
        pairs = Grid([ID, OPTION, GridColumn("target_id", "", "hidden"), target], noun="pair", most=MOST_OPTIONS)
        self.pairs = GridField("Pairs", pairs, hint="A partner without an option belongs to none; students see it too.")
        spelling = GridColumn("text", "Accepted answer", share="minmax(140px, 1fr)")
        self.spellings = GridField("Accepted answers", Grid([spelling], noun="answer", most=MOST_OPTIONS))
        truth = Field("The statement is", self.truth)
        number = row(
            Field("Right answer", self.number, width="1 1 120px"),
            Field("Tolerance", self.tolerance, hint="Largest accepted difference.", width="1 1 120px"),
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
            Field("Topic (optional)", self.topic, width="2 1 130px"),
        )
        self.view = widgets.VBox(
            [
                kind,
                Field("Question", self.prompt).view,
                *dict.fromkeys(self._parts.values()),
                Field("Feedback after the answer", self.feedback).view,
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
            control.observe(lambda _change: self._changed_by_person(), names="value")
        for grid in self._grids.values():
            grid.observe(lambda _change: self._changed_by_person(), names="content")
        self._show_parts()

    def show(self, draft: QuestionDraft | None) -> None:
        """Show the fields of a draft, or no fields for None."""
        self._draft = draft
        self.view.layout.display = None if draft else "none"
        if draft is None:
            return
        with self._without_events():
            self.type.value = draft.type
            for name, control in self._texts.items():
                control.value = getattr(draft, name)
            self.truth.value = draft.answer if draft.answer in {"true", "false"} else ""
            self.number.value = draft.answer if draft.type is QuestionType.NUMERIC else ""
            for name, grid in self._grids.items():
                grid.rows = getattr(draft, name)
        self._show_parts()

    @contextmanager
    def _without_events(self) -> Iterator[None]:
        """Set values without treating them as changes by the person."""
        self._showing = True
        try:
            yield
        finally:
            self._showing = False

    def _changed_by_person(self) -> None:
        draft = self._draft
        if self._showing or draft is None:
            return
        draft.type = self.type.value
        for name, control in self._texts.items():
            setattr(draft, name, control.value)
        for name, grid in self._grids.items():
            setattr(draft, name, grid.rows)
        draft.answer = self.number.value if draft.type is QuestionType.NUMERIC else self.truth.value
        self._show_parts()
        self._on_change()

    def _show_parts(self) -> None:
        """Show the fields for the type of the question."""
        wanted = self._parts.get(self.type.value)
        for part in self._parts.values():
            part.layout.display = None if part is wanted else "none"


class Questions(Field):
    """A list of questions that can be added, removed, moved and edited.

    Attributes
    ----------
    drafts
        A draft of each question.
    """

    def __init__(self) -> None:
        self.drafts: list[QuestionDraft] = []
        self.list = widgets.Select(options=[], rows=12, layout=widgets.Layout(width="auto"))
        named(self.list, "Questions")
        self.add, self.remove = _button("+ Add", "Add a question after this one"), _button("✕ Remove", "Remove this question")
        self.up, self.down = _button("↑", "Move this question up"), _button("↓", "Move this question down")
        self.up.layout.width = self.down.layout.width = "40px"
        self.editor = QuestionEditor(self._changed)
        self.trouble = Message()
        self.preview = Table(nothing="There are no questions yet.")
        self.sum = widgets.Label("")
        self.show_preview = widgets.ToggleButton(description="Preview", tooltip="Show all questions with the right answers")
        self.show_preview.layout.width = "auto"
        self._preview = widgets.VBox([self.preview.view], layout=widgets.Layout(display="none", overflow="visible"))
        buttons = widgets.HBox([self.add, self.remove, self.up, self.down], layout=widgets.Layout(flex_flow="row wrap", overflow="visible"))
        left = widgets.VBox([self.list, buttons, self.sum], layout=widgets.Layout(flex="1 1 280px", overflow="visible"))
        right = widgets.VBox([self.trouble.view, self.editor.view], layout=widgets.Layout(flex="3 1 440px", overflow="visible"))
        both = widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 18px"))
        body = widgets.VBox([both, widgets.HBox([self.show_preview]), self._preview], layout=widgets.Layout(overflow="visible"))
        super().__init__("Questions", body)
        self._problems: dict[int, str] = {}
        self._writing = False
        self.list.observe(lambda _change: self._chosen(), names="value")
        self.add.on_click(lambda _button: self._add())
        self.remove.on_click(lambda _button: self._remove())
        self.up.on_click(lambda _button: self._move(-1))
        self.down.on_click(lambda _button: self._move(+1))
        self.show_preview.observe(lambda _change: self._update_preview(), names="value")
        self.show(QuizContent(questions=()))

    def show(self, stored: QuizContent) -> None:
        """Replace the questions by those of a quiz."""
        self.drafts = drafts_of(stored)
        self.clear_problem()
        self._rewrite_list(0)

    def append(self, stored: QuizContent) -> None:
        """Add questions at the end; a question whose id is taken gets another id."""
        for draft in drafts_of(stored):
            taken = [other.id for other in self.drafts]
            draft.id = new_id(taken) if draft.id in taken else draft.id
            self.drafts.append(draft)
        self._rewrite_list(len(self.drafts) - 1)

    def read(self) -> dict[str, Any]:
        """The questions and their answer key, as a request takes them."""
        return content(self.drafts)

    def clear_problem(self) -> None:
        """Show no mistake, in no question."""
        super().clear_problem()
        self._problems = {}
        self.trouble.clear()

    def show_problem(self, part: str, sentence: str) -> str:
        """Show the mistakes beside the questions they concern, and select the first of them."""
        self._problems = {position: problem for position, draft in enumerate(self.drafts) if (problem := _problem(draft))}
        if not self._problems:
            return super().show_problem(part, sentence)
        first = min(self._problems)
        self._rewrite_list(first)
        self._show_question_problem()
        return " ".join(f"question {position + 1}: {problem}" for position, problem in self._problems.items())

    def _show_question_problem(self) -> None:
        problem = self._problems.get(self._position)
        self.trouble.bad(problem) if problem else self.trouble.clear()

    @property
    def _position(self) -> int:
        return NONE if self.list.value is None else int(self.list.value)

    def _rewrite_list(self, chosen: int) -> None:
        """Rewrite the list and select one question."""
        labels = [_label(position, draft, wrong=position in self._problems) for position, draft in enumerate(self.drafts)]
        chosen = min(max(chosen, 0), len(labels) - 1)
        self._set_options([(label, position) for position, label in enumerate(labels)], chosen if labels else None)
        self._chosen()
        self._show_total()

    def _set_options(self, options: list[tuple[str, int]], chosen: int | None) -> None:
        """Set the options of the list without showing another question in between."""
        self._writing = True
        try:
            self.list.options = options
            self.list.value = chosen
        finally:
            self._writing = False

    def _chosen(self) -> None:
        if self._writing:
            return
        position = self._position
        self.editor.show(self.drafts[position] if 0 <= position < len(self.drafts) else None)
        self.remove.disabled = not self.drafts
        self.up.disabled, self.down.disabled = position <= 0, not 0 <= position < len(self.drafts) - 1
        self._show_question_problem()

    def _changed(self) -> None:
        """Update the label of the edited question in the list."""
        position = self._position
        label = _label(position, self.drafts[position], wrong=position in self._problems)
        if self.list.options[position][0] != label:
            options = list(self.list.options)
            options[position] = (label, position)
            self._set_options(options, position)
        self._show_total()

    def _show_total(self) -> None:
        points = [_points(draft) for draft in self.drafts]
        self.sum.value = f"{count_text(len(points), 'question')}, {sum(points):g} {'point' if sum(points) == 1 else 'points'}"
        self._update_preview()

    def _add(self) -> None:
        position = self._position + 1
        kind = self.drafts[position - 1].type if self.drafts else QuestionType.CHOICE
        self.drafts.insert(position, QuestionDraft(new_id([draft.id for draft in self.drafts]), type=kind))
        self.clear_problem()
        self._rewrite_list(position)

    def _remove(self) -> None:
        if self.drafts:
            position = self._position
            del self.drafts[position]
            self.clear_problem()
            self._rewrite_list(position)

    def _move(self, step: int) -> None:
        position, other = self._position, self._position + step
        if position >= 0 and 0 <= other < len(self.drafts):
            self.drafts[position], self.drafts[other] = self.drafts[other], self.drafts[position]
            self.clear_problem()
            self._rewrite_list(other)

    def _update_preview(self) -> None:
        self._preview.layout.display = None if self.show_preview.value else "none"
        if self.show_preview.value:
            self.preview.show(_preview_table(self.drafts[:PREVIEWED]))


def _label(position: int, draft: QuestionDraft, *, wrong: bool) -> str:
    prompt = " ".join(draft.prompt.split()) or "(no text yet)"
    return f"{'⚠ ' if wrong else ''}{position + 1}. {prompt if len(prompt) <= SHORT else prompt[: SHORT - 1] + '…'}"


def _problem(draft: QuestionDraft) -> str:
    """The mistakes in one question by itself; empty if there are none."""
    try:
        QuizContent.model_validate(content([draft]))
    except ValidationError as error:
        return " ".join(dict.fromkeys(_labelled(name, sentence) for name, sentence in mistakes(error).items()))
    return ""


def _labelled(name: str, sentence: str) -> str:
    """Name a mistake by the labels of the form: `questions.0.choice.options.1.text` becomes "Option 2"."""
    if name.startswith("answer_key."):
        label = next((label for part, label in KEY_LABELS.items() if f".{part}" in name), "")
        return f"{label}: {sentence}" if label else sentence
    part, index = [*name.split(".")[3:], "", ""][:2]
    label = LABELS.get(part, part)
    return f"{label}{f' {int(index) + 1}' if index.isdigit() else ''}: {sentence}" if label else sentence


def _points(draft: QuestionDraft) -> float:
    try:
        return max(float(draft.points), 0)
    except ValueError:
        return 0


def _preview_table(drafts: Sequence[QuestionDraft]) -> pd.DataFrame:
    rows = []
    for position, draft in enumerate(drafts, 1):
        try:
            read = QuizContent.model_validate(content([draft]))
            answers = " · ".join(_answers(read.questions[0], read.answer_key[draft.id].answer if draft.id in read.answer_key else None))
        except ValidationError:
            answers = f"⚠ {_problem(draft)}"
        rows.append((position, TYPES[draft.type], draft.prompt, answers, draft.points))
    columns = ["No.", "Type", "Question", "Answers (✓ right)", "Points"]
    return pd.DataFrame(rows, columns=columns)


def _answers(question: Question, answer: Any) -> list[str]:  # noqa: ANN401 - its type depends on the question
    if isinstance(question, MatchQuestion):
        targets = {target.id: target.text for target in question.targets}
        pairs = answer or {}
        used = [f"{option.text} → {targets[pairs[option.id]] if option.id in pairs else '?'}" for option in question.options]
        return used + [f"(none) → {text}" for name, text in targets.items() if name not in pairs.values()]
    if question.type is QuestionType.ORDER and answer:
        texts = {option.id: option.text for option in question.options}
        return [f"{number}. {texts[name]}" for number, name in enumerate(answer, 1)]
    if question.options:
        right = [answer] if isinstance(answer, str) else answer or []
        return [f"✓ {option.text}" if option.id in right else option.text for option in question.options]
    if question.type is QuestionType.ESSAY:
        return ["graded by a person"]
    if answer is None:
        return ["not set"]
    return [f"✓ {str(text).lower() if isinstance(text, bool) else text}" for text in (answer if isinstance(answer, list) else [answer])]


def _button(description: str, tooltip: str) -> widgets.Button:
    return widgets.Button(description=description, tooltip=tooltip, layout=widgets.Layout(width="auto"))
