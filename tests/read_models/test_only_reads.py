"""Every read model works in a snapshot that cannot write, and leaves nothing to be written."""

import dataclasses
import inspect

import pytest
from sqlalchemy import event, select

from lmskit import read_models
from lmskit.analytics.rules import configured
from lmskit.db import snapshot, transaction
from lmskit.models import Course, Enrollment, KnowledgeFit, Quiz, QuizAttempt, TopicPerformance
from lmskit.queries.course import courses
from lmskit.read_models import (
    activity,
    advised_passage,
    class_mastery,
    course_list,
    course_report,
    knowledge,
    person,
    personal_data,
    quiz_quality,
    reading_advice,
    rule_comparison,
    rule_in_use,
)
from lmskit.services.mastery import refresh
from lmskit.vocabulary import CountedAttempts
from tests import factories
from tests.answered_quiz import answered_quiz

MODULES = (
    activity,
    advised_passage,
    class_mastery,
    course_list,
    course_report,
    knowledge,
    person,
    personal_data,
    quiz_quality,
    reading_advice,
    rule_comparison,
    rule_in_use,
)


@pytest.fixture(scope="module")
def course(admin_engine):
    """A committed course with answers, estimates and a fit: its code, the number of its quiz and a student's."""
    with transaction(admin_engine) as session:
        made = factories.course(session, weeks=2)
        quiz = answered_quiz(session, made, n_students=6)
        session.add(factories.knowledge_fit(made))
        refresh(session, courses=[made.code])
        found = (made.code, quiz.id, session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == made.id)).first())
    yield found
    with transaction(admin_engine) as session:
        ids = session.query(Course.id).filter_by(code=made.code).scalar_subquery()
        for table in (QuizAttempt, Quiz, TopicPerformance, KnowledgeFit, Enrollment):
            session.query(table).filter(table.course_id.in_(ids)).delete(synchronize_session=False)
        session.query(Course).filter_by(code=made.code).delete()


def compared(session, code):
    evidence = rule_comparison.class_evidence(session, code)
    return rule_comparison.rule_comparison(evidence, [configured("average"), configured("latest")])


def summarised(session, code):
    listed = courses(session)
    return course_report.course_summary(session, listed[listed["code"] == code].iloc[0].to_dict())


READ = {
    "class_by_week": lambda session, code, _quiz, _student: class_mastery.class_by_week(session, code),
    "class_mastery": lambda session, code, _quiz, _student: class_mastery.class_mastery(session, code),
    "section_names": lambda session, code, _quiz, _student: class_mastery.section_names(session, code),
    "mastery_by_section": lambda session, code, _quiz, _student: class_mastery.mastery_by_section(session, code),
    "student_mastery": lambda session, code, _quiz, student: class_mastery.student_mastery(session, code, student, name="Ada"),
    "course_activity": lambda session, code, _quiz, _student: activity.course_activity(session, code),
    "course_list": lambda session, _code, _quiz, _student: course_list.course_list(session),
    "course_report_data": lambda session, code, _quiz, _student: course_report.course_report_data(session, code, n_students=5),
    "course_summary": lambda session, code, _quiz, _student: summarised(session, code),
    "course_answers": lambda session, code, _quiz, _student: knowledge.fit_preview(
        knowledge.course_answers(session, code), forgetting=False
    ),
    "person_view": lambda session, _code, _quiz, student: person.person_view(session, str(student)),
    "personal_data": lambda session, _code, _quiz, student: personal_data.personal_data(session, student),
    "quizzes_with_answers": lambda session, code, _quiz, _student: quiz_quality.quizzes_with_answers(session, code),
    "quiz_quality": lambda session, _code, quiz, _student: quiz_quality.quiz_quality(session, quiz),
    "quiz_drift": lambda session, _code, quiz, _student: quiz_quality.quiz_drift(session, quiz),
    "quiz_page": lambda session, _code, quiz, _student: quiz_quality.quiz_page(session, quiz, attempts=CountedAttempts.LAST),
    "class_evidence": lambda session, code, _quiz, _student: compared(session, code),
    "advice_texts": lambda session, code, _quiz, _student: reading_advice.advice_texts(session, code),
    "reading_advice": lambda session, code, _quiz, student: reading_advice.reading_advice(session, code, 1, {}, student_id=student),
    "course_advice": lambda session, code, _quiz, _student: reading_advice.course_advice(session, code, {}),
    "rule_in_use": lambda session, code, _quiz, _student: rule_in_use.rule_in_use(session, code),
}


def test_every_function_that_receives_a_session_is_tried():
    assert read_models.__path__
    functions = {
        name
        for module in MODULES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and "session" in inspect.signature(function).parameters
    }
    assert functions == READ.keys()


@pytest.mark.parametrize("name", READ)
def test_a_read_model_works_in_a_read_only_snapshot_and_flushes_nothing(admin_engine, course, name):
    with snapshot(admin_engine) as session:
        event.listen(session, "before_flush", lambda *_: pytest.fail("a read model flushed"))
        found = READ[name](session, *course)
        assert found is not None
        assert not [*session.new, *session.dirty, *session.deleted]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_read_models_are_frozen_and_describe_every_attribute(module):
    made = [
        kind
        for _, kind in inspect.getmembers(module, dataclasses.is_dataclass)
        if isinstance(kind, type) and kind.__module__ == module.__name__
    ]
    for kind in made:
        names = [field.name for field in dataclasses.fields(kind)]
        described = (kind.__doc__ or "").partition("Attributes\n")[2]
        assert all(name in described for name in names), kind
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(object.__new__(kind), names[0], None)
