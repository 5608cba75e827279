"""The answers to a quiz, question by question: attempts × questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, and_, func, not_, select

from lmskit.columns import QUIZ_WEEK, Column, Columns
from lmskit.models import Course, Enrollment, Quiz, QuizAttempt, Term
from lmskit.queries.course import COUNTED, has_code
from lmskit.queries.course_plan import read_by_course
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.queries.quiz import content_of, quiz_by_id
from lmskit.queries.quiz_exception import stands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from lmskit.schemas.quiz import QuizContent

_LARGEST_SCORE = 100_000_000.0  # the evidence of mastery has the same bound
ANSWER_WITHOUT_SCORE = '$[*] ? (@.response != null && !(exists(@.score) && @.score.type() == "number"))'
"""SQL/JSON path: an answer that was given and has no score."""
_NO_ANSWER: tuple[float, Any] = (np.nan, None)


ANSWERED_QUIZZES = Columns(
    Column("quiz_id", "int64"),
    QUIZ_WEEK,
    Column("title", "str"),
    Column("n_questions", "int64", "0 if only totals are known"),
    Column("n_students", "int64", "active and completed students with such an attempt"),
    Column("n_attempts", "int64", "graded question by question; banked attempts are left out"),
)


@dataclass(frozen=True)
class QuizAnswers:
    """One quiz with the graded attempts of active and completed students; banked attempts are left out.

    Attributes
    ----------
    quiz_id, title, week_number
        Number, title and week of the quiz; None if it has no week.
    course, term
        Codes of the course and of its term.
    simulated
        Whether the course has simulated data.
    content
        The questions and their key.
    attempts
        By student, then by number: attempt_id, student_id, number (int64), submitted_at (UTC; NaT = unknown).
    scores
        One row per row of `attempts`, one column per question in the order of the quiz, named by its id: the score of the answer, which
        some systems give below 0; NaN without an answer to the question.
    responses
        The same rows and columns: the response, as `lmskit.schemas.quiz.Answer` stores it; None without an answer.
    n_not_graded
        Attempts left out because they, or one of their answers, are not graded yet.
    n_totals
        Attempts left out because only their total is known, or because they answer none of the quiz's questions.
    n_of_others
        Attempts left out because their student is neither active nor has completed the course.
    """

    quiz_id: int
    title: str
    week_number: int | None
    course: str
    term: str
    simulated: bool
    content: QuizContent
    attempts: pd.DataFrame
    scores: pd.DataFrame
    responses: pd.DataFrame
    n_not_graded: int
    n_totals: int
    n_of_others: int

    @property
    def left_out(self) -> str:
        """How many attempts were left out, and why; empty if all are included."""
        counts = {
            "not graded yet": self.n_not_graded,
            "with a total only": self.n_totals,
            "of students who have left the course": self.n_of_others,
        }
        return ", ".join(f"{count:,} {words}" for words, count in counts.items() if count)

    @property
    def max_scores(self) -> dict[str, float]:
        """The most points of each question, by id."""
        return {question.id: question.points for question in self.content.questions}


@ANSWERED_QUIZZES.documented
def answered_quizzes(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The quizzes of `course` with the number of their graded answers, by week, then by title.

    {columns}

    An unknown course, or one without quizzes, gives an empty table with these columns.
    """
    graded = (
        select(QuizAttempt.quiz_id, func.count(QuizAttempt.student_id.distinct()).label("n_students"), func.count().label("n_attempts"))
        .join(Enrollment, (Enrollment.course_id == QuizAttempt.course_id) & (Enrollment.student_id == QuizAttempt.student_id))
        .join(Course, Course.id == QuizAttempt.course_id)
        .where(has_code(course), Enrollment.status.in_(COUNTED), _graded(), _by_question())
        .group_by(QuizAttempt.quiz_id)
        .subquery()
    )
    statement = (
        select(
            Quiz.id.label("quiz_id"),
            Quiz.week_number,
            Quiz.title,
            func.jsonb_array_length(Quiz.questions).label("n_questions"),
            func.coalesce(graded.c.n_students, 0).label("n_students"),
            func.coalesce(graded.c.n_attempts, 0).label("n_attempts"),
        )
        .join(Course, Course.id == Quiz.course_id)
        .outerjoin(graded, graded.c.quiz_id == Quiz.id)
        .where(has_code(course))
        .order_by(Quiz.week_number, Quiz.title.collate("C"), Quiz.id)
    )
    with read_by_course(session):
        return frame(session, paged(statement, limit, offset), ANSWERED_QUIZZES)


def quiz_answers(session: Session, quiz_id: int) -> QuizAnswers:
    """All answers to a quiz from which statistics can be computed. There are no pages: a statistic needs all answers at once.

    Raises
    ------
    QuizNotFoundError
        The signed-in person can see no such quiz.
    QuizUnreadableError
        The stored questions of the quiz cannot be read.
    """
    quiz = quiz_by_id(session, quiz_id)
    content = content_of(quiz)
    course, term, origin = session.execute(
        select(Course.code, Term.code, Course.origin).join(Term, Term.id == Course.term_id).where(Course.id == quiz.course_id)
    ).one()
    rows = session.execute(
        select(
            QuizAttempt.id,
            QuizAttempt.student_id,
            QuizAttempt.number,
            QuizAttempt.submitted_at,
            _graded().label("graded"),
            _by_question().label("by_question"),
            QuizAttempt.answers,
            Enrollment.status.in_(COUNTED).label("counts"),
        )
        .join(Enrollment, (Enrollment.course_id == QuizAttempt.course_id) & (Enrollment.student_id == QuizAttempt.student_id))
        .where(QuizAttempt.quiz_id == quiz.id, QuizAttempt.course_id == quiz.course_id)
        .where(~QuizAttempt.banked, stands())
        .order_by(QuizAttempt.student_id, QuizAttempt.number)
    ).all()
    n_of_others = sum(not row.counts for row in rows)
    rows = [row for row in rows if row.counts]
    known = [(row, _answers(row.answers, content)) for row in rows if row.graded and row.by_question]
    known = [(row, answers) for row, answers in known if answers]
    questions = [question.id for question in content.questions]
    not_graded = sum(not row.graded for row in rows)
    scores = pd.DataFrame(
        [[answers.get(question, _NO_ANSWER)[0] for question in questions] for _, answers in known],
        columns=pd.Index(questions, dtype="str"),
        dtype="float64",
    )
    return QuizAnswers(
        quiz_id=quiz.id,
        title=quiz.title,
        week_number=quiz.week_number,
        course=course,
        term=term,
        simulated=origin == "simulation",
        content=content,
        attempts=_attempts(row for row, _ in known),
        scores=scores,
        responses=pd.DataFrame(
            _cells([[answers.get(question, _NO_ANSWER)[1] for question in questions] for _, answers in known], len(questions)),
            columns=pd.Index(questions, dtype="str"),
            dtype="object",  # otherwise a missing response would be NaN among texts
        ),
        n_not_graded=not_graded,
        n_totals=len(rows) - not_graded - len(known),
        n_of_others=n_of_others,
    )


def _graded() -> ColumnElement[bool]:
    """Whether the attempt as a whole and every given answer has a score."""
    return and_(
        ~QuizAttempt.banked,
        stands(),
        QuizAttempt.score.is_not(None),
        not_(func.jsonb_path_exists(QuizAttempt.answers, func.jsonpath(ANSWER_WITHOUT_SCORE))),
    )


def _by_question() -> ColumnElement[bool]:
    return func.jsonb_array_length(QuizAttempt.answers) > 0


def _answers(stored: Iterable[Any], content: QuizContent) -> dict[str, tuple[float, Any]]:
    """Score, which may be below 0, and response by question.

    The database accepts any JSON; an entry that is not an answer to a question of the quiz is skipped.
    """
    asked = {question.id for question in content.questions}
    found: dict[str, tuple[float, Any]] = {}
    for entry in stored:
        if not isinstance(entry, dict):
            continue
        question, score = entry.get("question"), entry.get("score")
        if not isinstance(question, str) or question not in asked or question in found:
            continue
        has_score = isinstance(score, int | float) and not isinstance(score, bool)
        found[question] = (
            float(min(max(score, -_LARGEST_SCORE), _LARGEST_SCORE)) if has_score and score is not None else np.nan,
            entry.get("response"),
        )
    return found


def _attempts(rows: Iterable[Any]) -> pd.DataFrame:
    kept = list(rows)
    columns = {"attempt_id": "id", "student_id": "student_id", "number": "number", "submitted_at": "submitted_at"}
    table = {name: [getattr(row, field) for row in kept] for name, field in columns.items()}
    kinds = {"attempt_id": "int64", "student_id": "int64", "number": "int64", "submitted_at": "datetime64[us, UTC]"}
    return pd.DataFrame({name: pd.Series(table[name], dtype=kind) for name, kind in kinds.items()})


def _cells(rows: list[list[Any]], n_columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    """An array of JSON values, in which a list is one cell."""
    cells = np.empty((len(rows), n_columns), dtype=object)
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            cells[number, column] = value
    return cells
