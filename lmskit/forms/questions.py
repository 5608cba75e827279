"""The questions of a quiz as a field of a form: a list, the question that is chosen from it, and how all of it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd
from pydantic import ValidationError

from lmskit.forms.field import Field
from lmskit.forms.question_draft import QuestionDraft, content, drafts_of, new_id
from lmskit.forms.question_editor import QuestionEditor
from lmskit.rounding import count_text
from lmskit.schemas.mistakes import mistakes
from lmskit.schemas.quiz import MatchQuestion, Question, QuizContent
from lmskit.vocabulary import QuestionType
from lmskit.widgets import Message, Table

SHORT = 60
PREVIEWED = 200
"""Questions that the preview shows; a longer table helps nobody."""
NONE = -1
LABELS = {"prompt": "Question", "points": "Points", "topic": "Topic", "options": "Options", "targets": "What belongs to them"}
OF_THE_KEY = {"tolerance": "Tolerance", "feedback": "Feedback", "answer": "Right answer"}


class Questions(Field):
    """Questions that can be added, removed, moved and edited one by one.

    Attributes
    ----------
    drafts
        What stands in the fields of each question.
    """

    def __init__(self) -> None:
        self.drafts: list[QuestionDraft] = []
        self.list = widgets.Select(options=[], rows=12, layout=widgets.Layout(width="auto"))
        self.add, self.remove = _button("+ Add", "Add a question after this one"), _button("✕ Remove", "Remove this question")
        self.up, self.down = _button("↑", "Move this question up"), _button("↓", "Move this question down")
        self.up.layout.width = self.down.layout.width = "40px"
        self.editor = QuestionEditor(self._changed)
        self.trouble = Message()
        self.preview = Table(nothing="There is no question yet.")
        self.sum = widgets.Label("")
        self.look = widgets.ToggleButton(description="Preview", tooltip="How all questions read, with the right answers")
        self._preview = widgets.VBox([self.preview.view], layout=widgets.Layout(display="none", overflow="visible"))
        buttons = widgets.HBox([self.add, self.remove, self.up, self.down], layout=widgets.Layout(flex_flow="row wrap", overflow="visible"))
        left = widgets.VBox([self.list, buttons, self.sum], layout=widgets.Layout(flex="1 1 280px", overflow="visible"))
        right = widgets.VBox([self.trouble.view, self.editor.view], layout=widgets.Layout(flex="3 1 440px", overflow="visible"))
        both = widgets.HBox([left, right], layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 18px"))
        body = widgets.VBox([both, widgets.HBox([self.look]), self._preview], layout=widgets.Layout(overflow="visible"))
        super().__init__("Questions", body)
        self._problems: dict[int, str] = {}
        self._writing = False
        self.list.observe(lambda _change: self._chosen(), names="value")
        self.add.on_click(lambda _button: self._add())
        self.remove.on_click(lambda _button: self._remove())
        self.up.on_click(lambda _button: self._move(-1))
        self.down.on_click(lambda _button: self._move(+1))
        self.look.observe(lambda _change: self._look(), names="value")
        self.show(QuizContent(questions=()))

    def show(self, stored: QuizContent) -> None:
        """Put the questions of a quiz here, in place of those that are."""
        self.drafts = drafts_of(stored)
        self.forget()
        self._list(0)

    def append(self, stored: QuizContent) -> None:
        """Put further questions behind those that are here; one whose id is taken gets another."""
        for draft in drafts_of(stored):
            taken = [other.id for other in self.drafts]
            draft.id = new_id(taken) if draft.id in taken else draft.id
            self.drafts.append(draft)
        self._list(len(self.drafts) - 1)

    def read(self) -> dict[str, Any]:
        """What the request is to hold."""
        return content(self.drafts)

    def forget(self) -> None:
        """Show no mistake any more."""
        super().forget()
        self._problems = {}
        self.trouble.clear()

    def tell(self, place: str, sentence: str) -> str:
        """Show what is wrong beside the questions that it concerns, and turn to the first of them."""
        self._problems = {position: problem for position, draft in enumerate(self.drafts) if (problem := _problem(draft))}
        if not self._problems:
            return super().tell(place, sentence)
        first = min(self._problems)
        self._list(first)
        self._tell_trouble()
        return " ".join(f"question {position + 1}: {problem}" for position, problem in self._problems.items())

    def _tell_trouble(self) -> None:
        problem = self._problems.get(self._position)
        self.trouble.bad(problem) if problem else self.trouble.clear()

    @property
    def _position(self) -> int:
        return NONE if self.list.value is None else int(self.list.value)

    def _list(self, chosen: int) -> None:
        """Write the list anew and choose one of it."""
        labels = [_label(position, draft, wrong=position in self._problems) for position, draft in enumerate(self.drafts)]
        chosen = min(max(chosen, 0), len(labels) - 1)
        self._write_list([(label, position) for position, label in enumerate(labels)], chosen if labels else None)
        self._chosen()
        self._summed()

    def _write_list(self, options: list[tuple[str, int]], chosen: int | None) -> None:
        """Write the list without showing another question on the way."""
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
        self._tell_trouble()

    def _changed(self) -> None:
        """Let the list follow what is typed, without choosing anew."""
        position = self._position
        label = _label(position, self.drafts[position], wrong=position in self._problems)
        if self.list.options[position][0] != label:
            options = list(self.list.options)
            options[position] = (label, position)
            self._write_list(options, position)
        self._summed()

    def _summed(self) -> None:
        points = [_points(draft) for draft in self.drafts]
        self.sum.value = f"{count_text(len(points), 'question')}, {sum(points):g} points"
        self._look()

    def _add(self) -> None:
        position = self._position + 1
        kind = self.drafts[position - 1].type if self.drafts else QuestionType.CHOICE
        self.drafts.insert(position, QuestionDraft(new_id([draft.id for draft in self.drafts]), type=kind))
        self.forget()
        self._list(position)

    def _remove(self) -> None:
        if self.drafts:
            position = self._position
            del self.drafts[position]
            self.forget()
            self._list(position)

    def _move(self, step: int) -> None:
        position, other = self._position, self._position + step
        if position >= 0 and 0 <= other < len(self.drafts):
            self.drafts[position], self.drafts[other] = self.drafts[other], self.drafts[position]
            self.forget()
            self._list(other)

    def _look(self) -> None:
        shown = self.look.value
        self._preview.layout.display = None if shown else "none"
        if shown:
            self.preview.show(_as_people_read_it(self.drafts[:PREVIEWED]))


def _label(position: int, draft: QuestionDraft, *, wrong: bool) -> str:
    prompt = " ".join(draft.prompt.split()) or "(no text yet)"
    return f"{'⚠ ' if wrong else ''}{position + 1}. {prompt if len(prompt) <= SHORT else prompt[: SHORT - 1] + '…'}"


def _problem(draft: QuestionDraft) -> str:
    """What is wrong with one question by itself; empty where nothing is."""
    try:
        QuizContent.model_validate(content([draft]))
    except ValidationError as error:
        return " ".join(dict.fromkeys(_said(name, sentence) for name, sentence in mistakes(error).items()))
    return ""


def _said(name: str, sentence: str) -> str:
    """Name a mistake as the form does: `questions.0.choice.options.1.text` is that of option 2."""
    if name.startswith("answer_key."):
        label = next((label for part, label in OF_THE_KEY.items() if f".{part}" in name), "")
        return f"{label}: {sentence}" if label else sentence
    part, place = [*name.split(".")[3:], "", ""][:2]
    label = LABELS.get(part, part)
    return f"{label}{f' {int(place) + 1}' if place.isdigit() else ''}: {sentence}" if label else sentence


def _points(draft: QuestionDraft) -> float:
    try:
        return max(float(draft.points), 0)
    except ValueError:
        return 0


def _as_people_read_it(drafts: Sequence[QuestionDraft]) -> pd.DataFrame:
    rows = []
    for position, draft in enumerate(drafts, 1):
        try:
            read = QuizContent.model_validate(content([draft]))
            answers = " · ".join(_answers(read.questions[0], read.answer_key[draft.id].answer if draft.id in read.answer_key else None))
        except ValidationError:
            answers = f"⚠ {_problem(draft)}"
        rows.append((position, str(draft.type).replace("_", " "), draft.prompt, answers, draft.points))
    columns = ["No.", "Type", "Question", "Answers, ✓ the right ones", "Points"]
    return pd.DataFrame(rows, columns=columns)


def _answers(question: Question, answer: Any) -> list[str]:  # noqa: ANN401 - a key holds what fits its question
    if isinstance(question, MatchQuestion):
        targets = {target.id: target.text for target in question.targets}
        pairs = answer or {}
        used = [f"{option.text} → {targets[pairs[option.id]] if option.id in pairs else '?'}" for option in question.options]
        return used + [f"(none) → {text}" for name, text in targets.items() if name not in pairs.values()]
    if question.type is QuestionType.ORDER and answer:
        texts = {option.id: option.text for option in question.options}
        return [f"{place}. {texts[name]}" for place, name in enumerate(answer, 1)]
    if question.options:
        right = [answer] if isinstance(answer, str) else answer or []
        return [f"✓ {option.text}" if option.id in right else option.text for option in question.options]
    if question.type is QuestionType.ESSAY:
        return ["graded by a person"]
    if answer is None:
        return ["not said"]
    return [f"✓ {str(text).lower() if isinstance(text, bool) else text}" for text in (answer if isinstance(answer, list) else [answer])]


def _button(description: str, tooltip: str) -> widgets.Button:
    return widgets.Button(description=description, tooltip=tooltip, layout=widgets.Layout(width="auto"))
