"""An answer is to a question of its quiz, whatever is written, in which order, and by how many at once."""

from __future__ import annotations

import threading

import psycopg
import pytest
from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError, InternalError
from sqlalchemy.orm import Session

from lmskit.db import transaction, violated_constraint
from lmskit.db.failure import translation
from lmskit.errors import AnsweredQuestionError, AnswerWithoutQuestionError
from lmskit.models import Course, QuizAttempt, Term, User
from tests import factories

UNKNOWN, ANSWERED = "an_answer_is_to_a_question_of_its_quiz", "a_question_with_answers_stays"
QUESTIONS = [{"id": name, "type": "short_text", "prompt": "?", "points": 1.0} for name in ("a", "b")]


def answers(*questions):
    return [{"question": question, "response": "x", "score": 1} for question in questions]


@pytest.fixture
def quiz(session):
    made = factories.quiz(session, factories.course(session, weeks=1), questions=QUESTIONS)
    session.flush()
    return made


@pytest.fixture
def attempt(session, quiz):
    student = factories.enrollment(session, session.get_one(Course, quiz.course_id)).student_id
    made = factories.attempt(session, quiz, student, answers=answers("a"))
    session.flush()
    return made


COLUMNS = {"attempt": "answers", "quiz": "questions"}


def written(session, **rows):
    """Change rows in a savepoint: `attempt=(row, answers)`, `quiz=(row, questions)`."""
    with session.begin_nested():
        for noun, (row, value) in rows.items():
            setattr(row, COLUMNS[noun], value)
        session.flush()


def refusal(session, **rows):
    """Expect that a change is refused; return the error."""
    with pytest.raises(IntegrityError) as raised:
        written(session, **rows)
    session.expire_all()
    return raised.value


def test_an_answer_to_another_question_is_refused(session, quiz, attempt):
    student = factories.enrollment(session, session.get_one(Course, quiz.course_id)).student_id
    for given in (answers("z"), answers("a", "z"), [{"question": 5}]):
        with pytest.raises(IntegrityError) as raised, session.begin_nested():
            factories.attempt(session, quiz, student, answers=given)
        assert violated_constraint(raised.value) == UNKNOWN
        assert violated_constraint(refusal(session, attempt=(attempt, given))) == UNKNOWN
    for given in (answers("a", "b"), answers("b", "b"), [], [None, 1, {}, {"question": None}]):
        written(session, attempt=(attempt, given))


def test_an_answer_does_not_move_to_a_quiz_without_its_question(session, quiz, attempt):
    other = factories.quiz(session, session.get_one(Course, quiz.course_id), questions=QUESTIONS[1:])
    moved = text("UPDATE quiz_attempts SET quiz_id = :quiz WHERE id = :id")
    with pytest.raises(IntegrityError) as raised:
        session.execute(moved, {"quiz": other.id, "id": attempt.id})
    assert violated_constraint(raised.value) == UNKNOWN


def test_a_question_of_a_large_quiz_is_looked_up_too(session, quiz, attempt):
    written(session, quiz=(quiz, [*QUESTIONS, *({"id": str(number)} for number in range(1000))]))
    written(session, attempt=(attempt, answers("a", "999")))
    assert violated_constraint(refusal(session, attempt=(attempt, answers("a", "1000")))) == UNKNOWN


def test_a_question_with_answers_stays_and_the_others_may_go(session, quiz, attempt):
    for questions in ([], QUESTIONS[1:], [{"id": ["a"]}, *QUESTIONS[1:]]):
        assert violated_constraint(refusal(session, quiz=(quiz, questions))) == ANSWERED
    written(session, quiz=(quiz, [{"id": "c"}, QUESTIONS[0]]))
    session.delete(attempt)
    session.flush()
    written(session, quiz=(quiz, []))


def test_the_refusals_are_sentences(session, quiz, attempt):
    said = translation(refusal(session, attempt=(attempt, answers("z" * 200))).orig, lost=False)
    assert isinstance(said, AnswerWithoutQuestionError)
    assert said.question == "z" * 100
    said = translation(refusal(session, quiz=(quiz, [])).orig, lost=False)
    assert isinstance(said, AnsweredQuestionError)
    assert "'a'" in str(said)


def test_the_id_of_a_question_changes_together_with_the_answers_to_it(session, quiz, attempt):
    session.execute(
        text("""
        WITH answered AS (UPDATE quiz_attempts SET answers = '[{"question": "new"}]' WHERE id = :attempt)
        UPDATE quizzes SET questions = '[{"id": "new"}]' WHERE id = :quiz
        """),
        {"attempt": attempt.id, "quiz": quiz.id},
    )
    session.refresh(attempt)
    assert attempt.answers == [{"question": "new"}]


def test_an_answer_from_before_there_was_a_rule_stays_and_its_attempt_may_change(filled):
    with filled.connect() as connection, connection.begin() as outer:
        for table in ("terms", "quizzes", "quiz_attempts", "archived_attempts"):
            connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
        connection.execute(text("UPDATE terms SET state = 'open'"))
        connection.execute(text("ALTER TABLE quiz_attempts DISABLE TRIGGER keep_to_questions_update"))
        connection.execute(text("""UPDATE quiz_attempts SET answers = '[{"question": "old"}]'"""))
        connection.execute(text("ALTER TABLE quiz_attempts ENABLE TRIGGER keep_to_questions_update"))
        connection.execute(text("""UPDATE quiz_attempts SET score = 1, answers = '[{"question": "old", "score": 1}, null]'"""))
        connection.execute(text("""UPDATE quizzes SET questions = '[{"id": "1"}]'"""))
        more = text("""UPDATE quiz_attempts SET answers = '[{"question": "old"}, {"question": "older"}]'""")
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(more)
        outer.rollback()


def test_many_attempts_are_looked_at_as_quickly_after_one_as_before(admin_engine, stored):
    """A plan for one row would be kept for the session."""
    quiz, student = stored
    with transaction(admin_engine) as session:
        factories.attempt(session, quiz, student, answers=answers("a"))
    columns = "quiz_id, course_id, student_id, score, max_score, submitted_at, origin, answers"
    with Session(admin_engine) as session:
        session.execute(
            text(f"INSERT INTO quiz_attempts (number, {columns}) SELECT n, {columns} FROM quiz_attempts, generate_series(2, 4000) AS n"
                 " WHERE quiz_id = :quiz"),
            {"quiz": quiz.id},
        )  # fmt: skip

        def seconds():
            update = "UPDATE quiz_attempts SET feedback = 'Seen' WHERE quiz_id = :quiz"
            explained = session.scalar(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {update}"), {"quiz": quiz.id})
            times = {trigger["Trigger Name"]: trigger["Time"] for trigger in explained[0]["Triggers"]}
            return times["keep_to_questions_update"] / 1000

        session.execute(text("UPDATE quiz_attempts SET feedback = 'New' WHERE quiz_id = :quiz AND number = 1"), {"quiz": quiz.id})
        after_one = seconds()
        session.connection().exec_driver_sql("DISCARD PLANS")
        assert after_one < 5 * seconds() + 0.1


# Several at once -----------------------------------------------------------------------------------------


@pytest.fixture
def stored(admin_engine):
    """A committed quiz with two questions, and a student without an attempt; they are deleted after the test."""
    with transaction(admin_engine) as session:
        course = factories.course(session, weeks=1)
        quiz = factories.quiz(session, course, questions=QUESTIONS)
        student = factories.enrollment(session, course).student_id
        session.flush()
    yield quiz, student
    with transaction(admin_engine) as session:
        session.execute(delete(QuizAttempt).where(QuizAttempt.course_id == course.id))
        session.execute(delete(Course).where(Course.id == course.id))
        session.execute(delete(Term).where(Term.id == course.term_id))
        session.execute(delete(User).where(User.id.in_([student, course.lecturer_id])))


def remove_a(session, quiz):
    session.execute(text('UPDATE quizzes SET questions = \'[{"id": "b"}]\' WHERE id = :quiz'), {"quiz": quiz.id})


def answer_a(session, quiz, student):
    factories.attempt(session, quiz, student, answers=answers("a"))
    session.flush()


def begun_while(open_session, work):
    """Let `work` begin and wait for the open transaction; return the thread and what it will have raised."""
    raised = []

    def run():
        try:
            work()
        except (AnsweredQuestionError, AnswerWithoutQuestionError) as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    blocking = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
    while thread.is_alive() and not open_session.scalar(blocking):
        thread.join(0.01)
    return thread, raised


def test_who_removes_a_question_waits_for_who_is_answering_it(admin_engine, stored):
    quiz, student = stored

    def remove():
        with transaction(admin_engine) as session:
            remove_a(session, quiz)

    with transaction(admin_engine) as session:
        answer_a(session, quiz, student)
        thread, raised = begun_while(session, remove)
        assert thread.is_alive()
    thread.join()
    assert [type(error) for error in raised] == [AnsweredQuestionError]


@pytest.mark.parametrize("is_new", [True, False])
def test_who_answers_a_question_waits_for_who_is_removing_it(admin_engine, stored, is_new):
    quiz, student = stored
    if not is_new:
        with transaction(admin_engine) as session:
            factories.attempt(session, quiz, student, answers=answers("b"))

    def answer():
        with transaction(admin_engine) as session:
            if is_new:
                answer_a(session, quiz, student)
            else:
                session.execute(text('UPDATE quiz_attempts SET answers = \'[{"question": "a"}]\' WHERE quiz_id = :quiz'), {"quiz": quiz.id})

    with transaction(admin_engine) as session:
        remove_a(session, quiz)
        thread, raised = begun_while(session, answer)
        assert thread.is_alive()
    thread.join()
    assert [type(error) for error in raised] == [AnswerWithoutQuestionError]


def test_a_snapshot_removes_no_question(admin_engine, stored):
    quiz, _ = stored
    reading = admin_engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(reading) as session, pytest.raises(InternalError) as raised:
        remove_a(session, quiz)
    assert isinstance(raised.value.orig, psycopg.errors.InvalidTransactionState)
