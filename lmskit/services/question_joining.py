"""Join the numbered questions of reports with the questions of banks, in the transaction of the import that brought one of them.

What is joined follows from all that is stored: what the reports say (`question_slots`), the questions of the course's banks
(`bank_questions`) and what students answered. So files may come in any order, and a file that comes again changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select, text

from lmskit.importers.matching.joined_quiz import joined_answers, joined_quiz
from lmskit.importers.matching.question_text import variants
from lmskit.importers.matching.questions import Candidate, Slot
from lmskit.importers.matching.typed_response import is_written
from lmskit.importers.question_banks.bank import SYSTEM
from lmskit.models import BankQuestion, ExternalId, QuestionSlot, Quiz
from lmskit.schemas.quiz import KeyEntry, QuizContent
from lmskit.services.own_questions import QUESTION, move_own_questions, not_of_bank, own_candidate, own_questions, stored_key
from lmskit.services.quiz import locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.matching.joined_quiz import AnswerReader, JoinedQuiz
    from lmskit.importers.question_banks.bank import Bank
    from lmskit.importers.record import ReportedSlot
    from lmskit.services.own_questions import OwnQuestion

COULD_BE_SEVERAL = "could be several questions of banks, so it stays without options and key"
BATCH = 1000
"""Attempts whose answers are read and written at a time."""
LONGEST_COMPARED = 2000
"""Characters of an answer that are compared with options."""
_RESPONSES = text("""
    SELECT
        answer ->> 'question' AS question,
        CASE jsonb_typeof(written) WHEN 'string' THEN to_jsonb(left(written #>> '{}', :longest)) ELSE written END AS written,
        min(earned) AS lowest,
        max(earned) AS highest
    FROM quiz_attempts AS a
    CROSS JOIN LATERAL jsonb_array_elements(a.answers) AS e (answer)
    CROSS JOIN LATERAL (
        SELECT
            coalesce(answer -> 'raw', answer -> 'response'),
            CASE jsonb_typeof(answer -> 'score') WHEN 'number' THEN (answer ->> 'score')::double precision END
    ) AS r (written, earned)
    WHERE a.quiz_id = :quiz AND a.course_id = :course AND a.origin = 'import' AND jsonb_typeof(written) IN ('string', 'array', 'object')
    GROUP BY 1, 2
    ORDER BY 1, 2
""")
_ANSWERED = text("""
    SELECT DISTINCT answer ->> 'question'
    FROM quiz_attempts AS a CROSS JOIN LATERAL jsonb_array_elements(a.answers) AS e (answer)
    WHERE a.quiz_id = :quiz AND a.course_id = :course
""")
_ATTEMPTS = text("""
    SELECT id, answers FROM quiz_attempts
    WHERE quiz_id = :quiz AND course_id = :course AND origin = 'import' AND answers <> '[]' AND id > :after
    ORDER BY id LIMIT :most
""")
_WRITE_ANSWERS = text("""
    UPDATE quiz_attempts AS a SET answers = w.answers
    FROM jsonb_to_recordset(CAST(:written AS jsonb)) AS w (id bigint, answers jsonb)
    WHERE a.id = w.id
""")
_STUDENTS = text("SELECT DISTINCT student_id FROM quiz_attempts WHERE quiz_id = :quiz AND course_id = :course ORDER BY student_id")


class _ResponseRow(NamedTuple):
    question: str
    written: Any
    lowest: float | None
    highest: float | None


@dataclass(frozen=True, slots=True)
class KeptBank:
    """The name under which a bank is stored, and for each of its questions whether it is ``added``, ``changed`` or ``unchanged``."""

    name: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinedQuestions:
    """What joining the questions of one quiz found and changed."""

    quiz: Quiz
    joined: JoinedQuiz
    is_changed: bool
    """Whether the questions or the key of the quiz are other ones now."""
    n_unreadable: int
    """Answers that fit no option of their question."""
    touched: tuple[tuple[int, int, int], ...] = field(default=())
    """(student id, course id, week) whose evidence changed."""

    def slot_of(self, bank: str, number: int) -> str | None:
        """Return under which number a question of a bank is in the quiz; None if it is not in it."""
        return next((slot for slot, found in self.joined.found.items() if (found.bank, found.number) == (bank, number)), None)

    def notes(self) -> list[str]:
        """Return notes for the report of the import."""
        title, n_found = self.quiz.title, len(self.joined.found)
        found = f"{title!r}: questions that were found in banks of the course: {n_found} of {len(self.joined.content.questions)}."
        notes = [found] if n_found else []
        if self.joined.by_answers_alone:
            numbers = ", ".join(self.joined.by_answers_alone)
            notes.append(
                f"{title!r}: found by right answers and scores alone, since no report has the texts: {numbers}. "
                "Import the responses report with the texts of the questions to be certain."
            )
        if self.joined.rounded_points:
            notes.append(
                f"{title!r}: the points of these questions are as the report rounds them: {', '.join(self.joined.rounded_points)}."
            )
        if self.n_unreadable:
            notes.append(f"{title!r}: answers that fit no option of their question, and stay as they are written: {self.n_unreadable:,}.")
        return notes

    def undecided(self) -> Iterator[tuple[str, str]]:
        """Give out the number of each question that could be several, and these."""
        for slot, candidates in self.joined.undecided:
            yield slot, ", ".join(f"{each.question.id!r} of {each.bank}" for each in candidates)


def keep_slots(session: Session, quiz: Quiz, slots: Sequence[ReportedSlot]) -> None:
    """Add what a report says about its numbered questions to what earlier reports said, and make each a question of the quiz.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    quiz
        A stored quiz.
    slots
        In the order of the report.
    """
    stored = _stored_slots(session, quiz)
    own = not_of_bank(session, quiz, own_questions(quiz.questions, quiz.answer_key))
    for number, reported in enumerate(slots, 1):
        slot = stored.get(reported.name)
        if slot is None:
            slot = _new_slot(session, quiz, reported.name, number)
            slot.seen = own[reported.name].of_slot if reported.name in own else {}
        if reported.points is not None and (slot.points is None or reported.decimals >= slot.decimals):
            slot.points, slot.decimals = reported.points, reported.decimals
        slot.shows_options = bool(slot.shows_options) or reported.shows_options
        seen = slot.seen | {
            "texts": list(variants([*slot.seen.get("texts", ()), *reported.texts]).values()),
            "right_answers": list(variants([*slot.seen.get("right_answers", ()), *reported.right_answers]).values()),
        }
        if slot.seen != seen:
            slot.seen = seen
    _ask(session, quiz, [Slot(slot.name, slot.points) for slot in slots])


def keep_questions(session: Session, quiz: Quiz, questions: Sequence[dict[str, Any]], answer_key: Mapping[str, Any]) -> None:
    """Keep which questions those are that reports on a quiz number, instead of what an earlier backup said about them.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    quiz
        A stored quiz that reports define.
    questions, answer_key
        As in a quiz, named by their numbers in the reports.
    """
    stored = _stored_slots(session, quiz)
    own = own_questions(questions, answer_key)
    for number, each in enumerate(own, 1):
        slot = stored.get(each.question.id) or _new_slot(session, quiz, each.question.id, number)
        seen = slot.seen | each.of_slot
        if slot.seen != seen:
            slot.seen = seen
    _ask(session, quiz, [Slot(each.question.id, each.question.points) for each in own])


def _stored_slots(session: Session, quiz: Quiz) -> dict[str, QuestionSlot]:
    of_quiz = select(QuestionSlot).where(QuestionSlot.course_id == quiz.course_id, QuestionSlot.quiz_id == quiz.id)
    return {slot.slot: slot for slot in session.scalars(of_quiz)}


def _new_slot(session: Session, quiz: Quiz, name: str, number: int) -> QuestionSlot:
    slot = QuestionSlot(course_id=quiz.course_id, quiz_id=quiz.id, slot=name, number=number, decimals=0, seen={})
    session.add(slot)
    return slot


def _ask(session: Session, quiz: Quiz, slots: Sequence[Slot]) -> None:
    """Make each slot a question of the quiz, since answers name it."""
    asked = {own.question.id for own in own_questions(quiz.questions, quiz.answer_key)}
    lacking = [slot for slot in slots if slot.name not in asked]
    if lacking:
        new = joined_quiz(lacking, (), float(quiz.max_score)).content
        quiz.questions = [*quiz.questions, *new.stored_questions()]
    session.flush()


def is_of_bank(session: Session, quiz: Quiz) -> bool:
    """Whether a quiz was made from a bank, or got its questions from one."""
    found = select(ExternalId.id).where(ExternalId.quiz_id == quiz.id, ExternalId.course_id == quiz.course_id, ExternalId.source == SYSTEM)
    return session.scalar(found.limit(1)) is not None


def is_defined_by_reports(session: Session, quiz: Quiz) -> bool:
    """Whether reports number the questions of a quiz."""
    found = select(QuestionSlot.slot).where(QuestionSlot.course_id == quiz.course_id, QuestionSlot.quiz_id == quiz.id)
    return session.scalar(found.limit(1)) is not None


def keep_bank(session: Session, course_id: int, bank: Bank) -> KeptBank:
    """Store the questions of a bank for the quizzes of a course, instead of those of an earlier import of this bank."""
    name = _name_of(session, course_id, bank)
    of_bank = select(BankQuestion).where(BankQuestion.course_id == course_id, BankQuestion.bank == name)
    stored = {question.number: question for question in session.scalars(of_bank)}
    before = [(earlier.question, earlier.answer_key) for earlier in stored.values()]
    ids = {question["id"] for question, _ in before}
    states = []
    for number, found in enumerate(bank.questions, 1):
        question, key = found.question.model_dump(mode="json", exclude_none=True), stored_key(found.key)
        states.append("unchanged" if (question, key) in before else "changed" if question["id"] in ids else "added")
        earlier = stored.pop(number, None)
        if earlier is None:
            session.add(BankQuestion(course_id=course_id, bank=name, number=number, question=question, answer_key=key))
        elif (earlier.question, earlier.answer_key) != (question, key):
            earlier.question, earlier.answer_key = question, key
    for gone in stored.values():
        session.delete(gone)
    session.flush()
    return KeptBank(name, tuple(states))


def join_questions(session: Session, course_id: int, quiz_ids: Iterable[int] | None = None) -> list[JoinedQuestions]:
    """Join the questions of quizzes that reports define with those of the course's banks.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    course_id
        The course.
    quiz_ids
        The quizzes; None for all of the course.
    """
    defined = select(QuestionSlot.quiz_id).where(QuestionSlot.course_id == course_id)
    quizzes = select(Quiz).where(Quiz.course_id == course_id, Quiz.id.in_(defined)).order_by(Quiz.id)
    if quiz_ids is not None:
        quizzes = quizzes.where(Quiz.id.in_(list(quiz_ids)))
    found = session.scalars(quizzes).all()
    for quiz in found:
        move_own_questions(session, locked(session, quiz))
    candidates = _candidates(session, course_id) if found else []
    return [_joined(session, quiz, candidates) for quiz in found]


def quizzes_with(session: Session, course_id: int, bank: str) -> list[str]:
    """Return the titles of the quizzes that reports define and that have a question of a bank, by number of the quiz."""
    defined = select(QuestionSlot.quiz_id).where(QuestionSlot.course_id == course_id)
    quizzes = session.scalars(select(Quiz).where(Quiz.course_id == course_id, Quiz.id.in_(defined)).order_by(Quiz.id)).all()
    candidates = _candidates(session, course_id) if quizzes else []
    found = ((quiz, joined_quiz(_slots(session, quiz), candidates, float(quiz.max_score)).found) for quiz in quizzes)
    return [quiz.title for quiz, questions in found if any(candidate.bank == bank for candidate in questions.values())]


def _joined(session: Session, quiz: Quiz, candidates: Sequence[Candidate]) -> JoinedQuestions:
    of_quiz = {"quiz": quiz.id, "course": quiz.course_id}
    slots = _slots(session, quiz)
    joined = joined_quiz(slots, candidates, float(quiz.max_score))
    before = {each.question.id: each.question for each in own_questions(quiz.questions, quiz.answer_key)}
    others, unreadable = _others(session, quiz, {slot.name for slot in slots})
    keys = {each.question.id: each.key for each in others if each.key is not None}
    content = QuizContent(
        questions=(*joined.content.questions, *(each.question for each in others)), answer_key={**joined.content.answer_key, **keys}
    )
    questions, key = [*content.stored_questions(), *unreadable], content.stored_key()
    is_changed = (quiz.questions, quiz.answer_key) != (questions, key)
    if is_changed:
        quiz.questions, quiz.answer_key = questions, key
        session.flush()
    n_unreadable = _join_answers(session, quiz, joined.readers(before))
    week = quiz.week_number
    students = session.scalars(_STUDENTS, of_quiz).all() if is_changed and week is not None else ()
    touched = () if week is None else tuple((student, quiz.course_id, week) for student in students)
    return JoinedQuestions(quiz, joined, is_changed, n_unreadable, touched)


def _slots(session: Session, quiz: Quiz) -> list[Slot]:
    responses: dict[str, list[_ResponseRow]] = {}
    for row in session.execute(_RESPONSES, {"quiz": quiz.id, "course": quiz.course_id, "longest": LONGEST_COMPARED}):
        response = _ResponseRow(*row)
        if is_written(response.written):
            responses.setdefault(response.question, []).append(response)
    of_quiz = select(QuestionSlot).where(QuestionSlot.course_id == quiz.course_id, QuestionSlot.quiz_id == quiz.id)
    return [_slot(slot, responses.get(slot.slot, [])) for slot in session.scalars(of_quiz.order_by(QuestionSlot.number, QuestionSlot.slot))]


def _slot(slot: QuestionSlot, responses: Sequence[_ResponseRow]) -> Slot:
    full = None if slot.points is None else slot.points - 10.0**-slot.decimals
    return Slot(
        slot.slot,
        slot.points,
        slot.decimals,
        tuple(slot.seen.get("texts", ())),
        tuple(slot.seen.get("right_answers", ())),
        tuple(response.written for response in responses),
        tuple(response.written for response in responses if full and response.lowest is not None and response.lowest >= full),
        tuple(response.written for response in responses if response.highest is not None and response.highest <= 0),
        shows_options=slot.shows_options,
        own=own_candidate(slot.seen),
    )


def _join_answers(session: Session, quiz: Quiz, readers: Mapping[str, AnswerReader]) -> int:
    """Store the answers of imported attempts in the form of their questions, and count answers that fit no option."""
    n_unreadable = after = 0
    while rows := session.execute(_ATTEMPTS, {"quiz": quiz.id, "course": quiz.course_id, "after": after, "most": BATCH}).all():
        written = []
        for identifier, answers in rows:
            typed, unreadable = joined_answers(answers, readers)
            n_unreadable += unreadable
            if typed != answers:
                written.append({"id": identifier, "answers": typed})
        if written:
            session.execute(_WRITE_ANSWERS, {"written": json.dumps(written)})
        after = rows[-1][0]
    return n_unreadable


def _others(session: Session, quiz: Quiz, slots: set[str]) -> tuple[list[OwnQuestion], list[dict[str, Any]]]:
    """Return the answered questions that no report numbers, as those made with a form, and those of them that cannot be read."""
    answered = set(session.scalars(_ANSWERED, {"quiz": quiz.id, "course": quiz.course_id})) - slots
    own = own_questions(quiz.questions, quiz.answer_key)
    readable = {each.question.id for each in own}
    unreadable = [each for each in quiz.questions if _id_of(each) in answered - readable]
    return [each for each in own if each.question.id in answered], unreadable


def _id_of(question: object) -> str:
    """Return the id of a stored question; the database accepts any list of questions."""
    return str(question.get("id")) if isinstance(question, dict) else ""


def _candidates(session: Session, course_id: int) -> list[Candidate]:
    of_course = select(BankQuestion).where(BankQuestion.course_id == course_id).order_by(BankQuestion.bank, BankQuestion.number)
    return [
        Candidate(
            stored.bank,
            stored.number,
            QUESTION.validate_python(stored.question),
            KeyEntry.model_validate(stored.answer_key) if stored.answer_key else None,
        )
        for stored in session.scalars(of_course)
    ]


def _name_of(session: Session, course_id: int, bank: Bank) -> str:
    """Return the name under which a bank is stored: another bank of the same file name, without a common question, is another bank."""
    stored = session.execute(select(BankQuestion.bank, BankQuestion.question["id"].astext).where(BankQuestion.course_id == course_id))
    ids: dict[str, set[str]] = {}
    for name, identifier in stored:
        ids.setdefault(name, set()).add(identifier)
    new = {found.question.id for found in bank.questions}
    names = (bank.name if number == 1 else f"{bank.name} ({number})" for number in count(1))
    return next(name for name in names if name not in ids or not new or ids[name] & new)
