"""The questions of a classic quiz with their options and key, as a question bank of Canvas has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmskit.importers.canvas.web_service.quiz import (
    CHOICE,
    DROPDOWNS,
    ESSAY,
    MATCHING,
    MULTIPLE,
    NUMERICAL,
    SHORT_ANSWER,
    TEXT_ONLY,
    TRUE_FALSE,
    ListedQuestion,
)
from lmskit.importers.matching.text_forms import forms
from lmskit.importers.matching.typed_response import TRUE_WORDS
from lmskit.importers.question_banks.answers import (
    WHOLE,
    AnswerShare,
    NumberShare,
    put_choice,
    put_essay,
    put_match,
    put_number,
    put_short_text,
    put_true_false,
)
from lmskit.importers.question_banks.bank import Draft, UnmappedError, validated
from lmskit.schemas.quiz import QuizContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def content_of(questions: Iterable[ListedQuestion]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return questions and their key in their stored form, by the ids of a Student Analysis, without types that lmskit does not have."""
    drafts = [_draft(question) for question in questions if question.kind != TEXT_ONLY]
    if not drafts:
        return [], {}
    found = validated("the quiz", drafts).questions
    content = QuizContent(
        questions=tuple(each.question for each in found), answer_key={each.question.id: each.key for each in found if each.key is not None}
    )
    return content.stored_questions(), content.stored_key()


def _draft(question: ListedQuestion) -> Draft:
    draft = Draft("the quiz", 1, question.id, {"prompt": question.text, "points": question.points})
    try:
        _PUT.get(question.kind, _unmapped)(draft, question)
    except UnmappedError as error:
        draft.reason = str(error)
    return draft


def _unmapped(_draft: Draft, _question: ListedQuestion) -> None:
    raise UnmappedError("is of a type that lmskit does not have")


def _shares(question: ListedQuestion) -> list[AnswerShare]:
    n_right = sum(answer.is_right for answer in question.answers)
    share = WHOLE / n_right if question.kind == MULTIPLE and n_right else WHOLE
    return [AnswerShare(answer.text, share if answer.is_right else 0.0) for answer in question.answers]


def _true_false(draft: Draft, question: ListedQuestion) -> None:
    right = next((answer.text for answer in question.answers if answer.is_right), "")
    put_true_false(draft, right=forms(right).caseless in TRUE_WORDS, general="", feedback=())


def _number(draft: Draft, question: ListedQuestion) -> None:
    put_number(draft, [NumberShare(*answer.number, WHOLE) for answer in question.answers if answer.number is not None], "")


def _match(draft: Draft, question: ListedQuestion) -> None:
    pairs = [(answer.text, question.targets.get(answer.match, "")) for answer in question.answers]
    matched = {target for _, target in pairs}
    put_match(draft, [*pairs, *(("", text) for text in question.targets.values() if text not in matched)], "")


def _dropdowns(draft: Draft, question: ListedQuestion) -> None:
    right = {answer.blank: answer.text for answer in reversed(question.answers) if answer.is_right}
    pairs = [(blank, right[blank]) for blank in question.blanks if blank in right]
    matched = set(right.values())
    put_match(draft, [*pairs, *(("", answer.text) for answer in question.answers if answer.text not in matched)], "")


_PUT: Mapping[str, Callable[[Draft, ListedQuestion], None]] = {
    CHOICE: lambda draft, question: put_choice(draft, _shares(question), "", single=True),
    TRUE_FALSE: _true_false,
    MULTIPLE: lambda draft, question: put_choice(draft, _shares(question), "", single=False),
    SHORT_ANSWER: lambda draft, question: put_short_text(draft, _shares(question), ""),
    NUMERICAL: _number,
    MATCHING: _match,
    DROPDOWNS: _dropdowns,
    ESSAY: lambda draft, _question: put_essay(draft, ""),
}
