import threading

import pytest
from sqlalchemy import delete, func, select

from lmskit.db import snapshot, transaction
from lmskit.errors import ChangedMeanwhileError, NotPermittedError, WeekInUseError
from lmskit.models import Course, Material, Quiz, Syllabus, Term, User
from lmskit.queries.course import course_outline
from lmskit.schemas.course import ChangeCourse, CourseAsSeen
from lmskit.services.course import change_course
from lmskit.vocabulary import MaterialKind
from tests import factories

PATIENCE = 30


def request(course, *topics, **further):
    weeks = [{"week_number": number, "topic": topic} for number, topic in topics]
    return ChangeCourse.model_validate({"course": course.code, "title": course.title, "weeks": weeks} | further)


def test_only_differences_are_reported_as_changes(session):
    factories.course(session, weeks=5)
    course = factories.course(session, weeks=3)
    factories.course(session, weeks=4)
    change = change_course(session, request(course, (1, "Topic 1"), (3, "Other"), (5, "New"), title="Title"))
    assert (change.retitled, change.added, change.changed, change.removed) == (True, (5,), (3,), (2,))
    assert course_outline(session, course.code).weeks == ((1, "Topic 1", ""), (3, "Other", ""), (5, "New", ""))


def test_a_week_with_materials_is_not_removed(session):
    course = factories.course(session, weeks=1)
    session.add(Material(course_id=course.id, week_number=1, kind=MaterialKind.PAGE, title="A page", url="https://example.org/a"))
    session.flush()
    with pytest.raises(WeekInUseError, match="1 material belongs to it"):
        change_course(session, request(course))


def test_a_course_that_was_changed_meanwhile_is_not_overwritten(session):
    course = factories.course(session, weeks=1)
    seen = CourseAsSeen(title=course.title, weeks=((1, "Something else", ""),))
    with pytest.raises(ChangedMeanwhileError, match=course.code):
        change_course(session, request(course, seen=seen))


def test_a_lecturer_cannot_remove_a_week_of_the_own_course(admin_engine, lecturer_engine):
    with transaction(admin_engine) as session:
        lecturer = session.scalars(select(User).where(User.email == "demo.lecturer@example.org")).one()
        course = factories.course(session, weeks=1, taught_by=lecturer)
    try:
        with pytest.raises(NotPermittedError, match="Only an administrator can change courses"), transaction(lecturer_engine) as theirs:
            change_course(theirs, request(course))
    finally:
        with transaction(admin_engine) as session:
            session.execute(delete(Course).where(Course.id == course.id))
            session.execute(delete(Term).where(Term.id == course.term_id))


def test_a_change_waits_for_a_quiz_that_is_being_added_and_keeps_its_week(admin_engine):
    with transaction(admin_engine) as session:
        course = factories.course(session, weeks=1)
    refusals = []

    def remove():
        try:
            with transaction(admin_engine) as session:
                change_course(session, request(course))
        except WeekInUseError as error:
            refusals.append(error)

    other = threading.Thread(target=remove)
    try:
        with transaction(admin_engine) as session:
            factories.quiz(session, course)
            other.start()
            other.join(0.5)
            assert other.is_alive(), "it waits for the week"
        other.join(PATIENCE)
        assert len(refusals) == 1
        with snapshot(admin_engine) as session:
            assert session.scalar(select(func.count()).select_from(Syllabus).where(Syllabus.course_id == course.id)) == 1
    finally:
        with transaction(admin_engine) as session:
            session.execute(delete(Quiz).where(Quiz.course_id == course.id))
            session.execute(delete(Course).where(Course.id == course.id))
            session.execute(delete(User).where(User.id == course.lecturer_id))
            session.execute(delete(Term).where(Term.id == course.term_id))
