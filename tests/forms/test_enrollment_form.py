import ipywidgets as widgets
import pytest

from lmskit.errors import AlreadyEnrolledError
from lmskit.forms import EnrollmentForm, WithdrawalForm
from lmskit.forms.submission import DOUBLE_CLICK
from lmskit.schemas.enrollment import EnrollStudent, WithdrawFromRoster, WithdrawStudent
from tests.forms.screen import Clock

FILLED_IN = {"email": "ada@example.org", "family_name": "Ada", "given_name": ""}


def keeping(seen):
    """Work that appends each request to `seen`."""

    def on_submit(request):
        seen.append(request)
        return "done"

    return on_submit


def filled_in(on_submit, **fields):
    form = EnrollmentForm(on_submit, course=widgets.Dropdown(options=["CS101"]))
    for name, value in (FILLED_IN | fields).items():
        getattr(form, name).value = value
    return form


def test_the_form_submits_one_request():
    seen: list[EnrollStudent] = []
    form = filled_in(keeping(seen), email=" Ada@Example.org ")
    form.enroll.click()
    assert seen == [EnrollStudent(course="CS101", email="ada@example.org", family_name="Ada")]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "", "E-mail: This must not be empty."),
        ("email", "ada", "E-mail: This is not an e-mail address: an email address must have an @-sign."),
        ("family_name", "NaN", "Family name: “NaN” is what a missing value looks like in a spreadsheet. Type the name."),
        ("given_name", "x" * 201, "Given name: At most 200 characters."),
    ],
)
def test_a_mistake_is_named_and_nothing_is_submitted(field, value, message):
    form = filled_in(pytest.fail, **{field: value})
    form.enroll.click()
    assert form.message.value == message
    assert f"{form.submission.fields[field].label}: {form.submission.fields[field].problem}" == message


def test_after_success_the_form_is_empty_for_the_next_student():
    form = filled_in(lambda _request: "done")
    form.enroll.click()
    assert (form.email.value, form.family_name.value, form.course.value) == ("", "", "CS101")


def test_after_a_refusal_the_form_keeps_what_was_typed():
    def refuse(request):
        raise AlreadyEnrolledError(student=request.email, course=request.course, status="active")

    form = filled_in(refuse)
    form.enroll.click()
    assert form.message.value == "ada@example.org is already enrolled in CS101 (status: active). Nothing was changed."
    assert form.email.value == "ada@example.org"


@pytest.fixture
def clock():
    return Clock()


def withdrawal(on_submit, clock, student):
    form = WithdrawalForm(on_submit, course=widgets.Dropdown(options=["CS101"]), clock=clock)
    form.offer([("Ada · ada@example.org", 7)])
    form.student.value = student
    return form


@pytest.mark.parametrize(
    ("student", "request_"),
    [
        ("Ada@example.org", WithdrawStudent(course="CS101", email="ada@example.org")),
        ("Ada · ada@example.org", WithdrawFromRoster(course="CS101", student_id=7)),
    ],
)
def test_the_withdrawal_form_submits_one_request_after_the_confirmation(clock, student, request_):
    seen: list[WithdrawStudent | WithdrawFromRoster] = []
    form = withdrawal(keeping(seen), clock, student)
    form.withdraw.click()
    assert seen == []
    clock.now += DOUBLE_CLICK
    form.submission.yes.click()
    form.submission.yes.click()
    assert seen == [request_]
    assert (form.message.value, form.student.value) == ("done", "")


def test_a_double_click_does_not_answer_its_own_question(clock):
    form = withdrawal(pytest.fail, clock, "ada@example.org")
    form.withdraw.click()
    form.submission.yes.click()
    assert form.submission.question.value == "Withdraw ada@example.org from CS101?"


def test_after_the_answer_no_the_form_can_be_used_again(clock):
    seen: list[WithdrawStudent] = []
    form = withdrawal(keeping(seen), clock, "ada@example.org")
    form.withdraw.click()
    clock.now += DOUBLE_CLICK
    form.submission.no.click()
    assert (form.submission.question.value, form.message.value, form.withdraw.disabled) == ("", "", False)
    clock.now += DOUBLE_CLICK
    form.withdraw.click()
    clock.now += DOUBLE_CLICK
    form.submission.yes.click()
    assert len(seen) == 1


def test_whether_a_message_is_sent_is_not_changed_behind_the_question(clock):
    seen: list[WithdrawStudent] = []
    form = withdrawal(keeping(seen), clock, "ada@example.org")
    form.withdraw.click()
    form.notify.value = True
    clock.now += DOUBLE_CLICK
    form.submission.yes.click()
    assert (seen, form.submission.question.value) == ([], "")
    form.withdraw.click()
    clock.now += DOUBLE_CLICK
    form.submission.yes.click()
    assert [request.notify for request in seen] == [True]


def test_without_a_course_nothing_is_submitted():
    form = EnrollmentForm(lambda _request: pytest.fail("nothing was to be done"), course=widgets.Dropdown(options=[]))
    form.email.value = "ada@example.org"
    form.enroll.click()
    assert form.message.value == "course: This must not be empty."
