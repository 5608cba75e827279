import pytest

from lmskit.forms.welcome import WelcomeForm, WelcomeNow, WelcomeWork

STORED = {
    None: WelcomeNow("All courses have this text.", "en", "Hello", "To all"),
    "CS101": WelcomeNow("CS101 has its own.", "de", "Hallo", "An"),
}


@pytest.fixture
def form():
    work = WelcomeWork(lambda of: STORED[of.course], preview=lambda of: "", write=lambda request: "stored", clear=lambda of: "")
    return WelcomeForm(work, courses=[("Loops", "CS101")])


def texts(form):
    return form.language.value, form.subject.value, form.text.value


def test_what_was_typed_before_the_course_was_chosen_is_kept(form):
    form.text.value = "Dear {name}"
    form.course.value = "CS101"
    assert texts(form) == ("de", "Hallo", "Dear {name}")
    assert form.source.value == "CS101 has its own. What you typed is kept."
    form.writing.button.click()
    assert (texts(form), form.source.value) == (("de", "Hallo", "An"), "CS101 has its own.")


def test_where_nothing_was_typed_the_text_of_the_course_is_shown(form):
    form.course.value = "CS101"
    assert (texts(form), form.source.value) == (("de", "Hallo", "An"), "CS101 has its own.")
