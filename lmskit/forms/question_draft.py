"""A question while it is edited: the content of the fields, valid or not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmskit.schemas.quiz import KeyEntry, Question, QuizContent
from lmskit.vocabulary import QuestionType

TYPES = {
    QuestionType.CHOICE: "single choice",
    QuestionType.MULTIPLE: "multiple choice",
    QuestionType.TRUE_FALSE: "true or false",
    QuestionType.NUMERIC: "numeric",
    QuestionType.SHORT_TEXT: "short text",
    QuestionType.MATCH: "matching",
    QuestionType.ORDER: "ordering",
    QuestionType.ESSAY: "essay",
}
Row = Mapping[str, Any]


@dataclass
class QuestionDraft:
    """The content of the fields of one question.

    Attributes
    ----------
    options
        Of a choice question: `id`, `text`, and whether it is `right`.
    steps
        Of an ordering question, in the right order: `id` and `text`.
    pairs
        Of a matching question: `id` and `text` of an option, `target_id` and `target` of its partner. A row without an option is a
        target that belongs to no option.
    spellings
        Of a short text: each accepted `text`.
    answer
        Of a true-or-false question and of a numeric one.
    """

    id: str
    type: QuestionType = QuestionType.CHOICE
    prompt: str = ""
    points: str = "1"
    topic: str = ""
    feedback: str = ""
    options: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    pairs: list[Row] = field(default_factory=list)
    spellings: list[Row] = field(default_factory=list)
    answer: str = ""
    tolerance: str = ""

    def question(self) -> dict[str, Any]:
        """The question, as `schemas.quiz.Question` takes it."""
        question: dict[str, Any] = {"id": self.id, "type": self.type, "prompt": self.prompt, "points": self.points}
        if self.topic.strip():
            question["topic"] = self.topic
        match self.type:
            case QuestionType.CHOICE | QuestionType.MULTIPLE:
                question["options"] = [{"id": name, "text": row["text"]} for name, row in _named(self.options, "id", "text")]
            case QuestionType.ORDER:
                # Students see the options in the order in which they are stored, so they are not stored in the right order.
                question["options"] = _by_text({"id": name, "text": row["text"]} for name, row in _named(self.steps, "id", "text"))
            case QuestionType.MATCH:
                question["options"] = [{"id": name, "text": row["text"]} for name, row in _named(self.pairs, "id", "text")]
                question["targets"] = _by_text({"id": name, "text": text} for text, name in self._targets().items())
        return question

    def key(self) -> dict[str, Any] | None:
        """The entry of the answer key, as `KeyEntry` takes it; None if the fields are empty."""
        entry: dict[str, Any] = {}
        answer = self._answer()
        if answer not in (None, "", [], {}):
            entry["answer"] = answer
        if self.type is QuestionType.NUMERIC and self.tolerance.strip():
            entry["tolerance"] = self.tolerance
        if self.feedback.strip():
            entry["feedback"] = self.feedback
        return entry or None

    def _answer(self) -> object:
        right = [name for name, row in _named(self.options, "id", "text") if row["right"]]
        answer: object = None
        match self.type:
            case QuestionType.CHOICE:
                answer = right[0] if len(right) == 1 else right
            case QuestionType.MULTIPLE:
                answer = right
            case QuestionType.ORDER:
                answer = [name for name, _ in _named(self.steps, "id", "text")]
            case QuestionType.MATCH:
                targets = self._targets()
                partners = [(name, str(row["target"]).strip()) for name, row in _named(self.pairs, "id", "text")]
                answer = {name: targets[target] for name, target in partners if target}
            case QuestionType.SHORT_TEXT:
                answer = [str(row["text"]) for row in self.spellings if str(row["text"]).strip()]
            case QuestionType.TRUE_FALSE:
                answer = {"true": True, "false": False}.get(self.answer)
            case QuestionType.NUMERIC:
                answer = _number(self.answer)
        return answer

    def _targets(self) -> dict[str, str]:
        """The id of each distinct text in the column of targets."""
        targets: dict[str, str] = {}
        for name, row in _named(self.pairs, "target_id", "target"):
            targets.setdefault(str(row["target"]).strip(), name)
        return targets


def content(drafts: Sequence[QuestionDraft]) -> dict[str, Any]:
    """The questions of several drafts with their answer key, as `QuizContent` takes them."""
    keys = {draft.id: draft.key() for draft in drafts}
    return {
        "questions": [draft.question() for draft in drafts],
        "answer_key": {identifier: key for identifier, key in keys.items() if key is not None},
    }


def drafts_of(stored: QuizContent) -> list[QuestionDraft]:
    """A draft of each question of a quiz."""
    return [_draft(question, stored.answer_key.get(question.id, KeyEntry())) for question in stored.questions]


def new_id(taken: Sequence[str]) -> str:
    """The first id that is not taken.

    Examples
    --------
    >>> new_id(["Q1", "Q3"])
    'Q2'
    """
    return next(name for name in (f"Q{number}" for number in itertools.count(1)) if name not in taken)


def _draft(question: Question, key: KeyEntry) -> QuestionDraft:
    draft = QuestionDraft(
        id=question.id,
        type=question.type,
        prompt=question.prompt,
        points=_as_typed(question.points),
        topic=question.topic or "",
        feedback=key.feedback or "",
        tolerance="" if key.tolerance is None else _as_typed(key.tolerance),
    )
    answer: Any = key.answer
    texts = {option.id: option.text for option in question.options}
    match question.type:
        case QuestionType.CHOICE | QuestionType.MULTIPLE:
            right = [answer] if isinstance(answer, str) else answer or []
            draft.options = [{"id": name, "text": text, "right": name in right} for name, text in texts.items()]
        case QuestionType.ORDER:
            draft.steps = [{"id": name, "text": texts[name]} for name in answer or texts]
        case QuestionType.MATCH:
            draft.pairs = _pairs(texts, {target.id: target.text for target in question.targets}, answer or {})
        case QuestionType.SHORT_TEXT:
            draft.spellings = [{"text": text} for text in answer or []]
        case QuestionType.TRUE_FALSE:
            draft.answer = "" if answer is None else str(answer).lower()
        case QuestionType.NUMERIC:
            draft.answer = "" if answer is None else _as_typed(answer)
    return draft


def _pairs(options: Mapping[str, str], targets: Mapping[str, str], partners: Mapping[str, str]) -> list[Row]:
    pairs: list[Row] = [
        {"id": name, "text": text, "target_id": partners.get(name, ""), "target": targets.get(partners.get(name, ""), "")}
        for name, text in options.items()
    ]
    unused = [name for name in targets if name not in partners.values()]
    return pairs + [{"id": "", "text": "", "target_id": name, "target": targets[name]} for name in unused]


def _by_text(options: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(options, key=lambda option: (str(option["text"]).casefold(), option["id"]))


def _named(rows: Sequence[Row], name: str, text: str) -> Iterator[tuple[str, Row]]:
    """The rows with a text, each with its own id or else the next free letter."""
    taken = {str(row[name]) for row in rows if row[name] and str(row[text]).strip()}
    free = (letter for letter in _letters() if letter not in taken)
    for row in rows:
        if str(row[text]).strip():
            yield str(row[name]) or next(free), row


def _letters() -> Iterator[str]:
    for number in itertools.count():
        yield chr(ord("A") + number) if number < 26 else str(number + 1)  # noqa: PLR2004 - letters


def _number(text: str) -> object:
    """The number; text that is not a number is returned as it is, and rejected by the request."""
    try:
        return float(text.strip().replace("−", "-")) if text.strip() else None
    except ValueError:
        return text


def _as_typed(number: float) -> str:
    """A number as a person would type it.

    Examples
    --------
    >>> _as_typed(2.0), _as_typed(0.25)
    ('2', '0.25')
    """
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(float(number))  # noqa: PLR2004 - beyond, not exact
