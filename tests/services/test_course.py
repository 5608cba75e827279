import pytest
from sqlalchemy import select

from lmskit.errors import CourseExistsError, LecturerNotFoundError, NewTermNeededError, TermExistsError
from lmskit.models import Course, Term
from lmskit.queries.course import syllabus
from lmskit.schemas.course import CreateCourse
from lmskit.services.course import create_course
from lmskit.vocabulary import Origin
from tests import factories


@pytest.fixture
def wanted(session):
    """A valid request, as a form fills it in."""
    return {
        "code": factories.unique("CS101"),
        "module_code": "CS101",
        "title": "Introduction to programming",
        "term": factories.term(session).code,
        "lecturer": factories.lecturer(session).email,
        "weeks": [{"week_number": 2, "topic": "Loops"}, {"week_number": 1, "topic": " Variables ", "objectives": "Name one."}],
    }


def created(session, wanted, **changes):
    return create_course(session, CreateCourse.model_validate(wanted | changes))


def new_term(**changes):
    return {"name": "Spring 2027", "starts_on": "2027-01-11", "ends_on": "2027-04-30"} | changes


def test_a_course_is_created_with_its_syllabus_in_order(session, wanted):
    course = created(session, wanted)

    assert (course.module_code, course.origin, course.mastery_rule) == ("CS101", Origin.FORM, "average")
    weeks = syllabus(session, course.code)
    assert weeks.to_dict("list") == {"week_number": [1, 2], "topic": ["Variables", "Loops"], "objectives": ["Name one.", ""]}


def test_a_course_can_be_created_with_its_term(session, wanted):
    code = factories.unique("2027-SPRING")
    course = created(session, wanted, term=code, new_term=new_term())
    assert session.scalars(select(Term.name).where(Term.id == course.term_id)).one() == "Spring 2027"


def test_a_code_is_unique_and_the_session_can_be_used_after_the_refusal(session, wanted):
    created(session, wanted)
    with pytest.raises(CourseExistsError, match=wanted["code"]):
        created(session, wanted)
    assert created(session, wanted, code=factories.unique("ELSE")).id


def test_a_course_belongs_to_a_lecturer(session, wanted):
    for email in ("nobody@example.org", factories.student(session).email):
        with pytest.raises(LecturerNotFoundError, match=email):
            created(session, wanted, lecturer=email)


def test_an_unknown_term_has_to_be_described(session, wanted):
    with pytest.raises(NewTermNeededError, match="give its name, first day and last day"):
        created(session, wanted, term="2099")


def test_a_term_that_exists_as_described_is_used(session, wanted):
    code = factories.unique("T")
    first = created(session, wanted, term=code, new_term=new_term())
    second = created(session, wanted, code=factories.unique("C"), term=code, new_term=new_term())
    assert first.term_id == second.term_id


def test_a_term_that_exists_with_other_dates_is_not_changed(session, wanted):
    code = factories.unique("T")
    created(session, wanted, term=code, new_term=new_term())
    with pytest.raises(TermExistsError, match="another name or other days"):
        created(session, wanted, code=factories.unique("C"), term=code, new_term=new_term(ends_on="2027-05-31"))


def test_a_refused_course_leaves_no_term(session, wanted):
    created(session, wanted)
    code = factories.unique("T")
    with pytest.raises(CourseExistsError), session.begin_nested():
        created(session, wanted, term=code, new_term=new_term())
    assert session.scalars(select(Term).where(Term.code == code)).all() == []


def test_every_code_that_the_request_accepts_can_be_stored(session, wanted):
    for code in ("CS 101: a+b", "Ü-1", "a" * 100):
        assert session.get_one(Course, created(session, wanted, code=code).id).code == code
