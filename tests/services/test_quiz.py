"""Setting up quizzes and changing them without changing the meaning of attempts."""

import datetime as dt
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from decimal import Decimal

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from lmskit.db import transaction
from lmskit.errors import (
    CourseNotFoundError,
    NotPermittedError,
    QuizAnsweredError,
    QuizExistsError,
    QuizNotFoundError,
    QuizUnreadableError,
    WeekNotFoundError,
)
from lmskit.models import Quiz, QuizAttempt
from lmskit.queries.course import course_by_code
from lmskit.queries.person import person_by_email
from lmskit.queries.quiz import count_quizzes, quiz_content, quizzes
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.quiz_request import ChangeQuiz, CreateQuiz
from lmskit.services.quiz import change_quiz, create_quiz
from tests import factories
from tests.services.test_double_click import at_once

LETTERS = [{"id": "a", "text": "one"}, {"id": "b", "text": "two"}]
FIRST = {"id": "q1", "type": "choice", "prompt": "Which?", "points": 2.0, "options": LETTERS}
SECOND = {"id": "q2", "type": "numeric", "prompt": "How many?", "points": 0.5, "options": []}
CONTENT = {"questions": [FIRST, SECOND], "answer_key": {"q1": {"answer": "a"}, "q2": {"answer": 3, "tolerance": 0.1}}}

ASKED = QuizContent.model_validate(CONTENT)


def asking(*questions):
    return {"questions": questions}


@pytest.fixture
def course(session):
    return factories.course(session, weeks=3)


@pytest.fixture
def quiz(session, course):
    return create_quiz(session, CreateQuiz(course=course.code, title="Loops", week_number=2, content=ASKED))


@pytest.fixture
def change(session, quiz):
    def changed(**wanted):
        as_it_is = {"title": quiz.title, "week_number": quiz.week_number, "due_on": quiz.due_on, "content": CONTENT}
        return change_quiz(session, ChangeQuiz.model_validate({"quiz_id": quiz.id} | as_it_is | wanted))

    return changed


@pytest.fixture
def answered(session, course, quiz):
    """A quiz with one attempt, and the student who made it."""
    student = factories.enrollment(session, course).student_id
    factories.attempt(session, quiz, student, score=2, answers=[{"question": "q1", "response": "a", "score": 2}])
    return student


def test_a_quiz_is_set_up_with_its_questions_and_their_points(session, course, quiz):
    assert (quiz.course_id, quiz.week_number, quiz.max_score) == (course.id, 2, Decimal("2.5"))
    assert quiz_content(session, quiz.id) == QuizContent.model_validate(CONTENT)
    (row,) = quizzes(session, course.code).itertuples(index=False)
    assert tuple(row) == (quiz.id, 2, "Loops", 2, 2.5, None, 0)
    assert count_quizzes(session, course.code) == 1


@pytest.mark.parametrize(("changes", "error"), [
    ({"course": "NO-SUCH"}, CourseNotFoundError),
    ({"week_number": 4}, WeekNotFoundError),
    ({"title": " Loops "}, QuizExistsError),
])  # fmt: skip
def test_a_quiz_needs_a_course_a_week_and_a_unique_title(session, course, quiz, changes, error):
    with pytest.raises(error):
        create_quiz(session, CreateQuiz.model_validate({"course": course.code, "title": "Lists", "week_number": 1} | changes))
    assert count_quizzes(session, course.code) == 1


def test_a_quiz_without_attempts_can_change_completely(quiz, change):
    change(title="Loops and lists", week_number=3, due_on=dt.date(2026, 10, 1), content=asking(SECOND))
    assert (quiz.title, quiz.week_number, quiz.due_on) == ("Loops and lists", 3, dt.date(2026, 10, 1))
    assert (quiz.questions, quiz.answer_key, quiz.max_score) == ([SECOND], {}, Decimal("0.5"))


def test_a_refused_change_leaves_the_quiz_as_it_was(session, course, quiz, change):
    create_quiz(session, CreateQuiz(course=course.code, title="Lists", week_number=1))
    with pytest.raises(QuizExistsError):
        change(title="Lists")
    with pytest.raises(WeekNotFoundError):
        change(week_number=9, content=asking(SECOND))
    session.expire_all()
    assert (quiz.title, quiz.week_number, quiz.questions) == ("Loops", 2, [FIRST, SECOND])


@pytest.mark.parametrize(("questions", "difference"), [
    ([FIRST], "question 'q2' would be removed"),
    ([FIRST, SECOND, SECOND | {"id": "q3"}], "question 'q3' would be new"),
    ([SECOND, FIRST], "their order would change"),
    ([FIRST | {"points": 3}, SECOND], "question 'q1' would get another type, other points or other options"),
    ([FIRST | {"options": LETTERS[:1]}, SECOND], "question 'q1' would get"),
    ([FIRST, SECOND | {"type": "essay"}], "question 'q2' would get"),
])  # fmt: skip
def test_questions_that_attempts_refer_to_cannot_change(quiz, answered, change, questions, difference):
    with pytest.raises(QuizAnsweredError, match=difference):
        change(content=asking(*questions))
    assert quiz.questions == [FIRST, SECOND]


def test_texts_and_the_key_may_change_after_attempts(quiz, answered, change):
    reworded = FIRST | {"prompt": "Which one?", "options": [LETTERS[1], LETTERS[0] | {"text": "ONE"}]}
    changed = change(content=asking(reworded, SECOND) | {"answer_key": {"q1": {"answer": "b"}}}, due_on=dt.date(2026, 10, 1))
    assert (quiz.questions[0], quiz.answer_key, changed.touched) == (reworded, {"q1": {"answer": "b"}}, ())


def test_a_quiz_that_moves_to_another_week_moves_its_evidence(quiz, answered, change):
    assert change(week_number=3).touched == ((answered, quiz.course_id, 2), (answered, quiz.course_id, 3))


def test_a_quiz_whose_attempts_have_only_total_scores_can_get_its_questions(session, course):
    quiz = factories.quiz(session, course, title="From a gradebook", max_score=10)
    factories.attempt(session, quiz, factories.enrollment(session, course).student_id, score=7)
    same = {"quiz_id": quiz.id, "title": quiz.title, "week_number": 1}
    change_quiz(session, ChangeQuiz.model_validate(same | {"due_on": "2026-10-01"}))
    assert quiz.max_score == 10
    change_quiz(session, ChangeQuiz.model_validate(same | {"content": CONTENT}))
    assert (quiz.questions, quiz.max_score) == ([FIRST, SECOND], Decimal("2.5"))


def test_questions_stored_in_another_format_are_reported_and_can_be_replaced(session, course, change, quiz):
    quiz.questions = [{"id": 1}]
    session.flush()
    with pytest.raises(QuizUnreadableError, match="Enter them anew"):
        quiz_content(session, quiz.id)
    change()
    assert quiz.questions == [FIRST, SECOND]


@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**70])
def test_an_unknown_quiz_is_reported(session, number):
    with pytest.raises(QuizNotFoundError):
        quiz_content(session, number)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", ""])
def test_text_that_the_database_cannot_store_is_refused_before(text):
    for question in (FIRST | {"prompt": text}, FIRST | {"id": text}):
        with pytest.raises(ValidationError):
            CreateQuiz.model_validate({"course": "C", "title": "T", "week_number": 1, "content": asking(question)})
    short_text = {"id": "t", "type": "short_text", "prompt": "?", "points": 1}
    if text:
        with pytest.raises(ValidationError):
            QuizContent.model_validate(asking(short_text) | {"answer_key": {"t": {"answer": [text]}}})


def test_a_lecturer_sets_up_quizzes_of_own_courses_and_cannot_move_them(admin_engine, lecturer_engine):
    with transaction(admin_engine) as session:
        own = factories.course(session, weeks=2, taught_by=person_by_email(session, "demo.lecturer@example.org")).code
        others = factories.course(session, weeks=2).code
    with transaction(lecturer_engine) as session:
        made = create_quiz(session, CreateQuiz(course=own, title="Mine", week_number=1, content=ASKED)).id
    with transaction(lecturer_engine) as session:
        change_quiz(session, ChangeQuiz(quiz_id=made, title="Ours", week_number=1, content=ASKED))
    with pytest.raises(CourseNotFoundError), transaction(lecturer_engine) as session:
        create_quiz(session, CreateQuiz(course=others, title="Not mine", week_number=1))
    with pytest.raises(NotPermittedError, match="move it to another week"), transaction(lecturer_engine) as session:
        change_quiz(session, ChangeQuiz(quiz_id=made, title="Ours", week_number=2, content=ASKED))
    with transaction(admin_engine) as session:
        assert session.get_one(Quiz, made).title == "Ours"
        for code in (own, others):
            session.delete(course_by_code(session, code))


def test_twelve_clicks_on_create_make_one_quiz(admin_engine):
    with transaction(admin_engine) as session:
        code = factories.course(session, weeks=1).code

    def click():
        with transaction(admin_engine) as session:
            return create_quiz(session, CreateQuiz(course=code, title="Loops", week_number=1)).id

    results = at_once(click)
    assert Counter(type(result) for result in results) == {int: 1, QuizExistsError: len(results) - 1}
    with transaction(admin_engine) as session:
        assert count_quizzes(session, code) == 1
        session.delete(course_by_code(session, code))


def test_a_change_waits_for_an_attempt_that_is_being_stored(admin_engine):
    with transaction(admin_engine) as session:
        course = factories.course(session, weeks=1)
        made = create_quiz(session, CreateQuiz(course=course.code, title="Loops", week_number=1, content=ASKED))
        student = factories.enrollment(session, course)
    wanted = ChangeQuiz(quiz_id=made.id, title="Loops", week_number=1, content=QuizContent.model_validate(asking(SECOND)))
    with ThreadPoolExecutor(1) as pool:
        with transaction(admin_engine) as session:
            factories.attempt(session, made, student.student_id, answers=[{"question": "q1", "response": "a", "score": 2}])

            def change():
                with transaction(admin_engine) as other:
                    change_quiz(other, wanted)

            waiting = pool.submit(change)
            assert not wait([waiting], timeout=0.5).done
        with pytest.raises(QuizAnsweredError):
            waiting.result(30)
    with transaction(admin_engine) as session:
        assert session.get_one(Quiz, made.id).questions == [FIRST, SECOND]
        session.delete(session.scalars(select(QuizAttempt).where(QuizAttempt.quiz_id == made.id)).one())
        session.flush()
        session.delete(course_by_code(session, course.code))
