"""Import a question bank into one quiz of a course.

A question is known by its id: one with the same id is compared, a new one is added behind the others, and one that the
file does not name stays. Importing the same file twice changes nothing the second time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from sqlalchemy import select, text

from lmskit.errors import ImportFileError, QuizAmbiguousError, WeekNeededError
from lmskit.importers.question_banks.bank import BankQuestion
from lmskit.importers.report import EntityCounts, FileCounts, ImportReport, Outcome, Rejection, shortened
from lmskit.models import Course, ExternalId, Quiz, Syllabus
from lmskit.queries.course import course_by_code
from lmskit.queries.external_id import entity_named
from lmskit.queries.quiz import content_of, quiz_by_id
from lmskit.schemas.mistakes import one_sentence
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.quiz_request import CreateQuiz, TakeBank
from lmskit.services.importing import importing, record
from lmskit.services.quiz import has_answers, locked, n_attempts, put_content, quizzes_titled, write
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.question_banks.bank import Bank
    from lmskit.services.importing import ImportOptions

FROZEN_NEW = "attempts were made at the quiz, so it takes no further questions: import them into another quiz"
FROZEN_CHANGED = "differs from the question that attempts were made at: correct it in the quiz itself, if it stays the same question"


@dataclass(frozen=True, slots=True)
class _Compared:
    """What becomes of one question of the bank."""

    one: BankQuestion
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Target:
    """The quiz that the questions go to, and whether it and its week were made for them."""

    quiz: Quiz
    is_new: bool
    adds_week: bool


def import_bank(session: Session, bank: Bank, options: ImportOptions) -> ImportReport:
    """Bring a quiz to what a question bank says, and report the outcome of every question.

    The quiz is the one with this exact title; else the one that an earlier import under this title made, even if it has
    another title now; else a new one. If attempts were made at its questions, those stay as they are and only the key may
    change. A quiz of which only totals are stored can get its questions.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    bank
        As its reader returned it.
    options
        `course` is needed. `week` is that of a new quiz; a week that the syllabus lacks is added, and a stored quiz stays in
        its week. `reading.title` is the title of the quiz, by default the name of the bank without its ending.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    WeekNeededError
        The quiz would be new, and no week was given.
    QuizAmbiguousError
        The course has several quizzes with this title.
    QuizUnreadableError
        The content of the stored quiz cannot be compared.
    ImportFileError
        The questions do not fit into one quiz.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    wanted = TakeBank(course=options.course or "", title=options.reading.title or bank.title, week_number=options.week)
    dry_run = options.dry_run
    with importing(session, dry_run=dry_run):
        found = course_by_code(session, wanted.course)
        target = _target(session, found, wanted, bank)
        compared = [] if target is None else _compared(session, target.quiz, bank)
        if target is not None and target.is_new | any(each.state in {"added", "changed"} for each in compared):
            put_content(target.quiz, _merged(target.quiz, compared))
            session.flush()
        report = _report(bank, wanted, target, compared, dry_run=dry_run)
        session.execute(text("DROP TABLE import_rejection, import_warning"))
        if not dry_run:
            record(session, report)
    return report


def _target(session: Session, course: Course, wanted: TakeBank, bank: Bank) -> _Target | None:
    """Find the quiz or make it; a bank without a question that could be read makes none."""
    key = f"{course.id}/{wanted.title}"
    known = entity_named(session, bank.system, EntityKind.QUIZ, key)
    titled = quizzes_titled(session, course, wanted.title)
    if len(titled) > 1:
        raise QuizAmbiguousError(title=wanted.title, course=course.code)
    if titled or known is not None:
        quiz = titled[0] if titled else quiz_by_id(session, known or 0)
        target = _Target(locked(session, quiz), is_new=False, adds_week=False)
    elif wanted.week_number is None:
        raise WeekNeededError(title=wanted.title, course=course.code)
    elif not bank.questions:
        return None
    else:
        adds_week = _add_week(session, course, wanted.week_number)
        request = CreateQuiz(course=course.code, title=wanted.title, week_number=wanted.week_number)
        target = _Target(write(session, Quiz(course_id=course.id), course, request), is_new=True, adds_week=adds_week)
    if known is None:
        session.add(ExternalId(source=bank.system, kind=EntityKind.QUIZ, external_id=key, course_id=course.id, quiz_id=target.quiz.id))
        session.flush()
    return target


def _add_week(session: Session, course: Course, week: int) -> bool:
    here = select(Syllabus.week_number).where(Syllabus.course_id == course.id, Syllabus.week_number == week)
    if session.scalar(here) is not None:
        return False
    session.add(Syllabus(course_id=course.id, week_number=week, topic=f"Week {week}", objectives=""))
    session.flush()
    return True


def _compared(session: Session, quiz: Quiz, bank: Bank) -> list[_Compared]:
    stored = content_of(quiz)
    asked = {question.id: question for question in stored.questions}
    frozen = n_attempts(session, quiz) > 0 and (bool(asked) or has_answers(session, quiz))
    compared = []
    for one in bank.questions:
        there = asked.get(one.question.id)
        same_key = stored.answer_key.get(one.question.id) == one.key
        if there is None:
            compared.append(_Compared(one, "rejected", FROZEN_NEW) if frozen else _Compared(one, "added"))
        elif there == one.question:
            compared.append(_Compared(one, "unchanged") if same_key else _Compared(one, "changed", "its key or feedback is another"))
        elif frozen:
            compared.append(_Compared(one, "rejected", FROZEN_CHANGED))
        else:
            compared.append(_Compared(one, "changed", "its text, points or options are other ones"))
    return compared


def _merged(quiz: Quiz, compared: list[_Compared]) -> QuizContent:
    stored = content_of(quiz)
    taken = {each.one.question.id: each.one for each in compared if each.state != "rejected"}
    old = {question.id: question for question in stored.questions}
    questions = old | {identifier: one.question for identifier, one in taken.items()}
    keys = {identifier: key for identifier, key in stored.answer_key.items() if identifier not in taken}
    try:
        return QuizContent(
            questions=tuple(questions.values()),
            answer_key=keys | {identifier: one.key for identifier, one in taken.items() if one.key is not None},
        )
    except ValidationError as error:
        raise ImportFileError(f"The questions do not fit into one quiz: {one_sentence(error)}") from error


def _report(bank: Bank, wanted: TakeBank, target: _Target | None, compared: list[_Compared], *, dry_run: bool) -> ImportReport:
    states = Counter(each.state for each in compared)
    refused = [
        Rejection(each.one.file, each.one.row, None, shortened(each.one.question.id), each.reason)
        for each in compared
        if each.state == "rejected"
    ]
    rejections = sorted((*bank.rejections, *refused), key=lambda one: (one.file, one.row or 0))
    outcomes = [Outcome(each.one.file, each.one.row, None, each.state, each.one.question.id, each.reason) for each in compared]
    outcomes += [Outcome(one.file, one.row, None, "rejected", one.value or "", one.reason) for one in bank.rejections]
    refused_at = {(one.file, one.row) for one in refused}
    counts = FileCounts(
        bank.name, bank.rows_in, states["added"], states["changed"], states["unchanged"], len(rejections), skipped_columns=bank.skipped
    )
    return ImportReport(
        format=bank.format,
        name=bank.name,
        sha256=bank.sha256,
        dry_run=dry_run,
        files=(counts,),
        entities=(
            EntityCounts("weeks", int(target is not None and target.adds_week), 0, 0),
            _quiz_counts(target, compared),
            EntityCounts("questions", states["added"], states["changed"], states["unchanged"]),
        ),
        rejections=tuple(rejections),
        warnings=tuple(odd for odd in bank.warnings if (odd.file, odd.row) not in refused_at),
        notes=(*bank.notes, *_notes(wanted, target)),
        outcomes=tuple(sorted(outcomes, key=lambda one: (one.part, one.row or 0))),
    )


def _quiz_counts(target: _Target | None, compared: list[_Compared]) -> EntityCounts:
    if target is None:
        return EntityCounts("quizzes", 0, 0, 0)
    changed = not target.is_new and any(each.state in {"added", "changed"} for each in compared)
    return EntityCounts("quizzes", int(target.is_new), int(changed), int(not target.is_new and not changed))


def _notes(wanted: TakeBank, target: _Target | None) -> list[str]:
    if target is None:
        return [f"No quiz {wanted.title!r} was made, since none of the questions can be imported."]
    quiz = target.quiz
    place = f"the {'new ' if target.is_new else ''}quiz {quiz.title!r} in week {quiz.week_number}"
    if wanted.week_number not in {None, quiz.week_number}:
        return [f"The questions belong to {place}, where it stays; week {wanted.week_number} was asked for."]
    return [f"The questions belong to {place}."]
