import pytest

from lmskit.desks import course_change_desk, course_desk
from lmskit.models import QuizAttempt
from lmskit.queries.course import course_by_code, course_outline, syllabus
from lmskit.schemas.course import ChangeCourse
from lmskit.services.course import change_course
from tests import factories
from tests.forms.test_course_form import fill_in


@pytest.fixture
def course(session):
    return factories.course(session, title="Programming", weeks=3)


@pytest.fixture
def form(course, in_session):
    return course_change_desk(course.code, begin=in_session, read=in_session)


def weeks_of(session, course):
    return course_outline(session, course.code).weeks


def test_a_course_is_shown_as_stored(form):
    assert form.title.value == "Programming"
    assert [(row["week_number"], row["topic"]) for row in form.weeks.grid.rows] == [("1", "Topic 1"), ("2", "Topic 2"), ("3", "Topic 3")]


def test_title_and_weeks_are_changed_together(session, course, form):
    form.title.value = "Programming, renewed"
    first, _, third = form.weeks.grid.rows
    form.weeks.grid.rows = [first | {"topic": "Numbers"}, third, {"topic": "Recursion"}]
    form.save.click()
    assert form.message.value == f"{course.code} was saved. It has a new title. Added: week 4. Changed: week 1. Removed: week 2."
    assert weeks_of(session, course) == ((1, "Numbers", ""), (3, "Topic 3", ""), (4, "Recursion", ""))


def test_a_week_with_a_quiz_can_be_renamed_but_not_removed(session, course, form):
    quiz = factories.quiz(session, course, week_number=2)
    factories.attempt(session, quiz, factories.enrollment(session, course).student_id)
    rows = form.weeks.grid.rows
    form.weeks.grid.rows = [rows[0], rows[2]]
    form.save.click()
    assert form.message.value.startswith(f"Week 2 of {course.code} cannot be removed: 1 quiz belongs to it.")
    assert len(weeks_of(session, course)) == 3
    assert session.query(QuizAttempt).filter_by(quiz_id=quiz.id).count() == 1
    form.submission._ended = float("-inf")
    form.weeks.grid.rows = [rows[0], rows[1] | {"topic": "Renamed"}, rows[2]]
    form.save.click()
    assert weeks_of(session, course)[1] == (2, "Renamed", "")


def test_changes_of_another_person_are_not_overwritten(session, course, form):
    with session.begin_nested():
        change_course(session, ChangeCourse.model_validate({"course": course.code, "title": "Theirs", "weeks": ()}))
    form.title.value = "Mine"
    form.save.click()
    assert form.message.value.startswith(f"Another person changed {course.code} since you looked at it.")
    assert course_outline(session, course.code).title == "Theirs"


def test_saving_without_a_change_reports_no_change(form, course):
    form.save.click()
    assert form.message.value == f"{course.code} was saved. Nothing was changed."


def test_the_desk_creates_the_course_in_the_database(session, in_session):
    lecturer, term = factories.lecturer(session), factories.term(session)
    form = course_desk(begin=in_session, read=in_session)
    code = factories.unique("NEW")
    fill_in(form, module_code="CS101", code=code, title="Programming", weeks="Numbers\nLoops")
    form.term.value, form.lecturer.value = term.code, lecturer.email
    form.create.click()
    assert form.message.value == f"{code} was created in {term.code} with 2 weeks. Its lecturer is {lecturer.email}."
    assert course_by_code(session, code).lecturer_id == lecturer.id
    assert syllabus(session, code)["topic"].tolist() == ["Numbers", "Loops"]


def test_a_code_that_is_taken_is_refused_in_a_sentence_and_the_form_keeps_everything(session, in_session):
    taken = factories.course(session)
    form = course_desk(begin=in_session, read=in_session)
    for name, value in {"module_code": "CS101", "code": taken.code, "title": "Programming"}.items():
        getattr(form, name).value = value
    form.create.click()
    assert form.message.value.startswith(f"There is already a course with the code {taken.code}.")
    assert form.title.value == "Programming"
