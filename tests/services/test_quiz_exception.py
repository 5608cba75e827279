import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lmskit.errors import NoQuizExceptionError, QuizNotFoundInCourseError, StudentNotFoundError, StudentNotInCourseError
from lmskit.models import AuditEntry, Enrollment, QuizException, Term, TopicPerformance
from lmskit.queries.attempt import quiz_totals, student_attempts
from lmskit.queries.attempt_list import attempts
from lmskit.queries.evidence import course_evidence, course_responses
from lmskit.queries.missed_questions import missed_questions
from lmskit.queries.pseudonymised import shares
from lmskit.queries.quiz_answers import answered_quizzes, quiz_answers
from lmskit.queries.quiz_exception import quiz_exceptions
from lmskit.schemas.quiz_exception import ExtendQuiz, QuizOfStudent
from lmskit.services.mastery import refresh
from lmskit.services.quiz_exception import excuse, extend, remove_exception
from lmskit.services.term import close_term
from tests import factories

QUESTION = {"id": "1", "type": "short_text", "prompt": "What is asked?", "points": 2}
ANSWER = {"question": "1", "response": "this", "score": 1}


class Class:
    """Two students with an attempt each at one quiz of a course."""

    def __init__(self, session):
        self.course = factories.course(session, weeks=2)
        self.quiz = factories.quiz(
            session, self.course, title="Midterm", questions=[QUESTION], answer_key={"1": {"answer": ["that"]}}, max_score=2
        )
        self.ill, self.well = (factories.student(session, family_name=name, given_name="Ann") for name in ("Ill", "Well"))
        for student in (self.ill, self.well):
            factories.enrollment(session, self.course, student)
            factories.attempt(session, self.quiz, student, score=1, answers=[ANSWER])
        refresh(session, courses=[self.course.code])

    def of(self, student, **more):
        kind = ExtendQuiz if more else QuizOfStudent
        return kind(course=self.course.code, quiz="Midterm", student=str(student.email), **more)


@pytest.fixture
def class_(session):
    return Class(session)


def readers(session, class_):
    """Whose attempts, or how many students', each reader of evidence sees."""
    course = class_.course
    return {
        "evidence": set(course_evidence(session, [course.id])["student_id"]),
        "most": set(course_evidence(session, [course.id], most=True)["student_id"]),
        "responses": set(course_responses(session, [course.id])["student_id"]),
        "answers": set(quiz_answers(session, class_.quiz.id).attempts["student_id"]),
        "answered": answered_quizzes(session, course.code)["n_students"].tolist(),
        "totals": quiz_totals(session, course.code)["n_students"].tolist(),
        "missed": missed_questions(session, course.code)["n_students"].tolist(),
        "shares": set(shares(session, course.id)["student_id"]),
        "listed": attempts(session, course.code, student_id=class_.ill.id)["evidence"].tolist()[:1],
        "attempts": [len(student_attempts(session, course.code, student.id)) for student in (class_.ill, class_.well)],
        "mastery": set(session.scalars(select(TopicPerformance.student_id).where(TopicPerformance.course_id == course.id))),
    }


def test_a_quiz_from_which_a_student_is_excused_is_evidence_nowhere_until_that_is_taken_back(session, class_):
    before = readers(session, class_)
    both = {class_.ill.id, class_.well.id}
    assert before == {
        **dict.fromkeys(("evidence", "most", "responses", "answers", "shares", "mastery"), both),
        **{name: [2] for name in ("answered", "totals", "missed")},
        "listed": ["yes"],
        "attempts": [1, 1],
    }
    sentence = excuse(session, class_.of(class_.ill))
    assert sentence == f"Ill, Ann is excused from 'Midterm' of {class_.course.code}; 1 attempt no longer counts."
    one = {class_.well.id}
    assert readers(session, class_) == {
        **dict.fromkeys(("evidence", "most", "responses", "answers", "shares", "mastery"), one),
        **{name: [1] for name in ("answered", "totals", "missed")},
        "listed": ["no: excused"],
        "attempts": [0, 1],
    }
    factories.attempt(session, class_.quiz, class_.ill, number=2, score=2, answers=[ANSWER | {"score": 2}])
    refresh(session, courses=[class_.course.code])
    assert readers(session, class_)["mastery"] == one
    sentence = remove_exception(session, class_.of(class_.ill))
    assert sentence.endswith("as for others again. The attempts of the student at it count again.")
    assert readers(session, class_)["mastery"] == both


def test_more_time_is_listed_and_leaves_the_attempts_as_they_are(session, class_):
    class_.quiz.due_on = dt.date(2026, 10, 1)
    session.flush()
    later = dt.date(2026, 10, 8)
    sentence = extend(session, class_.of(class_.ill, due_on=later))
    assert sentence == f"'Midterm' of {class_.course.code} is due on 2026-10-08 for Ill, Ann; for others it is 2026-10-01."
    assert readers(session, class_)["mastery"] == {class_.ill.id, class_.well.id}
    excuse(session, class_.of(class_.ill))
    (row,) = quiz_exceptions(session, class_.course.code).to_dict("records")
    assert (row["name"], row["excused"], row["due_on"], row["due_for_others"]) == ("Ill, Ann", True, later, dt.date(2026, 10, 1))
    extend(session, class_.of(class_.ill, due_on=dt.date(2026, 10, 9)))
    assert session.scalar(select(QuizException.excused).where(QuizException.course_id == class_.course.id)), "still excused"


def test_what_does_not_fit_is_refused(session, class_):
    stranger = factories.student(session)
    with pytest.raises(NoQuizExceptionError, match="lmskit exception list"):
        remove_exception(session, class_.of(class_.ill))
    with pytest.raises(StudentNotInCourseError):
        excuse(session, class_.of(stranger))
    with pytest.raises(StudentNotFoundError):
        excuse(session, QuizOfStudent(course=class_.course.code, quiz="Midterm", student="nobody@example.org"))
    with pytest.raises(QuizNotFoundInCourseError):
        excuse(session, QuizOfStudent(course=class_.course.code, quiz="Final", student=str(class_.ill.id)))


def test_exceptions_of_a_closed_term_stay_as_they_are(session, class_):
    excuse(session, class_.of(class_.ill))
    close_term(session, session.get_one(Term, class_.course.term_id).code)
    for change in (lambda: remove_exception(session, class_.of(class_.ill)), lambda: excuse(session, class_.of(class_.well))):
        with pytest.raises(IntegrityError, match="is closed"), session.begin_nested():
            change()


def test_every_change_is_in_the_audit_trail_and_an_enrollment_takes_its_exceptions_along(session, class_):
    excuse(session, class_.of(class_.ill))
    extend(session, class_.of(class_.ill, due_on=dt.date(2026, 10, 8)))
    remove_exception(session, class_.of(class_.ill))
    trail = select(AuditEntry.action).where(AuditEntry.table_name == "quiz_exceptions", AuditEntry.course_id == class_.course.id)
    assert session.scalars(trail.order_by(AuditEntry.id)).all() == ["insert", "update", "delete"]
    idle = factories.student(session)
    factories.enrollment(session, class_.course, idle)
    excuse(session, class_.of(idle))
    session.delete(session.get_one(Enrollment, (class_.course.id, idle.id)))
    session.flush()
    assert session.scalars(select(QuizException.student_id).where(QuizException.course_id == class_.course.id)).all() == []


def test_mastery_that_could_not_be_estimated_again_is_named(session, class_):
    class_.course.mastery_rule = "palm reading"
    session.flush()
    assert f" Mastery of {class_.course.code} was left as it is: " in excuse(session, class_.of(class_.ill))
    assert f" Mastery of {class_.course.code} was left as it is: " in remove_exception(session, class_.of(class_.ill))
