import datetime as dt
import email
import email.policy

import pytest
from sqlalchemy import text

from lmskit.desks import enrollment_desk
from lmskit.errors import ConflictError
from lmskit.forms import EnrollmentScreen
from lmskit.forms.enrollment import ManyAtOnce
from lmskit.forms.quiz_exception import ExceptionChange, ExceptionWork
from lmskit.forms.student_message import MessageWork
from lmskit.models import Section
from lmskit.vocabulary import EnrollmentStatus, WelcomeTime
from lmskit.widgets import MOST_LISTED
from tests import factories
from tests.forms.screen import widgets_in


@pytest.fixture
def desk_of(session, in_session, mail_dir):
    def made(course):
        return enrollment_desk(course.code, begin=in_session, read=in_session)

    return made


def letters_to(mail_dir, address):
    """The messages to an address; what other tests have left in the outbox is delivered, too."""
    letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in mail_dir.glob("*.eml")]
    return [letter for letter in letters if address in str(letter["To"])]


def enrol(desk, address, family_name=""):
    desk.enrollment.email.value, desk.enrollment.family_name.value = address, family_name
    desk.enrollment.enroll.click()


def test_a_new_student_becomes_active_once_the_message_is_written(session, desk_of, mail_dir):
    course = factories.course(session)
    desk = desk_of(course)
    address = f"{factories.unique('new')}@example.com"
    enrol(desk, address, "Newcomer")
    assert desk.enrollment.message.value.startswith(f"{address} is enrolled in {course.code}: active.")
    assert str(mail_dir) in desk.enrollment.message.value
    assert len(letters_to(mail_dir, address)) == 1
    assert desk.roster.table.frame[["E-mail", "Status"]].to_numpy().tolist() == [[address, "active"]]


def test_a_student_is_withdrawn_although_the_first_try_meets_another_session(session, begin, begin_after_deadlock, mail_dir):
    course = factories.course(session)
    student = factories.student(session)
    enrolled = factories.enrollment(session, course, student)
    session.commit()
    desk = enrollment_desk(course.code, begin=begin_after_deadlock, read=begin)
    withdraw(desk, student.email)
    answer(desk, "yes")
    session.refresh(enrolled)
    assert enrolled.status is EnrollmentStatus.WITHDRAWN


def test_an_unknown_address_without_a_name_is_refused_in_a_sentence(session, desk_of, mail_dir):
    desk = desk_of(factories.course(session))
    enrol(desk, "nobody.yet@example.com")
    assert "name" in desk.enrollment.message.value
    assert not mail_dir.exists()


def test_a_student_who_is_enrolled_already_is_refused_in_a_sentence(session, desk_of):
    course = factories.course(session)
    student = factories.student(session)
    factories.enrollment(session, course, student)
    desk = desk_of(course)
    enrol(desk, student.email)
    assert desk.enrollment.message.value == f"{student.email} is already enrolled in {course.code} (status: active). Nothing was changed."


def withdraw(desk, student):
    desk.withdrawal.student.value = student
    desk.withdrawal.withdraw.click()


def answer(desk, button):
    desk.withdrawal.submission._ended = float("-inf")  # later than a double click
    getattr(desk.withdrawal.submission, button).click()


def test_a_withdrawn_student_stays_on_the_roster_as_withdrawn(session, desk_of):
    course = factories.course(session)
    student = factories.student(session, family_name="Lovelace", given_name="Ada")
    factories.enrollment(session, course, student)
    desk = desk_of(course)
    assert desk.withdrawal.student.options == (f"Lovelace, Ada · {student.email}",)
    withdraw(desk, f"Lovelace, Ada · {student.email}")
    answer(desk, "yes")
    assert desk.withdrawal.message.value.startswith(f"Lovelace, Ada was withdrawn from {course.code} as of ")
    assert desk.roster.table.frame["Status"].tolist() == ["withdrawn"]
    assert desk.withdrawal.student.options == ()


def test_a_student_is_withdrawn_only_after_the_answer_yes(session, desk_of):
    course = factories.course(session)
    student = factories.student(session)
    factories.enrollment(session, course, student)
    desk = desk_of(course)
    withdraw(desk, student.email)
    assert desk.withdrawal.submission.question.value == f"Withdraw {student.email} from {course.code}?"
    answer(desk, "no")
    answer(desk, "yes")
    assert desk.roster.table.frame["Status"].tolist() == ["active"]
    desk.withdrawal.submission._ended = float("-inf")
    withdraw(desk, student.email)
    desk.withdrawal.student.value = "another.student@example.org"
    answer(desk, "yes")
    desk.roster.refresh()
    assert desk.roster.table.frame["Status"].tolist() == ["active"], "the question was about another student"


def test_a_student_without_an_address_is_chosen_by_name(session, desk_of):
    course = factories.course(session)
    students = [factories.student(session, email=None, family_name="Doe", given_name="Jo") for _ in range(2)]
    for student in students:
        factories.enrollment(session, course, student)
    desk = desk_of(course)
    withdraw(desk, f"Doe, Jo · no address, student {students[1].id}")
    answer(desk, "yes")
    assert desk.withdrawal.message.value.startswith(f"Doe, Jo was withdrawn from {course.code}")
    assert desk.roster.table.frame["Status"].tolist() == ["active", "withdrawn"]


def test_the_screen_says_where_messages_are_sent(session, desk_of, mail_dir):
    desk = desk_of(factories.course(session))
    [hint] = [widget.value for widget in widgets_in(desk.view) if "messages" in str(getattr(widget, "value", ""))]
    assert hint == f"No mail server is set (LMSKIT_SMTP_HOST), so messages are written as .eml files to {mail_dir}."


def test_the_roster_turns_to_the_page_of_the_student_who_was_enrolled(session, desk_of):
    course = factories.course(session)
    for number in range(30):
        factories.enrollment(session, course, factories.student(session, family_name=f"Name {number:02}"))
    desk = desk_of(course)
    assert desk.roster.pager.label.value == "students 1–25 of 30"
    desk.roster.pager.next.click()
    assert desk.roster.table.frame["Name"].str[:7].tolist() == [f"Name {number}" for number in range(25, 30)]
    enrol(desk, f"{factories.unique('a')}@example.com", "Aaaa")
    assert desk.roster.table.frame["Name"].iloc[0] == "Aaaa"
    assert desk.roster.pager.label.value == "students 1–25 of 31"


def test_another_course_shows_its_own_roster_and_no_old_message(session, desk_of):
    first, second = factories.course(session), factories.course(session)
    factories.enrollment(session, second, status=EnrollmentStatus.COMPLETED)
    desk = desk_of(first)
    enrol(desk, "")
    assert desk.enrollment.message.value
    desk.course.value = second.code
    assert desk.enrollment.message.value == ""
    assert desk.roster.table.frame["Status"].tolist() == ["completed"]


def test_a_hostile_name_is_text_on_the_roster(session, desk_of):
    course = factories.course(session)
    factories.enrollment(session, course, factories.student(session, family_name="<img src=x onerror=alert(1)>", given_name=""))
    html = desk_of(course).roster.table.view.value
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_without_any_course_the_screen_says_where_to_set_one_up():
    desk = EnrollmentScreen(
        courses=[],
        on_enroll=lambda _request: pytest.fail("nothing should be done"),
        on_withdraw=lambda _request: pytest.fail("nothing should be done"),
        ask_to_enroll=lambda _request: pytest.fail("nothing should be done"),
        read_roster=lambda *_page: pytest.fail("nothing should be done"),
        find_student=lambda *_student: pytest.fail("nothing should be done"),
        many=ManyAtOnce(*[lambda *_request: pytest.fail("nothing should be done")] * 5),
        messages=MessageWork(*[lambda *_request: pytest.fail("nothing should be done")] * 2),
        exceptions=ExceptionWork(*[lambda *_request: pytest.fail("nothing should be done")] * 5),
    )
    assert desk.enrollment.message.value == "There is no course yet. Set one up first, in admin/course_setup."


def press(submission):
    submission._ended = float("-inf")  # later than a double click
    submission.button.click()


@pytest.mark.parametrize("welcome", [WelcomeTime.NOW, pytest.param(WelcomeTime.AT_START, id="at the start of a term that has begun")])
def test_a_pasted_list_is_previewed_and_then_enrolled_with_a_message_each(session, desk_of, mail_dir, welcome):
    course, known = factories.course(session), factories.student(session, family_name="Quixwell", given_name="Zoë")
    new = f"{factories.unique('new')}@example.com"
    desk = desk_of(course)
    desk.enrolling.previewing.fields["welcome"].control.value = welcome
    desk.enrolling.previewing.fields["people"].control.value = f"zoe quixwell\nNew Comer <{new}>\nno such person"
    press(desk.enrolling.previewing)
    assert desk.enrolling.previewing.message.value == "Nothing is changed yet. 1 new person, 1 enrolled, 1 unknown."
    assert desk.enrolling.table.frame["Outcome"].tolist() == ["enrolled", "new person", "unknown"]
    assert desk.enrolling.doing.button.description == "Enrol 2 students"
    assert desk.roster.table.frame.empty
    press(desk.enrolling.doing)
    assert desk.enrolling.message.value.startswith(f"2 students were enrolled in {course.code}. Messages: ")
    assert set(desk.roster.table.frame["E-mail"]) == {new, known.email}
    assert [len(letters_to(mail_dir, address)) for address in (new, known.email)] == [1, 1]


def test_who_is_enrolled_into_a_term_that_is_over_is_asked_about_as_by_the_command(session, desk_of, mail_dir):
    term = factories.term(session, ends_on=dt.date(2020, 1, 31), starts_on=dt.date(2019, 9, 1))
    course = factories.course(session, in_term=term)
    over = f"The term {term.code} of {course.code} ended on 2020-01-31."
    desk = desk_of(course)
    address = f"{factories.unique('late')}@example.com"
    enrol(desk, address, "Latecomer")
    assert desk.enrollment.submission.question.value == f"{over} Enrol {address} all the same?"
    assert desk.roster.table.frame.empty
    desk.enrollment.submission._ended = float("-inf")
    desk.enrollment.submission.yes.click()
    assert desk.roster.table.frame["E-mail"].tolist() == [address]
    desk.enrolling.people.value = str(factories.student(session).email)
    press(desk.enrolling.previewing)
    press(desk.enrolling.doing)
    assert desk.enrolling.doing.question.value == f"{over} Enrol 1 student all the same?"
    desk.enrolling.doing._ended = float("-inf")
    desk.enrolling.doing.yes.click()
    assert desk.enrolling.message.value.startswith("1 student was enrolled in")


def test_many_are_enrolled_although_their_messages_cannot_be_sent(session, desk_of, monkeypatch, mail_dir):
    course = factories.course(session)
    desk = desk_of(course)
    desk.enrolling.people.value = str(factories.student(session).email)
    press(desk.enrolling.previewing)

    def lost(*_arguments, **_options):
        raise ConflictError("The connection is lost.")

    monkeypatch.setattr("lmskit.desks.enrollment.deliver_waiting", lost)
    press(desk.enrolling.doing)
    assert desk.enrolling.message.value == (
        f"1 student was enrolled in {course.code}. Not all messages have been sent. The connection is lost."
    )
    assert desk.roster.table.frame["Status"].tolist() == ["pending"]


def test_a_preview_shows_every_row_page_by_page(session, desk_of):
    desk = desk_of(factories.course(session))
    desk.enrolling.people.value = "\n".join(f"nobody.{number}@example.com" for number in range(30))
    press(desk.enrolling.previewing)
    assert desk.enrolling.pager.label.value == "students 1–25 of 30"
    desk.enrolling.pager.next.click()
    assert len(desk.enrolling.table.frame) == 5


def test_a_section_and_a_group_of_one_name_are_chosen_together(session, desk_of):
    course = factories.course(session)
    for kind, name in (("section", "A"), ("group", "A"), ("group", "B")):
        session.add(Section(course_id=course.id, kind=kind, name=name, source="csv"))
    session.flush()
    labels = [label for label, _ in desk_of(course).withdrawing.who.options]
    assert labels[1:3] == ["all students of the section and the group A", "all students of the group B"]


def test_a_course_that_cannot_be_read_shows_nothing_of_the_one_before(session, in_session, mail_dir):
    first, second = factories.course(session, weeks=1), factories.course(session)
    factories.quiz(session, first)
    factories.enrollment(session, first)
    lost = False

    def read():
        if lost:
            raise ConflictError("The connection is lost.")
        return in_session()

    desk = enrollment_desk(first.code, begin=in_session, read=read)
    assert desk.withdrawal.student.options
    assert desk.exceptions.quiz.options
    lost = True
    desk.course.value = second.code
    assert desk.withdrawal.student.options == ()
    assert desk.exceptions.quiz.options == ()
    assert desk.roster.table.view.value == ""
    assert desk.roster.message.value == "The connection is lost."


def test_a_course_is_found_among_more_than_a_page_of_a_list_has(session, desk_of):
    first = factories.course(session)
    session.execute(
        text(
            "INSERT INTO lms.courses (code, module_code, title, term_id, lecturer_id, origin, mastery_rule, mastery_parameters) "
            "SELECT 'ZZ-' || n, 'ZZ', 'Épées ' || n, term_id, lecturer_id, origin, mastery_rule, mastery_parameters "
            "FROM lms.courses, generate_series(1, 1100) n WHERE id = :id"
        ),
        {"id": first.id},
    )
    course = desk_of(first).course
    assert len(course.options) > 1100
    assert len(course.listed.options) <= MOST_LISTED
    course.search.value = "epees 1077"
    assert (course.value, course.listed.options) == ("ZZ-1077", (("ZZ-1077 · Épées 1077", "ZZ-1077"),))
    course.search.value = "no such course"
    assert (course.value, course.found.value) == ("ZZ-1077", "Nothing found.")


def test_the_roster_is_searched_and_shows_the_page_of_who_was_enrolled_afterwards(session, desk_of, mail_dir):
    course = factories.course(session)
    for name in ("Ångström", "Lovelace"):
        factories.enrollment(session, course, factories.student(session, family_name=name, given_name="Ada"))
    desk = desk_of(course)
    desk.roster.search.value = "ada ang"
    assert desk.roster.table.frame["Name"].tolist() == ["Ångström, Ada"]
    assert len(desk.withdrawal.student.options) == 1
    desk.roster.search.value = "nobody"
    assert "No student of this course has such a name." in desk.roster.table.view.value
    enrol(desk, f"{factories.unique('new')}@example.com", "Newcomer")
    assert (desk.roster.search.value, len(desk.roster.table.frame)) == ("", 3)


def test_a_list_that_was_changed_after_the_preview_is_not_enrolled(session, desk_of):
    desk = desk_of(factories.course(session))
    people = desk.enrolling.previewing.fields["people"].control
    people.value = str(factories.student(session).email)
    press(desk.enrolling.previewing)
    assert desk.enrolling._previewed_parts[0].layout.display is None
    people.value += "\nanother.one@example.org"
    assert desk.enrolling._previewed_parts[0].layout.display == "none"


def test_many_are_withdrawn_once_their_number_is_typed(session, desk_of):
    course = factories.course(session)
    for _ in range(3):
        factories.enrollment(session, course)
    desk = desk_of(course)
    desk.withdrawing.who.value = "\0everyone"
    press(desk.withdrawing.previewing)
    assert desk.withdrawing.previewing.message.value == (f"Nothing is changed yet. 3 withdrawn. 3 of 3 students of {course.code} (100 %).")
    assert desk.withdrawing.doing.button.disabled
    desk.withdrawing.number.value = "2"
    assert desk.withdrawing.doing.button.disabled
    assert desk.withdrawing.number_field.problem
    desk.withdrawing.number.value = "3"
    press(desk.withdrawing.doing)
    assert desk.withdrawing.message.value == f"3 students were withdrawn from {course.code}. Their records and all attempts stay."
    assert desk.roster.table.frame["Status"].tolist() == ["withdrawn"] * 3


def test_who_is_withdrawn_with_many_gets_a_message_about_it_if_the_box_is_ticked(session, desk_of, mail_dir):
    course, student = factories.course(session), factories.student(session)
    factories.enrollment(session, course, student)
    desk = desk_of(course)
    desk.withdrawing.people.value, desk.withdrawing.notify.value = student.email, True
    press(desk.withdrawing.previewing)
    desk.withdrawing.number.value = "1"
    press(desk.withdrawing.doing)
    assert len(letters_to(mail_dir, student.email)) == 1
    assert "Messages: " in desk.withdrawing.message.value


def test_a_student_is_excused_from_a_quiz_given_more_time_and_taken_back(session, desk_of):
    course = factories.course(session, weeks=1)
    quiz = factories.quiz(session, course, title="Midterm")
    student = factories.student(session, family_name="Lovelace", given_name="Ada")
    factories.enrollment(session, course, student)
    form = desk_of(course).exceptions
    assert form.quiz.options == ((f"Midterm · quiz {quiz.id}", str(quiz.id)),)

    def save(change):
        form.student.value, form.change.value = f"Lovelace, Ada · {student.email}", change
        press(form.submission)

    save(ExceptionChange.EXTEND)
    assert form.message.value == "Day: This must be a day, such as 2026-09-14."
    form.due_on.value = dt.date(2026, 12, 24)
    save(ExceptionChange.EXTEND)
    assert form.message.value == f"'Midterm' of {course.code} is due on 2026-12-24 for Lovelace, Ada."
    save(ExceptionChange.EXCUSE)
    assert form.message.value == f"Lovelace, Ada is excused from 'Midterm' of {course.code}."
    assert form.table.frame[["Student", "Excused", "Due"]].to_numpy().tolist() == [["Lovelace, Ada", True, dt.date(2026, 12, 24)]]
    save(ExceptionChange.REMOVE)
    assert form.table.frame.empty


def test_a_message_is_shown_with_those_who_get_it_and_sent_after_a_question(session, desk_of, mail_dir):
    course = factories.course(session)
    ada = factories.student(session, family_name="Lovelace", given_name="Ada")
    factories.enrollment(session, course, ada)
    form = desk_of(course).messages
    form.subject.value, form.text.value = "Room", "Dear {name}, room 5."
    press(form.submission)
    assert form.submission.question.value == f"1 student of {course.code}: {ada.email}. Send this message?"
    assert "Dear Ada Lovelace, room 5." in form.letter.view.value
    assert not mail_dir.exists()
    form.submission._ended = float("-inf")
    form.submission.yes.click()
    assert "No mail server is set (LMSKIT_SMTP_HOST), so messages are written as .eml files to " in form.message.value
    [letter] = letters_to(mail_dir, ada.email)
    assert "Dear Ada Lovelace, room 5." in letter.get_body(("plain",)).get_content()
    form.subject.value, form.text.value = "Room", "Dear {name}, room 5."
    press(form.submission)
    assert form.message.value.startswith("No student gets this message. 0 students of ")
