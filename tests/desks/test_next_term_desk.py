"""The next term on one screen: a term is created, and courses are copied into it after a preview."""

import datetime as dt
import functools

import pytest
from sqlalchemy import select, update

from lmskit.db import snapshot
from lmskit.desks import next_term_desk
from lmskit.errors import NotPermittedError
from lmskit.forms.next_term import THESE
from lmskit.models import Course, CourseStaff, Term
from lmskit.schemas.staff import AddStaff
from lmskit.services.staff import add_staff
from lmskit.services.term import close_term
from lmskit.vocabulary import StaffRole
from lmskit.widgets import PAGE_SIZE
from tests import factories


@pytest.fixture
def term(session):
    """A term with two courses, one of which has two co-lecturers."""
    made = factories.term(session, code=factories.unique("AUTUMN"))
    _, course = (
        factories.course(session, code=f"{module}-{made.code}", module_code=module, in_term=made, weeks=2) for module in ("CS101", "CS102")
    )
    for name in ("ben", "cleo"):
        colleague = factories.lecturer(session, email=f"{factories.unique(name)}@example.org")
        add_staff(session, AddStaff(course=course.code, email=str(colleague.email)))
    session.commit()
    return made


@pytest.fixture
def desk(session, term, in_session):
    made = next_term_desk(begin=in_session, read=in_session)
    made.code.value, made.name.value = factories.unique("SPRING"), "Spring 2027"
    made.starts_on.value, made.ends_on.value = dt.date(2027, 2, 15), dt.date(2027, 6, 30)
    made.creation.button.click()
    made.source.value = term.code
    return made


def press(desk, button):
    desk.copying._ended = float("-inf")  # later than a double click
    button.click()


def codes_in(session, term):
    return set(session.scalars(select(Course.code).join(Term, Term.id == Course.term_id).where(Term.code == term)))


def test_a_term_is_created_and_a_mistake_is_named(session, desk):
    code = desk.term.value
    assert desk.creation.message.value == f"The term {code} was created: 2027-02-15 to 2027-06-30."
    assert (desk.code.value, code in {value for _, value in desk.source.options}) == ("", True)
    desk.creation._ended = float("-inf")
    desk.code.value, desk.name.value, desk.starts_on.value, desk.ends_on.value = code, "Again", dt.date(2027, 2, 15), dt.date(2027, 2, 1)
    desk.creation.button.click()
    assert desk.creation.message.value == "Last day: The last day of the term must come after its first day."
    desk.creation._ended = float("-inf")
    desk.ends_on.value = dt.date(2027, 3, 1)
    desk.creation.button.click()
    assert desk.creation.message.value.startswith(f"There is already a term with the code {code}.")


def test_a_course_is_shown_and_then_copied_with_those_who_were_selected(session, desk, term):
    into, course = desk.term.value, f"CS102-{term.code}"
    desk.course.value = course
    press(desk, desk.copying.button)
    assert desk.copying.message.value.startswith(f"People work in {course} beside the responsible lecturer: ")
    assert f"{desk.members.options[0][1]} (co-lecturer)" in desk.copying.message.value
    assert desk.copying.question.value == ""
    desk.staff.value = THESE
    desk.members.value = (desk.members.options[1][1],)
    press(desk, desk.copying.button)
    assert desk.copying.question.value.startswith(f"Copy 1 course into {into}? Not copied: students")
    assert codes_in(session, into) == set()
    assert list(desk.preview.frame["Copy"]) == [f"CS102-{into}"]
    press(desk, desk.copying.yes)
    assert desk.copying.message.value == f"1 course copied into {into}."
    copy = session.scalars(select(Course).where(Course.code == f"CS102-{into}")).one()
    assert len(list(session.scalars(select(CourseStaff.person_id).where(CourseStaff.course_id == copy.id)))) == 1


def test_another_choice_withdraws_the_question(session, desk):
    desk.staff.value = "none"
    press(desk, desk.copying.button)
    assert desk.copying.question.value.startswith("Copy 2 courses into")
    desk.course.value = desk.course.options[1][1]
    assert (desk.copying.question.value, desk._preview.layout.display) == ("", "none")


def test_a_whole_term_is_copied_and_where_all_is_there_nothing_is_asked(session, desk, term):
    into = desk.term.value
    desk.staff.value = "all"
    press(desk, desk.copying.button)
    press(desk, desk.copying.yes)
    assert desk.copying.message.value == f"2 courses copied into {into}."
    assert codes_in(session, into) == {f"CS101-{into}", f"CS102-{into}"}
    desk.source.value, desk.term.value = term.code, into
    desk.staff.value = "all"
    press(desk, desk.copying.button)
    assert desk.copying.message.value.startswith(f"There is nothing to copy into {into}. CS101-{term.code} is left out: there is already")
    assert desk.copying.question.value == ""


def test_many_copies_are_shown_page_by_page(session, desk, term):
    for number in range(PAGE_SIZE):
        factories.course(session, code=f"MANY{number}-{term.code}", module_code=f"MANY{number}", in_term=term)
    desk.staff.value = "none"
    press(desk, desk.copying.button)
    assert (len(desk.preview.frame), desk.pager.label.value) == (PAGE_SIZE, f"courses 1–{PAGE_SIZE} of {PAGE_SIZE + 2}")
    desk.pager.next.click()
    assert len(desk.preview.frame) == 2


def test_an_assistant_of_sections_who_comes_along_sees_no_student_and_the_question_says_so(session, desk, term):
    course = session.scalars(select(Course).where(Course.code == f"CS102-{term.code}")).one()
    session.execute(update(CourseStaff).where(CourseStaff.course_id == course.id).values(role=StaffRole.ASSISTANT, limited=True))
    desk.course.value, desk.staff.value = course.code, "all"
    press(desk, desk.copying.button)
    assert f"sees no student of CS102-{desk.term.value}: an assistant of sections" in desk.copying.question.value


def test_what_changed_since_the_question_is_not_copied(session, desk, term):
    course = session.scalars(select(Course).where(Course.code == f"CS101-{term.code}")).one()
    desk.course.value = course.code
    press(desk, desk.copying.button)
    factories.quiz(session, course)
    session.begin_nested()  # the refusal undoes what was copied
    press(desk, desk.copying.yes)
    assert desk.copying.message.value.startswith(f"Another person changed what is copied of {course.code}")


def test_a_closed_term_is_not_offered_to_copy_into(session, desk, term, in_session):
    close_term(session, term.code)
    again = next_term_desk(begin=in_session, read=in_session)
    assert term.code in {code for _, code in again.source.options}
    assert term.code not in {code for _, code in again.term.options}


def test_a_lecturer_does_not_open_it(lecturer_engine):
    with pytest.raises(NotPermittedError, match="Only an administrator can use this notebook"):
        next_term_desk(read=functools.partial(snapshot, lecturer_engine))
