import ipywidgets as widgets
import pytest

from lmskit.errors import ConflictError
from lmskit.forms.field import Field
from lmskit.forms.submission import DOUBLE_CLICK, Submission
from lmskit.schemas.course import SyllabusWeek
from tests.forms.screen import Clock


@pytest.fixture
def clock():
    return Clock()


def submission(on_submit, *, topic="Loops", clock=None, **further):
    fields = {"topic": Field("Topic", widgets.Text(topic))}
    return Submission(
        "Store",
        fields=fields,
        read=lambda: SyllabusWeek(week_number=1, topic=fields["topic"].control.value),
        on_submit=on_submit,
        **({"clock": clock} if clock else {}),
        **further,
    )


def test_the_work_gets_the_validated_request_and_its_sentence_is_shown():
    form = submission(lambda request: f"stored {request.topic}", topic="  Loops ")
    form.button.click()
    assert form.message.value == "stored Loops"


def test_a_double_click_is_one_submission_however_long_the_work_takes(clock):
    seen = []

    def slow(request):
        seen.append(request)
        clock.now += 3
        return "done"

    form = submission(slow, clock=clock)
    form.button.click()
    form.button.click()  # waited in the kernel's queue
    assert len(seen) == 1
    assert form.message.value == "done"
    clock.now += DOUBLE_CLICK
    form.button.click()
    assert len(seen) == 2


def test_the_button_cannot_be_pressed_while_the_work_runs():
    states = []

    def work(_request):
        states.append(form.button.disabled)
        form.button.click()
        return "done"

    form = submission(work)
    form.button.click()
    assert states == [True]
    assert not form.button.disabled


def test_a_mistake_is_shown_beside_its_field_and_nothing_is_submitted(clock):
    form = submission(pytest.fail, topic=" ", clock=clock)
    form.button.click()
    assert form.fields["topic"].problem == "This must not be empty."
    assert form.message.value == "Topic: This must not be empty."
    assert not form.button.disabled


def test_a_corrected_mistake_is_no_longer_shown(clock):
    form = submission(lambda request: "done", topic="", clock=clock)
    form.button.click()
    form.fields["topic"].control.value = "Loops"
    clock.now += 1
    form.button.click()
    assert form.fields["topic"].problem == ""
    assert form.message.value == "done"


def test_a_refusal_is_shown_as_its_sentence_and_the_form_keeps_what_was_typed():
    def refuse(_request):
        raise ConflictError("There is already a week 1.")

    form = submission(refuse, on_success=pytest.fail)
    form.button.click()
    assert form.message.value == "There is already a week 1."
    assert not form.button.disabled


def test_success_is_said_once_the_screen_shows_it():
    said = []

    def look():
        said.append(form.message.value)

    form = submission(lambda request: "stored", on_success=look)
    form.button.click()
    assert said == [""]
    assert form.message.value == "stored"


def test_what_was_done_is_said_although_the_screen_cannot_show_it(caplog):
    def lost():
        raise ConflictError("The list cannot be read.")

    form = submission(lambda request: "Stored.", on_success=lost)
    form.button.click()
    assert form.message.value == "Stored. What is shown is not up to date: The list cannot be read."
    form = submission(lambda request: "Stored.", on_success=lambda: 1 / 0)
    form.button.click()
    assert form.message.value.startswith("Stored. What is shown is not up to date: lmskit failed unexpectedly (ZeroDivisionError).")
    assert not form.button.disabled


def test_where_there_is_nothing_to_ask_the_work_is_done_at_once():
    form = submission(lambda request: "stored", confirm=lambda request: "")
    form.button.click()
    assert form.message.value == "stored"
    asking = submission(pytest.fail, confirm=lambda request: "Really?")
    asking.button.click()
    assert asking.question.value == "Really?"


def test_after_a_question_about_others_is_withdrawn_the_button_asks_about_these_at_once(clock):
    form = submission(pytest.fail, confirm=lambda request: f"Store {request.topic}?", clock=clock)
    form.button.click()
    clock.now += DOUBLE_CLICK
    form.withdraw_question()
    form.fields["topic"].control.value = "Lists"
    form.button.click()
    assert form.question.value == "Store Lists?"


def test_a_bug_leaves_its_traceback_in_the_log_and_the_form_can_be_used_again(caplog):
    form = submission(lambda request: request.no_such_field)
    form.button.click()
    assert "AttributeError" in caplog.text
    assert form.message.value.startswith("lmskit failed unexpectedly (AttributeError).")
    assert not form.button.disabled


def test_typed_text_is_shown_as_text():
    evil = "<img src=x onerror=alert(1)>"
    form = submission(lambda request: f"stored {request.topic}", topic=evil)
    form.button.click()
    assert isinstance(form.message.view, widgets.Label)
    assert not isinstance(form.message.view, widgets.HTML)
    assert evil in form.message.value
