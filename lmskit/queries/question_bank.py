"""The question banks of a course, and which of their questions are in a quiz."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, String, func, select, text

from lmskit.errors import QuestionBankNotFoundError
from lmskit.listings import BANK_QUESTIONS, QUESTION_BANKS
from lmskit.models import BankQuestion
from lmskit.queries.course import course_by_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Subquery
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

_STATEMENT = text(files("lmskit.queries").joinpath("question_bank.sql").read_text(encoding="utf-8"))


def _questions(course_id: int) -> Subquery:
    columns = dict.fromkeys(("bank", "question", "type", "prompt", "quiz", "asked_as"), String) | {"number": Integer}
    return _STATEMENT.bindparams(course=course_id).columns(**columns).subquery()


@QUESTION_BANKS.documented
def question_banks(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The question banks of `course`, by name.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return QUESTION_BANKS.table(question_bank_rows(session, course, limit=limit, offset=offset))


def question_bank_rows(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `question_banks`, for a list in the terminal."""
    found = _questions(course_by_code(session, course).id)
    in_quizzes = func.count(found.c.quiz)
    statement = (
        select(
            found.c.bank,
            func.count().label("n_questions"),
            in_quizzes.label("n_in_quizzes"),
            (func.count() - in_quizzes).label("n_waiting"),
        )
        .group_by(found.c.bank)
        .order_by(found.c.bank.collate("C"))
    )
    return rows(session, paged(statement, limit, offset))


def count_question_banks(session: Session, course: str) -> int:
    """The number of rows on all pages of `question_banks`."""
    of_course = BankQuestion.course_id == course_by_code(session, course).id
    return session.scalar(select(func.count(BankQuestion.bank.distinct())).where(of_course)) or 0


@BANK_QUESTIONS.documented
def bank_questions(session: Session, course: str, bank: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The questions of a bank, by their position in it.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    QuestionBankNotFoundError
        It has no bank of this name.
    """
    return BANK_QUESTIONS.table(bank_question_rows(session, course, bank, limit=limit, offset=offset))


def bank_question_rows(session: Session, course: str, bank: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `bank_questions`, for a list in the terminal."""
    course_id = course_by_code(session, course).id
    require_question_bank(session, course_id, course, bank)
    found = _questions(course_id)
    return rows(session, paged(select(found).where(found.c.bank == bank).order_by(found.c.number), limit, offset))


def count_bank_questions(session: Session, course: str, bank: str) -> int:
    """The number of rows on all pages of `bank_questions`."""
    return require_question_bank(session, course_by_code(session, course).id, course, bank)


def require_question_bank(session: Session, course_id: int, course: str, bank: str) -> int:
    """Return how many questions a bank of a course has.

    Raises
    ------
    QuestionBankNotFoundError
        The course, whose code is `course`, has no bank of this name.
    """
    of_bank = select(func.count()).where(BankQuestion.course_id == course_id, BankQuestion.bank == bank)
    n_questions = session.scalar(of_bank) if "\0" not in bank else 0
    if not n_questions:
        raise QuestionBankNotFoundError(course=course, bank=bank)
    return n_questions


def bank_contents(session: Session, course: str, bank: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The questions of a bank with their keys, as they are stored, by their position in it; a question without a key has an empty one.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    QuestionBankNotFoundError
        It has no bank of this name.
    """
    course_id = course_by_code(session, course).id
    require_question_bank(session, course_id, course, bank)
    of_bank = select(BankQuestion.question, BankQuestion.answer_key).where(BankQuestion.course_id == course_id, BankQuestion.bank == bank)
    return [(row.question, row.answer_key) for row in session.execute(of_bank.order_by(BankQuestion.number))]
