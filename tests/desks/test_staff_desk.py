"""The staff of a course on one screen: found, given a role, changed, removed; and the course handed over."""

import functools

import pytest

from lmskit.db import snapshot
from lmskit.desks import staff_desk
from lmskit.errors import NotPermittedError
from lmskit.forms.staff import ALL_STUDENTS, OF_SECTIONS
from lmskit.models import CourseStaff, Section
from lmskit.queries.staff import staff_rows
from lmskit.schemas.staff import AddStaff, HandOver, RemoveStaff
from lmskit.services.staff import add_staff, remove_staff
from lmskit.vocabulary import SectionKind, StaffRole
from tests import factories


@pytest.fixture
def course(session):
    """A course with two sections."""
    made = factories.course(session, code=factories.unique("OKAPI"), title="Leaves and trees")
    for name in ("Lab 1", "Lab 2"):
        session.add(Section(course_id=made.id, kind=SectionKind.SECTION, name=name, source="csv"))
    session.flush()
    return made


@pytest.fixture
def colleague(session):
    return factories.lecturer(session, email=f"{factories.unique('cleo')}@example.org", family_name="Keeper", given_name="Cleo")


@pytest.fixture
def desk(course, in_session):
    return staff_desk(course.code, begin=in_session, read=in_session)


def press(action, *, yes=False):
    action._ended = float("-inf")  # later than a double click
    action.button.click()
    if yes:
        action._ended = float("-inf")
        action.yes.click()


def find(desk, person):
    desk.person.typed.value = person.email
    assert desk.person.value == person.email


def rows(session, course):
    return [(row["email"], row["role"], row["sections"]) for row in staff_rows(session, course.code)]


def shown(*views):
    return [view.layout.display is None for view in views]


def test_a_course_is_found_by_a_part_of_its_title_and_code(desk, course):
    desk.course.typed.value = f"TREES {course.code[3:].lower()}"
    assert (desk.course.value, desk.course.field.hint) == (course.code, "1 course found.")
    desk.course.typed.value = "no course has this"
    assert (desk.course.value, desk.course.field.hint, desk.table.frame.empty) == ("", "No course is found.", True)


def test_an_assistant_of_a_section_is_added_changed_and_removed(session, desk, course, colleague):
    responsible = rows(session, course)[0]
    find(desk, colleague)
    assert desk.status.value == f"Cleo Keeper has no role in {course.code}."
    assert shown(desk.adding.view, desk.removing.view) == [True, False]
    desk.role.value, desk.sees.value = StaffRole.ASSISTANT, OF_SECTIONS
    press(desk.adding)
    assert desk.message.value == "Nothing was changed. Select the sections and groups whose students the assistant sees."
    assert rows(session, course) == [responsible]
    desk.sections.value = ("Lab 1",)
    press(desk.adding)
    assert desk.message.value == f"{colleague.email} is assistant of {course.code} now, for Lab 1."
    assert desk.status.value == f"Cleo Keeper is assistant of {course.code}, and sees only the students of Lab 1."
    assert rows(session, course) == [responsible, (colleague.email, "assistant", "Lab 1")]
    assert list(desk.table.frame["Sections"]) == ["", "Lab 1"]
    desk.sees.value = ALL_STUDENTS
    press(desk.adding)
    assert desk.adding.question.value.startswith(f"{colleague.email} sees only the students of Lab 1 in {course.code}, and would see all.")
    press(desk.adding, yes=True)
    assert rows(session, course)[1:] == [(colleague.email, "assistant", "")]
    press(desk.removing)
    assert desk.removing.question.value.startswith(f"Remove Cleo Keeper, assistant, from the staff of {course.code}?")
    press(desk.removing, yes=True)
    assert desk.message.value == f"{colleague.email} is not assistant of {course.code} any more."
    assert rows(session, course) == [responsible]


def test_an_assistant_of_sections_in_a_course_without_sections_can_be_let_see_all(session, colleague, in_session):
    copy = factories.course(session, code=factories.unique("COPY"))
    session.add(CourseStaff(course_id=copy.id, person_id=colleague.id, role=StaffRole.ASSISTANT, limited=True))
    session.flush()
    desk = staff_desk(copy.code, begin=in_session, read=in_session)
    find(desk, colleague)
    assert shown(desk._fields["sees"].view, desk._fields["sections"].view) == [True, False]
    press(desk.adding)
    assert desk.message.value.startswith(f"Nothing was changed. {copy.code} has no sections or groups yet.")
    desk.sees.value = ALL_STUDENTS
    press(desk.adding, yes=True)
    assert desk.message.value == f"{colleague.email} is assistant of {copy.code} now."


def test_who_was_removed_by_another_person_meanwhile_is_not_asked_about(session, desk, course, colleague):
    add_staff(session, AddStaff(course=course.code, email=str(colleague.email), role=StaffRole.OBSERVER))
    find(desk, colleague)
    remove_staff(session, RemoveStaff(course=course.code, email=str(colleague.email)))
    press(desk.removing)
    assert desk.removing.question.value == ""
    assert desk.message.value.startswith(f"{colleague.email} is not on the staff of {course.code}.")


def test_those_who_work_in_the_course_are_offered_first_and_another_person_withdraws_a_question(session, course, colleague, in_session):
    add_staff(session, AddStaff(course=course.code, email=str(colleague.email), role=StaffRole.OBSERVER))
    desk = staff_desk(course.code.lower(), begin=in_session, read=in_session)
    nobody, responsible, own = desk.person.chosen.options[:3]
    assert (nobody[1], responsible[0][-13:]) == ("", "(responsible)")
    assert own == (f"Keeper, Cleo · {colleague.email} (observer)", colleague.email)
    desk.person.chosen.value = colleague.email
    assert desk.role.value is StaffRole.OBSERVER
    press(desk.removing)
    desk.person.chosen.value = responsible[1]
    assert desk.removing.question.value == ""
    assert shown(desk.adding.view, desk.removing.view, desk.handing_over.view) == [False, False, True]
    assert desk.status.value.endswith("to change that, hand it over to another lecturer.")


def test_a_lecturer_whose_address_an_import_invented_is_given_a_role_and_removed(session, desk, course):
    invented = factories.lecturer(session, email=f"{factories.unique('from')}@canvas.invalid")
    find(desk, invented)
    press(desk.adding)
    press(desk.removing, yes=True)
    assert desk.message.value == f"{invented.email} is not co-lecturer of {course.code} any more."


@pytest.mark.parametrize("keep", [True, False])
def test_a_course_is_handed_over_after_a_question_that_says_what_it_means(session, desk, course, colleague, keep):
    former = rows(session, course)[0][0]
    find(desk, colleague)
    assert desk.keep.value is HandOver.model_fields["keep"].default
    desk.keep.value = keep
    press(desk.handing_over)
    question = desk.handing_over.question.value
    assert question.startswith(f"Hand {course.code} over to Cleo Keeper? Cleo Keeper is responsible for it then")
    assert ("stays as co-lecturer" if keep else "does not see it any more") in question
    assert rows(session, course)[0][0] == former
    press(desk.handing_over, yes=True)
    assert desk.message.value.startswith(f"{colleague.email} is responsible for {course.code} now; ")
    assert rows(session, course) == [(colleague.email, "responsible", ""), *([(former, "co-lecturer", "")] if keep else [])]


def test_a_lecturer_does_not_open_it(lecturer_engine):
    with pytest.raises(NotPermittedError, match="Only an administrator can use this notebook"):
        staff_desk(read=functools.partial(snapshot, lecturer_engine))
