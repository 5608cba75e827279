"""Setting up a quiz and changing it, without changing the meaning of stored attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import QuizAnsweredError, QuizExistsError, QuizUnreadableError, WeekNotFoundError
from lmskit.models import Course, Quiz, QuizAttempt
from lmskit.queries.leading import led_course_by_code, require_leading
from lmskit.queries.quiz import content_of, quiz_by_id
from lmskit.schemas.quiz import Question, QuizContent
from lmskit.schemas.quiz_request import ChangeQuiz, CreateQuiz
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import QuestionType


@dataclass(frozen=True, slots=True)
class ChangedQuiz:
    """A quiz after a change; the mastery of `touched` is out of date until `services.mastery.refresh`."""

    quiz: Quiz
    touched: tuple[tuple[int, int, int], ...] = ()
    """(student id, course id, week) whose evidence changed."""


@administrators_only("set up quizzes of this course")
def create_quiz(session: Session, request: CreateQuiz) -> Quiz:
    """Add a quiz to a week of a course.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    WeekNotFoundError
        Its syllabus has no such week.
    QuizExistsError
        The course has a quiz of this title.
    NotPermittedError
        The signed-in person may not set up quizzes of the course.
    """
    course = led_course_by_code(session, request.course)
    _check_title(session, course, request.title)
    return write(session, Quiz(course_id=course.id), course, request)


@administrators_only("change this quiz, or move it to another week")
def change_quiz(session: Session, request: ChangeQuiz) -> ChangedQuiz:
    """Change a quiz as requested.

    In a quiz with attempts the title, due date, week, texts and answer key may change. Its questions, their order, points and
    options may not, because the attempts refer to them. Scores stay as they are, even if the answer key changes. A quiz whose
    attempts have only total scores can get its questions.

    Raises
    ------
    QuizNotFoundError
        There is no such quiz.
    WeekNotFoundError
        The syllabus has no such week.
    QuizExistsError
        Another quiz of the course has this title.
    QuizAnsweredError
        Attempts refer to questions that the request changes.
    NotPermittedError
        The signed-in person may not change it.
    """
    found = quiz_by_id(session, request.quiz_id)
    require_leading(session, found.course_id)
    quiz = locked(session, found)
    course = session.get_one(Course, quiz.course_id)
    if request.title != quiz.title:
        _check_title(session, course, request.title)
    check_change(session, quiz, request.content)
    weeks = (quiz.week_number, request.week_number)
    write(session, quiz, course, request)
    return ChangedQuiz(quiz, () if weeks[0] == weeks[1] else _touched(session, quiz, weeks))


def locked(session: Session, quiz: Quiz) -> Quiz:
    """Read a quiz again and lock it: until the transaction ends, no other can change it or add attempts."""
    session.refresh(quiz, with_for_update=True)
    return quiz


def check_change(session: Session, quiz: Quiz, wanted: QuizContent) -> None:
    """Refuse questions that would change the meaning of stored attempts; the quiz must be locked.

    Raises
    ------
    QuizAnsweredError
        See `change_quiz`.
    """
    attempts = n_attempts(session, quiz)
    if attempts == 0:
        return
    if not quiz.questions and not has_answers(session, quiz):
        return
    try:
        difference = first_difference(content_of(quiz), wanted)
    except QuizUnreadableError:
        same = quiz.questions == wanted.stored_questions()
        difference = None if same else "the stored questions are not in lmskit's format"
    if difference is not None:
        raise QuizAnsweredError(title=quiz.title, n_attempts=attempts, difference=difference)


def first_difference(stored: QuizContent, wanted: QuizContent) -> str | None:
    """Describe the first difference between two contents that would affect stored attempts; None if there is none."""
    before, after = [question.id for question in stored.questions], [question.id for question in wanted.questions]
    for question in stored.questions:
        if question.id not in after:
            return f"question {question.id!r} would be removed"
    for question in wanted.questions:
        if question.id not in before:
            return f"question {question.id!r} would be new"
    if before != after:
        return "their order would change"
    for old, new in zip(stored.questions, wanted.questions, strict=True):
        if shape(old) != shape(new):
            return f"question {old.id!r} would get another type, other points or other options"
    return None


def shape(question: Question) -> tuple[QuestionType, float, frozenset[str], frozenset[str]]:
    """The parts of a question that attempts refer to: its type, its points, and the ids of options and targets."""
    targets = question.targets if question.type is QuestionType.MATCH else ()
    options = frozenset(option.id for option in question.options)
    return question.type, question.points, options, frozenset(target.id for target in targets)


def n_attempts(session: Session, quiz: Quiz) -> int:
    """The number of attempts at a quiz."""
    return session.scalar(select(func.count()).select_from(QuizAttempt).where(*_of(quiz))) or 0


def has_answers(session: Session, quiz: Quiz) -> bool:
    """Whether answers to individual questions of a quiz are stored."""
    return bool(session.scalar(select(exists().where(*_of(quiz), func.jsonb_array_length(QuizAttempt.answers) > 0))))


def put_content(quiz: Quiz, content: QuizContent) -> None:
    """Set questions, answer key and maximum score; without questions, a stored maximum score stays."""
    quiz.questions, quiz.answer_key = content.stored_questions(), content.stored_key()
    if content.questions or quiz.max_score is None:
        quiz.max_score = content.stored_maximum()


def quizzes_titled(session: Session, course: Course, title: str) -> Sequence[Quiz]:
    """The quizzes of a course with this title; an import may have created several."""
    return session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == title).order_by(Quiz.id)).all()


def _check_title(session: Session, course: Course, title: str) -> None:
    # If two people set up the same quiz at once, the second waits for this lock and then finds the first one's quiz.
    session.execute(select(Course.id).where(Course.id == course.id).with_for_update(key_share=True))
    if quizzes_titled(session, course, title):
        raise QuizExistsError(title=title, course=course.code)


def write(session: Session, quiz: Quiz, course: Course, wanted: CreateQuiz | ChangeQuiz) -> Quiz:
    """Store a new or changed quiz as requested.

    Raises
    ------
    WeekNotFoundError
        The syllabus has no such week.
    """
    try:
        with session.begin_nested():
            quiz.title, quiz.week_number, quiz.due_on = wanted.title, wanted.week_number, wanted.due_on
            put_content(quiz, wanted.content)
            session.add(quiz)
    except IntegrityError as error:
        if wanted.week_number is None or violated_constraint(error) != "fk_quizzes_course_id_week_number":
            raise
        raise WeekNotFoundError(course=course.code, week=wanted.week_number) from error
    return quiz


def _touched(session: Session, quiz: Quiz, weeks: tuple[int | None, int | None]) -> tuple[tuple[int, int, int], ...]:
    students = session.scalars(select(QuizAttempt.student_id).where(*_of(quiz)).distinct().order_by(QuizAttempt.student_id)).all()
    return tuple((student, quiz.course_id, week) for student in students for week in weeks if week is not None)


def _of(quiz: Quiz) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return QuizAttempt.quiz_id == quiz.id, QuizAttempt.course_id == quiz.course_id
