import pytest
from sqlalchemy import delete, update

from lmskit.db import access, transaction
from lmskit.models import Course, User
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll
from tests import factories


@pytest.fixture
def email(admin_engine):
    address = f"{factories.unique('ada')}@example.org"
    yield address
    with transaction(admin_engine) as session:
        session.execute(delete(User).where(User.email == address))


@pytest.fixture
def enrolled(lmskit, email, course):
    """Order matters: the course, and with it the enrollment, is deleted before the student."""
    result = lmskit("enrollment", "add", course.code, email, "--family-name", "Lovelace", "--given-name", "Ada")
    assert result.exit_code == 0, result.output
    return result


def test_enrolling_makes_an_enrollment_and_a_message_in_a_file(enrolled, email, course):
    assert enrolled.stdout == (
        f"{email} is enrolled in {course.code}: active. No mail server is set, so the message was written as an .eml file to "
        f"{access().settings.mail_dir}.\n"
    )
    assert any(email in path.read_text() for path in access().settings.mail_dir.glob("*.eml"))


def test_enrolling_twice_is_refused_in_a_sentence(lmskit, enrolled, email, course):
    result = lmskit("enrollment", "add", course.code, email)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"{email} is already enrolled in {course.code} (status: active). Nothing was changed.\n"


def test_leaving_and_coming_back(lmskit, enrolled, email, course):
    left = lmskit("enrollment", "withdraw", course.code, email)
    assert left.stdout.startswith(f"{email} was withdrawn from {course.code} as of ")
    back = lmskit("enrollment", "add", course.code, email)
    assert "active" in back.stdout


def test_an_enrollment_left_pending_by_a_crash_becomes_active_when_its_message_is_sent(lmskit, admin_engine, email, course):
    with transaction(admin_engine) as session:
        enroll(session, EnrollStudent(course=course.code, email=email, family_name="Lovelace", given_name="Ada"))
    assert "pending" in lmskit("enrollment", "list", course.code).stdout
    delivered = lmskit("enrollment", "deliver")
    assert delivered.exit_code == 0, delivered.output
    assert "active" in lmskit("enrollment", "list", course.code).stdout
    assert any(email in path.read_text() for path in access().settings.mail_dir.glob("*.eml"))
    assert lmskit("enrollment", "deliver").stdout == "0 sent, 0 refused for good, 0 to be tried again.\n"


def test_the_roster_is_a_table(lmskit, enrolled, email, course):
    result = lmskit("enrollment", "list", course.code)
    assert "Lovelace, Ada" in result.stdout
    assert email in result.stdout
    assert result.stderr == "Rows 1 to 1 of 1.\n"


def test_a_name_is_shown_and_not_interpreted(lmskit, admin_engine, enrolled, email, course):
    with transaction(admin_engine) as session:
        session.execute(update(User).where(User.email == email).values(family_name="[red]\x1b[31mRed[/red] :smile:"))
    result = lmskit("enrollment", "list", course.code)
    assert "[red]\ufffd[31mRed[/red] :smile:" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "{course}", "nobody"), "EMAIL: This is not an e-mail address: an email address must have an @-sign."),
        (("add", "NOWHERE-1", "a@example.org"), "There is no course 'NOWHERE-1' among those you can see. To list them: lmskit course list"),
        (("withdraw", "{course}", "a.b@example.org"), "There is no student 'a.b@example.org'."),
        (("list", "NOWHERE-1"), "There is no course 'NOWHERE-1' among those you can see. To list them: lmskit course list"),
        (("list", "{course}", "--limit", "1001"), "A list shows 1 to 1000 rows at once, not 1001. For further rows raise the offset."),
        (("list", "{course}", "--offset", "-1"), "A list begins at row 0 or a later one, not at -1. Choose an offset of 0 or more."),
    ],
)
def test_a_mistake_is_one_sentence_and_status_1(lmskit, course, arguments, sentence):
    result = lmskit("enrollment", *(argument.format(course=course.code) for argument in arguments))
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{sentence}\n")


def test_an_empty_roster_is_one_sentence(lmskit, course):
    assert lmskit("enrollment", "list", course.code).stderr == f"No student is enrolled in {course.code} yet.\n"


def test_a_course_is_deleted_with_its_enrollments_and_messages(lmskit, admin_engine, enrolled, course):
    with transaction(admin_engine) as session:
        session.delete(session.get_one(Course, course.id))
