"""The questions that a quiz has of its own, from a backup or a form, when reports number its questions.

A report knows neither options nor keys, so it must not take them away: the slot of a question keeps the quiz's own question of its number.
Whether that is the question of the report is decided when both are joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from lmskit.importers.matching.questions import Candidate
from lmskit.models import BankQuestion, QuestionSlot
from lmskit.schemas.quiz import KeyEntry, Question, QuizContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.models import Quiz

QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
OWN_QUESTION, OWN_KEY = "question", "answer_key"
"""Where `question_slots.seen` has the quiz's own question of a slot, and its key."""


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """A question as a quiz has it, with its key."""

    question: Question
    key: KeyEntry | None

    @property
    def stored(self) -> dict[str, Any]:
        """As in the questions of a quiz."""
        return self.question.model_dump(mode="json", exclude_none=True)

    @property
    def of_slot(self) -> dict[str, Any]:
        """As a slot keeps it."""
        return {OWN_QUESTION: self.stored, OWN_KEY: stored_key(self.key)}


def own_questions(questions: Iterable[Any], answer_key: Mapping[str, Any]) -> list[OwnQuestion]:
    """Return the questions that have the form of one; the database accepts any list, and any key."""
    found = []
    for stored in questions:
        try:
            question = QUESTION.validate_python(stored)
            key = KeyEntry.model_validate(answer_key[question.id]) if question.id in answer_key else None
            QuizContent(questions=(question,), answer_key={} if key is None else {question.id: key})
        except ValidationError:
            continue
        found.append(OwnQuestion(question, key))
    return found


def own_candidate(seen: Mapping[str, Any]) -> Candidate | None:
    """Return the quiz's own question that a slot keeps; None if it keeps none."""
    if OWN_QUESTION not in seen:
        return None
    key = seen.get(OWN_KEY)
    return Candidate("", 1, QUESTION.validate_python(seen[OWN_QUESTION]), KeyEntry.model_validate(key) if key else None)


def not_of_bank(session: Session, quiz: Quiz, own: Iterable[OwnQuestion]) -> dict[str, OwnQuestion]:
    """Return by their ids those that no bank of the course has as they are: the number of a question in a bank is not that of a report."""
    stored = session.scalars(select(BankQuestion.question).where(BankQuestion.course_id == quiz.course_id)).all()
    return {each.question.id: each for each in own if each.stored not in stored}


def move_own_questions(session: Session, quiz: Quiz) -> None:
    """Keep the questions of a quiz that no report numbers as a bank under its title, unless a bank of the course has them."""
    slots = set(session.scalars(select(QuestionSlot.slot).where(QuestionSlot.course_id == quiz.course_id, QuestionSlot.quiz_id == quiz.id)))
    own = [each for each in own_questions(quiz.questions, quiz.answer_key) if each.question.id not in slots]
    if not own:
        return
    stored: Sequence[BankQuestion] = session.scalars(select(BankQuestion).where(BankQuestion.course_id == quiz.course_id)).all()
    in_banks = [question.question for question in stored]
    last = max((question.number for question in stored if question.bank == quiz.title), default=0)
    for each in own:
        if each.stored not in in_banks:
            last += 1
            new = BankQuestion(
                course_id=quiz.course_id, bank=quiz.title, number=last, question=each.stored, answer_key=stored_key(each.key)
            )
            session.add(new)
    session.flush()


def stored_key(key: KeyEntry | None) -> dict[str, Any]:
    """Return a key as it is stored; empty if there is none."""
    return {} if key is None else key.model_dump(mode="json", exclude_none=True)
