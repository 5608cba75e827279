"""Import a question bank into a course, and into one quiz of it if the import names one.

The questions stay with the course: the reports on its quizzes number their questions, and find them in the banks (`question_joining`).
A quiz that no report defines is what the bank says: a question is recognised by its id, a question with the same id is compared, a new one
is added at the end, and questions that are not in the file stay. Importing the same file twice changes nothing the second time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError
from sqlalchemy import delete, select, text

from lmskit.errors import ImportFileError, QuestionBankUsedError, QuizAmbiguousError, WeekNeededError
from lmskit.importers import advice
from lmskit.importers.question_banks.bank import ParsedQuestion
from lmskit.importers.report import EntityCounts, FileCounts, ImportReport, Outcome, Rejection, RowWarning, shortened
from lmskit.importers.week import week_named
from lmskit.models import BankQuestion, Course, ExternalId, Quiz, Syllabus
from lmskit.queries.course import course_by_code
from lmskit.queries.external_id import entity_named
from lmskit.queries.question_bank import require_question_bank
from lmskit.queries.quiz import content_of, quiz_by_id
from lmskit.schemas.mistakes import one_sentence
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.quiz_request import CreateQuiz, TakeBank
from lmskit.services.course import default_topic
from lmskit.services.deletion_counts import Deletion, counted
from lmskit.services.importing import importing, lock_imports, record, require_one_week
from lmskit.services.permission import administrators_only
from lmskit.services.question_joining import COULD_BE_SEVERAL, is_defined_by_reports, join_questions, keep_bank, quizzes_with
from lmskit.services.quiz import has_answers, locked, n_attempts, put_content, quizzes_titled, write
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.question_banks.bank import Bank
    from lmskit.services.deletion_counts import Going
    from lmskit.services.importing import ImportOptions
    from lmskit.services.question_joining import JoinedQuestions, KeptBank

WAITS = "waits for a report on a quiz that has it"
FROZEN_NEW = "attempts were made at the quiz, so no questions can be added: import them into another quiz"
FROZEN_CHANGED = "differs from the question of the attempts: if it is a correction of the same question, make it in the quiz itself"


@dataclass(frozen=True, slots=True)
class _Compared:
    """A question of the bank, compared with the quiz."""

    found: ParsedQuestion
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Target:
    """The quiz that the questions are added to, and whether it and its week are new."""

    quiz: Quiz
    is_new: bool
    adds_week: bool


class PutBank(NamedTuple):
    """A bank whose questions are stored, and not yet joined with those of reports."""

    bank: Bank
    wanted: TakeBank
    kept: KeptBank
    target: _Target | None
    compared: list[_Compared]


@dataclass(frozen=True, slots=True)
class TakenBank:
    """The report on a bank, and the state of each quiz by its id: ``added``, ``changed`` or ``unchanged``."""

    report: ImportReport
    quizzes: Mapping[int, str]


def import_bank(session: Session, bank: Bank, options: ImportOptions) -> ImportReport:
    """Store the questions of a bank, bring a quiz to what it says, and report the outcome of every question.

    The quiz is the one with this exact title; else the one that an earlier import under this title made, even if it has
    another title now; else a new one, if a title or a week was given. If attempts were made at its questions, those stay as they are and
    only the key may change. A quiz of which only totals are stored can get its questions. A quiz that a report defines gets types, options
    and keys for the questions that are in it. Without a quiz the questions wait for the reports on quizzes.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    bank
        As its reader returned it.
    options
        `course` is needed. `week` is that of a new quiz, else the week that a given title names; a week that the syllabus lacks is added,
        and a stored quiz stays in its week. `reading.title` is the title of the quiz, by default the name of the bank without its ending.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    InputError
        A week was given, and that the quiz is to be in none.
    WeekNeededError
        The quiz would be new, and only a title that names no week was given.
    QuizAmbiguousError
        The course has several quizzes with this title.
    QuizUnreadableError
        The content of the stored quiz cannot be compared.
    ImportFileError
        The questions do not fit into one quiz.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    require_one_week(options)
    dry_run = options.dry_run
    with importing(session, bank.format, bank.name, dry_run=dry_run) as run:
        course = course_by_code(session, options.course or "")
        [found] = taken(session, course, [put_bank(session, course, bank, options)], dry_run=dry_run)
        report = found.report
        session.execute(text("DROP TABLE import_rejection, import_warning"))
        if not dry_run:
            record(session, run, report)
    return report


def put_bank(session: Session, course: Course, bank: Bank, options: ImportOptions) -> PutBank:
    """Store the questions of a bank within an import that has begun; `taken` joins them with those of reports."""
    wanted = TakeBank(
        course=course.code, title=options.reading.title or bank.title, week_number=options.week, without_week=options.without_week
    )
    kept = keep_bank(session, course.id, bank)
    target = _target(session, course, wanted, bank, _week(options, wanted))
    if target is None or is_defined_by_reports(session, target.quiz):
        compared = [_Compared(question, state) for question, state in zip(bank.questions, kept.states, strict=True)]
    else:
        compared = _compared(session, target.quiz, bank)
        if target.is_new | any(each.state in {"added", "changed"} for each in compared):
            _put(session, target.quiz, _merged(target.quiz, compared))
    return PutBank(bank, wanted, kept, target, compared)


def taken(session: Session, course: Course, put: Sequence[PutBank], *, dry_run: bool) -> list[TakenBank]:
    """Join the questions of banks with those of reports, once for all banks, and return the outcome of each."""
    joined = join_questions(session, course.id) if put else []
    found = []
    for bank, wanted, kept, target, compared in put:
        quizzes = _quiz_states(target, compared, joined)
        described = _with_quizzes(kept, compared, target, joined)
        found.append(TakenBank(_report(bank, wanted, target, described, joined, quizzes=quizzes, dry_run=dry_run), quizzes))
    return found


@administrators_only("forget a question bank")
def forget_bank(session: Session, course: str, bank: str, *, dry_run: bool = False, shown: Going | None = None) -> Deletion:
    """Forget the questions of a bank that no report on a quiz has, and return how many they are. Quizzes keep their questions.

    Parameters
    ----------
    dry_run, shown
        As in `services.deletion.delete_quiz`.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    QuestionBankNotFoundError
        It has no bank of this name.
    QuestionBankUsedError
        Quizzes that reports define have questions of it.
    MoreWouldGoError
        It has more questions than was shown.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    lock_imports(session)  # one that is under way may be putting questions of the bank into a quiz
    found = course_by_code(session, course)
    require_question_bank(session, found.id, course, bank)
    session.execute(select(Course.id).where(Course.id == found.id).with_for_update(key_share=True))
    if quizzes := quizzes_with(session, found.id, bank):
        raise QuestionBankUsedError(bank=bank, quizzes=quizzes)
    own = (BankQuestion.course_id == found.id) & (BankQuestion.bank == bank)
    planned = counted(session, f"the question bank {bank} of {found.code}", {"questions": (BankQuestion, own)}, shown=shown)
    if not dry_run:
        session.execute(delete(BankQuestion).where(own))
    return planned


def _week(options: ImportOptions, wanted: TakeBank) -> int | None:
    """Return the week of a new quiz: the one asked for, else the one that the title which was given names; 0 if that names none."""
    asked = wanted.week_number or options.weeks.get(wanted.title)
    return asked if asked or options.reading.title is None else week_named(wanted.title) or 0


def _target(session: Session, course: Course, wanted: TakeBank, bank: Bank, week: int | None) -> _Target | None:
    """Find or create the quiz; None if none was asked for, or if it would be new and the bank has no question that can be imported."""
    key = f"{course.id}/{wanted.title}"
    known = entity_named(session, bank.system, EntityKind.QUIZ, key)
    titled = quizzes_titled(session, course, wanted.title)
    if len(titled) > 1:
        raise QuizAmbiguousError(title=wanted.title, course=course.code)
    if titled or known is not None:
        quiz = titled[0] if titled else quiz_by_id(session, known or 0)
        target = _Target(locked(session, quiz), is_new=False, adds_week=False)
    elif week is None and not wanted.without_week:
        return None
    elif week == 0 and not wanted.without_week:
        raise WeekNeededError(title=wanted.title, course=course.code)
    elif not bank.questions:
        return None
    else:
        adds_week = week is not None and week > 0 and _add_week(session, course, week)
        request = CreateQuiz(course=course.code, title=wanted.title, week_number=week or None)
        target = _Target(write(session, Quiz(course_id=course.id), course, request), is_new=True, adds_week=adds_week)
    if known is None:
        session.add(ExternalId(source=bank.system, kind=EntityKind.QUIZ, external_id=key, course_id=course.id, quiz_id=target.quiz.id))
        session.flush()
    return target


def _put(session: Session, quiz: Quiz, content: QuizContent) -> None:
    """Set the questions of a quiz; the maximum score of stored results stays, since they are on another scale than the bank."""
    max_score = quiz.max_score
    put_content(quiz, content)
    if n_attempts(session, quiz) > 0:
        quiz.max_score = max_score
    session.flush()


def _with_quizzes(kept: KeptBank, compared: list[_Compared], target: _Target | None, joined: Sequence[JoinedQuestions]) -> list[_Compared]:
    """Add to each question in which quizzes it is, if it is not in the one that was asked for alone."""
    described = []
    for nth, each in enumerate(compared, 1):
        found = [f"is question {slot} of {quiz.quiz.title!r}" for quiz in joined if (slot := quiz.slot_of(kept.name, nth)) is not None]
        waits = target is None or any(quiz.quiz.id == target.quiz.id for quiz in joined)
        reason = each.reason or ", ".join(found) or (WAITS if waits else "")
        described.append(_Compared(each.found, each.state, reason))
    return described


def _add_week(session: Session, course: Course, week: int) -> bool:
    stored = select(Syllabus.week_number).where(Syllabus.course_id == course.id, Syllabus.week_number == week)
    if session.scalar(stored) is not None:
        return False
    session.add(Syllabus(course_id=course.id, week_number=week, topic=default_topic(week), objectives=""))
    session.flush()
    return True


def _compared(session: Session, quiz: Quiz, bank: Bank) -> list[_Compared]:
    stored = content_of(quiz)
    stored_questions = {question.id: question for question in stored.questions}
    frozen = n_attempts(session, quiz) > 0 and (bool(stored_questions) or has_answers(session, quiz))
    compared = []
    for found in bank.questions:
        known = stored_questions.get(found.question.id)
        same_key = stored.answer_key.get(found.question.id) == found.key
        if known is None:
            compared.append(_Compared(found, "rejected", FROZEN_NEW) if frozen else _Compared(found, "added"))
        elif known == found.question:
            compared.append(_Compared(found, "unchanged") if same_key else _Compared(found, "changed", "its key or feedback has changed"))
        elif frozen:
            compared.append(_Compared(found, "rejected", FROZEN_CHANGED))
        else:
            compared.append(_Compared(found, "changed", "its text, points or options have changed"))
    return compared


def _merged(quiz: Quiz, compared: list[_Compared]) -> QuizContent:
    stored = content_of(quiz)
    accepted = {each.found.question.id: each.found for each in compared if each.state != "rejected"}
    old = {question.id: question for question in stored.questions}
    questions = old | {identifier: found.question for identifier, found in accepted.items()}
    keys = {identifier: key for identifier, key in stored.answer_key.items() if identifier not in accepted}
    try:
        return QuizContent(
            questions=tuple(questions.values()),
            answer_key=keys | {identifier: found.key for identifier, found in accepted.items() if found.key is not None},
        )
    except ValidationError as error:
        raise ImportFileError(f"The questions do not fit into one quiz: {one_sentence(error)}") from error


def _report(
    bank: Bank,
    wanted: TakeBank,
    target: _Target | None,
    compared: list[_Compared],
    joined: Sequence[JoinedQuestions],
    *,
    quizzes: Mapping[int, str],
    dry_run: bool,
) -> ImportReport:
    states = Counter(each.state for each in compared)
    refused = [
        Rejection(each.found.file, each.found.row, None, shortened(each.found.question.id), each.reason)
        for each in compared
        if each.state == "rejected"
    ]
    rejections = sorted((*bank.rejections, *refused), key=lambda rejection: (rejection.file, rejection.row or 0))
    outcomes = [Outcome(each.found.file, each.found.row, None, each.state, each.found.question.id, each.reason) for each in compared]
    outcomes += [
        Outcome(rejection.file, rejection.row, None, "rejected", rejection.value or "", rejection.reason) for rejection in bank.rejections
    ]
    refused_positions = {(rejection.file, rejection.row) for rejection in refused}
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
            quiz_counts(quizzes),
            EntityCounts("questions", states["added"], states["changed"], states["unchanged"]),
        ),
        rejections=tuple(rejections),
        warnings=(
            *(warning for warning in bank.warnings if (warning.file, warning.row) not in refused_positions),
            *_undecided(bank, joined),
        ),
        notes=(*bank.notes, *_notes(bank, wanted, target, joined, dry_run=dry_run)),
        touched=tuple(dict.fromkeys(key for quiz in joined for key in quiz.touched)),
        outcomes=tuple(sorted(outcomes, key=lambda outcome: (outcome.part, outcome.row or 0))),
    )


def _quiz_states(target: _Target | None, compared: list[_Compared], joined: Sequence[JoinedQuestions]) -> dict[int, str]:
    """Return the states of the quizzes that reports define, and of the one that was asked for."""
    states = {each.quiz.id: "changed" for each in joined if each.is_changed}
    if target is not None and any(each.quiz.id == target.quiz.id for each in joined):
        states.setdefault(target.quiz.id, "unchanged")
    elif target is not None:
        is_changed = any(each.state in {"added", "changed"} for each in compared)
        states[target.quiz.id] = "added" if target.is_new else "changed" if is_changed else "unchanged"
    return states


def quiz_counts(states: Mapping[int, str]) -> EntityCounts:
    """Count the quizzes of an import by their states."""
    counts = Counter(states.values())
    return EntityCounts("quizzes", counts["added"], counts["changed"], counts["unchanged"])


def _undecided(bank: Bank, joined: Sequence[JoinedQuestions]) -> Iterator[RowWarning]:
    for quiz in joined:
        for slot, candidates in quiz.undecided():
            if bank.name in candidates:
                yield RowWarning(bank.name, None, None, f"Question {slot} of {quiz.quiz.title}"[:200], f"{COULD_BE_SEVERAL}: {candidates}")


def _notes(bank: Bank, wanted: TakeBank, target: _Target | None, joined: Sequence[JoinedQuestions], *, dry_run: bool) -> list[str]:
    of_joined = [note for quiz in joined for note in quiz.notes()]
    if target is None and bank.questions:
        return [f"The questions belong to no quiz yet: the reports on the quizzes of {wanted.course} say which are in them.", *of_joined]
    if target is None:
        return [f"No quiz {wanted.title!r} was created, since none of the questions can be imported."]
    return [*_notes_on_quiz(bank, wanted, target, dry_run=dry_run), *of_joined]


def _notes_on_quiz(bank: Bank, wanted: TakeBank, target: _Target, *, dry_run: bool) -> list[str]:
    quiz = target.quiz
    where = "without a week" if quiz.week_number is None else f"in week {quiz.week_number}"
    described = f"the {'new ' if target.is_new else ''}quiz {quiz.title!r} {where}"
    if wanted.week_number not in {None, quiz.week_number}:
        stays = "in its week" if quiz.week_number is not None else "without a week"
        asked = f"week {wanted.week_number} was asked for. To change its week: the notebook admin/quiz_setup"
        return [f"The questions belong to {described}. The quiz stays {stays}; {asked}"]
    if target.is_new and wanted.title == bank.title and not bank.given_title:
        other = f"; {advice.TITLE}." if dry_run else ". To change its title: the notebook admin/quiz_setup"
        return [f"The questions belong to {described}, called after the file{other}"]
    return [f"The questions belong to {described}."]
