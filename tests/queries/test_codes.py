"""Codes of courses and terms are found in any case, and stay as they were first written."""

from __future__ import annotations

import pytest

from lmskit.errors import CourseExistsError, CourseNotFoundError
from lmskit.models import Course, Term, User
from lmskit.queries.course import count_courses, course_by_code, course_rows, courses_of_term
from lmskit.queries.outbox import count_outbox_messages
from lmskit.queries.term import term_by_code
from lmskit.schemas.course import CreateCourse
from lmskit.services.course import create_course
from lmskit.services.knowledge_tracing import fit_courses
from lmskit.services.mastery import refresh
from tests import factories


@pytest.fixture
def course(session):
    return factories.course(session, code="Übung-101", in_term=factories.term(session, code="Öws-26"), weeks=1)


@pytest.mark.parametrize("typed", ["Übung-101", "übung-101", "ÜBUNG-101"])
def test_a_course_is_found_by_its_code_in_any_case(session, course, typed):
    assert course_by_code(session, typed) is course
    assert refresh(session, courses=[typed]).n_courses == 1
    assert fit_courses(session, courses=[typed]).n_courses == 1
    assert count_outbox_messages(session, course=typed) == 0


@pytest.mark.parametrize("typed", ["Öws-26", "öws-26", "ÖWS-26"])
def test_a_term_and_its_courses_are_found_by_its_code_in_any_case(session, course, typed):
    assert term_by_code(session, typed).id == course.term_id
    assert [row["code"] for row in course_rows(session, term=typed)] == ["Übung-101"]
    assert course_rows(session, term=typed, after="ÜBUNG-101") == []
    assert (count_courses(session, term=typed), courses_of_term(session, typed)) == (1, [course])


@pytest.mark.parametrize("other", ["Ubung-101", "Übung-1011", "Übung 101", "Übung-101\0"])
def test_codes_that_differ_in_more_than_case_are_different(session, course, other):
    with pytest.raises(CourseNotFoundError):
        course_by_code(session, other)


def test_a_new_course_cannot_have_a_code_that_is_taken_in_another_case(session, course):
    lecturer = session.get_one(User, course.lecturer_id)
    wanted = {"module_code": "M", "title": "Another", "lecturer": lecturer.email, "term": "ÖWS-26"}
    with pytest.raises(CourseExistsError):
        create_course(session, CreateCourse.model_validate(wanted | {"code": "ÜBUNG-101"}))
    made = create_course(session, CreateCourse.model_validate(wanted | {"code": "Übung-102"}))
    assert (made.term_id, session.get_one(Term, course.term_id).code, session.get_one(Course, course.id).code) == (
        course.term_id, "Öws-26", "Übung-101",
    )  # fmt: skip
