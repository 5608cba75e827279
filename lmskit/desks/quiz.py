"""The quiz form, wired to the database and to the readers of question banks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lmskit.db import Opener, snapshot, transaction
from lmskit.desks.options import course_options
from lmskit.errors import ImportFileError
from lmskit.forms.quiz import CourseOptions, QuizAsStored, QuizForm, QuizRequest
from lmskit.importers.advice import refused_in_form
from lmskit.importers.formats import ReadOptions
from lmskit.importers.question_banks.bank import Bank, BankFormat
from lmskit.importers.registry import detected
from lmskit.queries.course import syllabus
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.quiz import content_of, quiz_by_id, quizzes
from lmskit.rounding import count_text
from lmskit.schemas.quiz_request import CreateQuiz
from lmskit.services.mastery import refresh
from lmskit.services.permission import require_administrator
from lmskit.services.quiz import change_quiz, create_quiz


def quiz_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> QuizForm:
    """Return the form; it begins with `course`, or with the newest one.

    If a quiz with attempts moves to another week, the mastery of both weeks is refreshed in the same transaction.
    """
    with read() as session:
        require_administrator(session)
        known_courses = course_options(session)

    def read_course(code: str) -> CourseOptions:
        with read() as session:
            weeks = syllabus(session, code, limit=MAX_PAGE)
            found = quizzes(session, code, limit=MAX_PAGE)
        return CourseOptions(
            weeks=tuple((f"{number}. {topic}", int(number)) for number, topic in zip(weeks["week_number"], weeks["topic"], strict=True)),
            quizzes=tuple(
                (
                    f"{'No week' if pd.isna(week) else f'Week {week}'}: {title} · {count_text(attempts, 'attempt')}",
                    int(number),
                )
                for week, title, attempts, number in zip(
                    found["week_number"], found["title"], found["n_attempts"], found["quiz_id"], strict=True
                )
            ),
        )

    def read_quiz(number: int) -> QuizAsStored:
        with read() as session:
            quiz = quiz_by_id(session, number)
            return QuizAsStored(quiz.title, quiz.week_number, quiz.due_on, content_of(quiz))

    def save(request: QuizRequest) -> str:
        left: tuple[str, ...] = ()
        with begin() as session:
            if isinstance(request, CreateQuiz):
                create_quiz(session, request)
            elif touched := change_quiz(session, request).touched:
                left = refresh(session, touched=touched).skipped_sentences
        questions = count_text(len(request.content.questions), "question")
        points = f"{request.content.max_score:g} {'point' if request.content.max_score == 1 else 'points'}"
        where = "without a week" if request.week_number is None else f"in week {request.week_number}"
        saved = f"{request.title} was saved {where}: {questions}, {points}."
        without = () if request.week_number is not None else ("Its attempts are not evidence of mastery until it has a week.",)
        return " ".join((saved, *without, *left))

    return QuizForm(
        save,
        courses=known_courses,
        read_course=read_course,
        read_quiz=read_quiz,
        read_bank=read_bank,
        course=course,
    )


def read_bank(path: Path) -> Bank:
    """Read the question bank at a path, whatever its format.

    Raises
    ------
    ImportFileError
        It is not a question bank, or cannot be read.
    """
    with refused_in_form():
        found = detected(path)
        if not isinstance(found, BankFormat):
            raise ImportFileError(
                f"{path.name} is not a question bank but another export ({found.title}). Import it with admin/roster_import."
            )
        return found.open(path, ReadOptions())
