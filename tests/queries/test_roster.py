import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmskit.db import transaction
from lmskit.errors import CourseNotFoundError
from lmskit.listings import ROSTER
from lmskit.models import Course, User
from lmskit.names import display_name
from lmskit.queries.course import course_by_code, courses
from lmskit.queries.person import person_by_email
from lmskit.queries.roster import class_size, course_roster, roster_size
from lmskit.vocabulary import EnrollmentStatus
from tests import factories


@pytest.fixture
def course(session):
    return factories.course(session)


def test_a_roster_shows_everyone_and_totals_count_the_active_and_the_completed(session, course):
    for status in EnrollmentStatus:
        factories.enrollment(session, course, status=status)
    assert sorted(course_roster(session, course.code)["status"]) == ["active", "completed", "pending", "withdrawn"]
    assert (roster_size(session, course.code), class_size(session, course.code)) == (4, 2)
    assert courses(session, term=None, limit=1000).set_index("code").loc[course.code, "n_students"] == 2


def test_a_row_of_a_roster(session, course):
    student = factories.student(session, family_name="Ångström", given_name="Élodie")
    factories.enrollment(
        session, course, student, status=EnrollmentStatus.WITHDRAWN, started_on=dt.date(2026, 9, 14), ended_on=dt.date(2026, 10, 1)
    )
    (row,) = course_roster(session, course.code).to_dict("records")
    assert row == {
        "student_id": student.id,
        "email": student.email,
        "name": "Ångström, Élodie",
        "status": "withdrawn",
        "started_on": dt.date(2026, 9, 14),
        "ended_on": dt.date(2026, 10, 1),
        "origin": "form",
    }


def test_a_student_without_an_address_has_none_in_the_roster(session, course):
    factories.enrollment(session, course, factories.student(session, email=None))
    assert course_roster(session, course.code)["email"].isna().all()


def test_a_course_without_students_has_an_empty_roster_with_the_same_columns_and_types(session, course):
    empty = course_roster(session, course.code)
    assert len(empty) == 0
    assert {name: str(kind) for name, kind in empty.dtypes.items()} == ROSTER.dtypes


@pytest.mark.parametrize("given", ["Élodie", "", "d'Arc, Jean"])
def test_a_name_is_put_together_in_sql_as_in_python(session, given):
    student = factories.student(session, family_name="Ångström", given_name=given)
    assert session.scalar(select(User.name).where(User.id == student.id)) == student.name == display_name("Ångström", given)


def test_a_person_is_found_in_any_spelling_of_capitals(session):
    lecturer = factories.lecturer(session)
    found = person_by_email(session, f" {factories.address(lecturer).upper()} ")
    assert found is not None
    assert found.id == lecturer.id
    assert person_by_email(session, "no\0body@example.org") is None


def test_a_lecturer_reads_only_the_rosters_of_own_courses(admin_engine, lecturer_engine):
    with transaction(admin_engine) as session:
        lecturer = person_by_email(session, "demo.lecturer@example.org")
        own, foreign = factories.course(session, taught_by=lecturer), factories.course(session)
        enrolled = [factories.enrollment(session, course).student_id for course in (own, foreign)]
    try:
        with Session(lecturer_engine) as session:
            assert course_roster(session, own.code)["student_id"].tolist() == enrolled[:1]
            assert courses(session, limit=1000)["code"].tolist() == [own.code]
            assert courses(session)["lecturer"].notna().all()
            with pytest.raises(CourseNotFoundError):
                course_by_code(session, foreign.code)
    finally:
        with transaction(admin_engine) as session:
            for course in (own, foreign):
                session.delete(session.get_one(Course, course.id))
            session.flush()
            for person in enrolled:
                session.delete(session.get_one(User, person))
