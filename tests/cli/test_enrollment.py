import datetime as dt

import pytest
from sqlalchemy import delete, select, update
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import access, transaction
from lmskit.errors import UnknownPersonError
from lmskit.models import Course, Term, User
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


def test_enrolling_into_a_term_that_is_over_asks_first(lmskit, admin_engine, email, course, tmp_path):
    with transaction(admin_engine) as session:
        term = session.get_one(Term, course.term_id)
        term.starts_on, term.ends_on = dt.date(2020, 9, 14), dt.date(2021, 1, 31)
    over = f"The term {term.code} of {course.code} ended on 2021-01-31."
    one = ("enrollment", "add", course.code, email, "--family-name", "Lovelace")
    unasked = lmskit(*one)
    assert (unasked.exit_code, f"{over} Enrol {email} all the same?" in unasked.stdout, "--yes" in unasked.stderr) == (1, True, True)
    assert lmskit(*one, typed="n\n").exit_code == 1
    assert email not in lmskit("enrollment", "list", course.code).stdout
    assert "active" in lmskit(*one, typed="y\n").stdout
    file = tmp_path / "people.txt"
    file.write_text(email, encoding="utf-8")
    assert over in lmskit("enrollment", "add", course.code, "--file", str(file), "--dry-run").stdout


def test_one_student_is_withdrawn_by_number_after_a_dry_run_that_changes_nothing(lmskit, admin_engine, enrolled, email, course):
    with transaction(admin_engine) as session:
        number = str(session.scalars(select(User.id).where(User.email == email)).one())
    dry = lmskit("enrollment", "withdraw", course.code, number, "--notify", "--dry-run")
    assert dry.stdout.startswith(f"{email} would be withdrawn from {course.code} as of ")
    assert dry.stdout.endswith("This was a dry run: nothing was changed.\n")
    assert "active" in lmskit("enrollment", "list", course.code).stdout
    left = lmskit("enrollment", "withdraw", course.code, number, "--notify")
    assert left.stdout.startswith(f"{email} was withdrawn from {course.code} as of ")
    assert "1 written, 0 refused for good, 0 to be tried again. No mail server is set (LMSKIT_SMTP_HOST)" in left.stdout


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
        (
            ("withdraw", "{course}", "S00001"),
            str(UnknownPersonError(person="S00001")),
        ),
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


@pytest.fixture
def people(tmp_path, admin_engine, course):
    """A file with two new people and a name that no one has; the people are deleted after the course."""
    addresses = [f"{factories.unique('many')}@example.org" for _ in range(2)]
    file = tmp_path / "people.txt"
    file.write_text(f"Möller, Ada <{addresses[0]}>\nBo Quixwell {addresses[1]}; Nobody Whatsoever\n", encoding="cp1252")
    yield file
    with transaction(admin_engine) as session:
        session.delete(session.get_one(Course, course.id))
        session.flush()
        session.execute(delete(User).where(User.email.in_(addresses)))


def test_many_are_enrolled_from_a_file_after_a_question_and_withdrawn_by_their_number(lmskit, course, people):
    dry = lmskit("enrollment", "add", course.code, "--file", str(people), "--dry-run")
    assert dry.exit_code == 3
    assert [line.split("\t")[2] for line in dry.stdout.splitlines()[1:4]] == ["new person", "new person", "unknown"]
    assert dry.stdout.splitlines()[4:] == ["2 new person, 1 unknown.", "This was a dry run: nothing was changed."]
    asked = lmskit("enrollment", "add", course.code, "--file", str(people))
    assert asked.exit_code == 1
    assert asked.stderr == "There is no terminal to confirm this. Nothing was changed. To go on without being asked: --yes\n"
    done = lmskit("enrollment", "add", course.code, "--file", str(people), "--yes")
    assert done.exit_code == 3, done.output
    assert f"2 students are enrolled in {course.code}: pending until the message is accepted.\n" in done.stdout
    assert lmskit("enrollment", "list", course.code).stdout.count("\tactive\t") == 2

    few = lmskit("enrollment", "withdraw", course.code, "--everyone", "--yes")
    assert few.exit_code == 1
    assert few.stderr == (
        f"2 students of {course.code} would be withdrawn, and their number has to be confirmed: "
        f"2 of 2 students of {course.code} (100 %). Nothing was changed (--withdraw-at-most N).\n"
    )
    every = lmskit("enrollment", "withdraw", course.code, "--everyone", "--withdraw-at-most", "2")
    assert every.stdout.endswith(f"2 students were withdrawn from {course.code}. Their records and all attempts stay.\n")
    assert lmskit("enrollment", "list", course.code).stdout.count("\twithdrawn\t") == 2


def test_a_list_is_read_from_standard_input_too(course, admin_engine):
    result = CliRunner().invoke(app, ["enrollment", "add", course.code, "--file", "-", "--dry-run"], input="Nobody Whatsoever\n")
    assert (result.exit_code, result.stdout.splitlines()[-2]) == (1, "1 unknown.")


def test_who_is_withdrawn_by_a_list_is_confirmed_by_typing_the_number(lmskit, course, people):
    assert lmskit("enrollment", "add", course.code, "--file", str(people), "--yes").exit_code == 3
    wrong, right = (
        CliRunner().invoke(app, ["enrollment", "withdraw", course.code, "--file", str(people)], input=f"{typed}\n") for typed in (1, 2)
    )
    assert (wrong.exit_code, wrong.stderr) == (1, "'1' is not the number of students that would be withdrawn. Nothing was changed.\n")
    assert (right.exit_code, right.stdout.splitlines()[-1]) == (
        3,
        f"2 students were withdrawn from {course.code}. Their records and all attempts stay.",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "{course}"), "Give the address of the student, or --file FILE for many.\n"),
        (("add", "{course}", "a@example.org", "--file", "x"), "--file names the students. Leave EMAIL, --family-name"),
        (("add", "{course}", "a@example.org", "--dry-run"), "--dry-run belongs to --file."),
        (("add", "{course}", "--file", "/nowhere/x"), "/nowhere/x"),
        (("withdraw", "{course}"), "Give the address of the student, or for many: --file FILE, --section NAME or --everyone.\n"),
        (("withdraw", "{course}", "--everyone", "--section", "A"), "Choose one: people from a list, a section, or all students.\n"),
        (("withdraw", "{course}", "a@example.org", "--everyone"), "--file, --section and --everyone say who is withdrawn."),
        (("withdraw", "{course}", "a@example.org", "--withdraw-at-most", "1"), "--withdraw-at-most belongs to"),
        (("withdraw", "{course}", "--section", "A"), "The course has no section or group 'A'."),
    ],
)
def test_a_mistake_about_many_is_one_sentence(lmskit, course, arguments, sentence):
    result = lmskit("enrollment", *(argument.format(course=course.code) for argument in arguments))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr


def test_a_course_is_deleted_with_its_enrollments_and_messages(lmskit, admin_engine, enrolled, course):
    with transaction(admin_engine) as session:
        session.delete(session.get_one(Course, course.id))
