"""A question while it is written: whatever stands in the fields, right or not yet."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmskit.schemas.quiz import KeyEntry, Question, QuizContent
from lmskit.vocabulary import QuestionType

TYPES = {
    QuestionType.CHOICE: "choice: one option is right",
    QuestionType.MULTIPLE: "multiple: any number of options is right",
    QuestionType.TRUE_FALSE: "true or false",
    QuestionType.NUMERIC: "number",
    QuestionType.SHORT_TEXT: "short text",
    QuestionType.MATCH: "match: to each option what belongs to it",
    QuestionType.ORDER: "order: put the options into order",
    QuestionType.ESSAY: "essay: graded by a person",
}
Row = Mapping[str, Any]


@dataclass
class QuestionDraft:
    """What stands in the fields of one question.

    Attributes
    ----------
    options
        Of choice and multiple: `id`, `text`, and whether it is `right`.
    steps
        Of order, in the right order: `id` and `text`.
    pairs
        Of match: `id` and `text` of an option, `target_id` and `target` of what belongs to it; without an option, a target that
        belongs to none.
    spellings
        Of short text: each accepted `text`.
    answer
        Of true or false, and of a number.
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
        """What the fields say, as `schemas.quiz.Question` takes it."""
        asked: dict[str, Any] = {"id": self.id, "type": self.type, "prompt": self.prompt, "points": self.points}
        if self.topic.strip():
            asked["topic"] = self.topic
        match self.type:
            case QuestionType.CHOICE | QuestionType.MULTIPLE:
                asked["options"] = [{"id": name, "text": row["text"]} for name, row in _named(self.options, "id", "text")]
            case QuestionType.ORDER:
                # Students see them as they are stored, so they are not stored in the right order.
                asked["options"] = _by_text({"id": name, "text": row["text"]} for name, row in _named(self.steps, "id", "text"))
            case QuestionType.MATCH:
                asked["options"] = [{"id": name, "text": row["text"]} for name, row in _named(self.pairs, "id", "text")]
                asked["targets"] = _by_text({"id": name, "text": text} for text, name in self._targets().items())
        return asked

    def key(self) -> dict[str, Any] | None:
        """What the fields say is right, as `KeyEntry` takes it; None where they say nothing."""
        said: dict[str, Any] = {}
        answer = self._answer()
        if answer not in (None, "", [], {}):
            said["answer"] = answer
        if self.type is QuestionType.NUMERIC and self.tolerance.strip():
            said["tolerance"] = self.tolerance
        if self.feedback.strip():
            said["feedback"] = self.feedback
        return said or None

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
                belongs = [(name, str(row["target"]).strip()) for name, row in _named(self.pairs, "id", "text")]
                answer = {name: targets[target] for name, target in belongs if target}
            case QuestionType.SHORT_TEXT:
                answer = [str(row["text"]) for row in self.spellings if str(row["text"]).strip()]
            case QuestionType.TRUE_FALSE:
                answer = {"true": True, "false": False}.get(self.answer)
            case QuestionType.NUMERIC:
                answer = _number(self.answer)
        return answer

    def _targets(self) -> dict[str, str]:
        """The id of each different text in the column of targets."""
        targets: dict[str, str] = {}
        for name, row in _named(self.pairs, "target_id", "target"):
            targets.setdefault(str(row["target"]).strip(), name)
        return targets


def content(drafts: Sequence[QuestionDraft]) -> dict[str, Any]:
    """What several drafts say, as `QuizContent` takes it."""
    keys = {draft.id: draft.key() for draft in drafts}
    return {
        "questions": [draft.question() for draft in drafts],
        "answer_key": {identifier: key for identifier, key in keys.items() if key is not None},
    }


def drafts_of(stored: QuizContent) -> list[QuestionDraft]:
    """The questions of a quiz, ready to be changed."""
    return [_draft(question, stored.answer_key.get(question.id, KeyEntry())) for question in stored.questions]


def new_id(taken: Sequence[str]) -> str:
    """An id that no other question has.

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
        points=_shown(question.points),
        topic=question.topic or "",
        feedback=key.feedback or "",
        tolerance="" if key.tolerance is None else _shown(key.tolerance),
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
            draft.answer = "" if answer is None else _shown(answer)
    return draft


def _pairs(options: Mapping[str, str], targets: Mapping[str, str], belongs: Mapping[str, str]) -> list[Row]:
    pairs: list[Row] = [
        {"id": name, "text": text, "target_id": belongs.get(name, ""), "target": targets.get(belongs.get(name, ""), "")}
        for name, text in options.items()
    ]
    unused = [name for name in targets if name not in belongs.values()]
    return pairs + [{"id": "", "text": "", "target_id": name, "target": targets[name]} for name in unused]


def _by_text(options: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(options, key=lambda option: (str(option["text"]).casefold(), option["id"]))


def _named(rows: Sequence[Row], name: str, text: str) -> Iterator[tuple[str, Row]]:
    """The rows with a text, each with its own id or else the next letter that is free."""
    taken = {str(row[name]) for row in rows if row[name] and str(row[text]).strip()}
    free = (letter for letter in _letters() if letter not in taken)
    for row in rows:
        if str(row[text]).strip():
            yield str(row[name]) or next(free), row


def _letters() -> Iterator[str]:
    for number in itertools.count():
        yield chr(ord("A") + number) if number < 26 else str(number + 1)  # noqa: PLR2004 - letters


def _number(text: str) -> object:
    """The number, or the text as it is: the request says that it is none."""
    try:
        return float(text.strip().replace("−", "-")) if text.strip() else None
    except ValueError:
        return text


def _shown(number: float) -> str:
    """A number as somebody would type it.

    Examples
    --------
    >>> _shown(2.0), _shown(0.25)
    ('2', '0.25')
    """
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(float(number))  # noqa: PLR2004 - beyond, not exact
