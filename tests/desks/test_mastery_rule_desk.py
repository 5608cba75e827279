"""An administrator sets the rule of a course; the form has a field for each parameter of the rule."""

import pytest

from lmskit.analytics.rules import RULES
from lmskit.db import snapshot
from lmskit.desks import mastery_rule_desk
from lmskit.errors import NotPermittedError
from lmskit.forms.mastery_rule import MasteryRuleForm
from lmskit.queries.mastery import course_rule
from tests import factories
from tests.forms.screen import widgets_in

BUT_THRESHOLDS = slice(0, -2)


@pytest.fixture
def course(session):
    return factories.course(session, mastery_rule="weighted_average", mastery_parameters={"w": 0.7})


@pytest.fixture
def form(course, in_session):
    return mastery_rule_desk(course.code, begin=in_session, read=in_session)


def typed(form):
    return {name: control.value for name, control in form.parameters.items()}


def defaults(form):
    return {name: control.placeholder for name, control in form.parameters.items()}


def hints(form):
    return {text for widget in widgets_in(form.view) if isinstance(text := getattr(widget, "value", None), str)}


def test_a_course_is_shown_with_its_rule_its_parameters_and_the_defaults_of_the_others(form):
    assert form.rule.value == "weighted_average"
    assert form.explanation.value.startswith("The score of the newest attempt with weight w")
    assert typed(form) == {"w": "0.7", "mastery_threshold": "", "remedial_threshold": ""}
    assert defaults(form) == {"w": "0.65", "mastery_threshold": "0.8", "remedial_threshold": "0.5"}
    assert "Weight of the newest score (0.01–0.99)." in hints(form)
    assert form.message.value == ""


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_set_with_its_defaults(session, course, form, rule):
    form.rule.value = rule
    assert form.explanation.value.startswith(RULES[rule].description)
    assert list(form.parameters) == [parameter.name for parameter in RULES[rule].parameters]
    for control in form.parameters.values():
        control.value = ""
    form.save.click()
    assert form.message.value.startswith(f"{course.code} now has the rule {rule} (")
    assert course_rule(session, course.code) == (rule, {})


def test_only_typed_parameters_are_stored_and_the_form_says_that_a_refresh_is_needed(session, course, form):
    form.rule.value = "n_of_mastery"
    assert defaults(form)["threshold"] == "as mastery threshold"
    form.parameters["n"].value, form.parameters["mastery_threshold"].value = " 3 ", "0.9"
    form.save.click()
    assert form.message.value == (
        f"{course.code} now has the rule n_of_mastery (n=3, threshold=0.9, mastery_threshold=0.9, remedial_threshold=0.5). "
        f"The stored estimates stay as they are until an administrator runs: lmskit mastery refresh --course {course.code}"
    )
    assert course_rule(session, course.code) == ("n_of_mastery", {"n": 3, "mastery_threshold": 0.9})
    assert typed(form) == {"n": "3", "threshold": "", "mastery_threshold": "0.9", "remedial_threshold": ""}


def test_selecting_the_rule_of_the_course_again_shows_its_parameters(form):
    form.rule.value = "latest"
    assert typed(form) == {"mastery_threshold": "", "remedial_threshold": ""}
    form.rule.value = "weighted_average"
    assert typed(form)["w"] == "0.7"


@pytest.mark.parametrize(
    ("rule", "texts", "sentence"),
    [
        ("weighted_average", {"w": "much"}, "w: This must be a number."),
        ("weighted_average", {"w": "1.5"}, "The parameter w of the rule weighted_average is a number from 0.01 to 0.99, not 1.5."),
        ("weighted_average", {"w": "nan"}, "The parameter w of the rule weighted_average is a number from 0.01 to 0.99, not nan."),
        ("m_of_n", {"m": "2.5"}, "The parameter m of the rule m_of_n is a whole number from 1 to 20, not 2.5."),
        ("m_of_n", {"m": "9"}, "The rule m_of_n requires m = 9 correct answers among the last n = 7"),
        ("latest", {"remedial_threshold": "0.9"}, "The remedial threshold (0.9) is above the mastery threshold (0.8)"),
    ],
)
def test_an_invalid_parameter_is_named_and_the_rule_stays(form, rule, texts, sentence):
    form.rule.value = rule
    for name, text in texts.items():
        form.parameters[name].value = text
    form.save.click()
    assert form.message.value.startswith(sentence)
    form.open()
    assert (form.rule.value, typed(form)["w"]) == ("weighted_average", "0.7")


@pytest.mark.parametrize(
    ("rule", "parameters", "sentence"),
    [
        ("<b>palm</b> reading", {"w": 0.7}, "There is no mastery rule '<b>palm</b> reading'."),
        ("latest", {"hand": "left"}, "The rule latest has no parameter hand;"),
        ("latest", {"mastery_threshold": True}, "The parameter mastery_threshold of the rule latest is a number from 0 to 1, not True."),
        ("latest", {"mastery_threshold": 10**400}, "The parameter mastery_threshold of the rule latest is a number from 0 to 1, not 1000"),
    ],
)
def test_a_stored_rule_that_cannot_be_used_is_reported_and_can_be_corrected(session, in_session, rule, parameters, sentence):
    course = factories.course(session, mastery_rule=rule, mastery_parameters=parameters)
    form = mastery_rule_desk(course.code, begin=in_session, read=in_session)
    assert form.message.value.startswith(f"The rule stored for {course.code} cannot be used: {sentence}")
    assert form.rule.value == (rule if rule in RULES else None)
    assert [text for text in typed(form).values() if text] == [str(value) for name, value in parameters.items() if name in form.parameters]
    form.rule.value = "highest"
    form.save.click()
    assert course_rule(session, course.code) == ("highest", {})


def test_without_a_rule_one_must_be_selected(session, in_session):
    course = factories.course(session, mastery_rule="palm reading")
    form = mastery_rule_desk(course.code, begin=in_session, read=in_session)
    form.save.click()
    assert form.message.value == "Rule: This must not be empty."
    assert course_rule(session, course.code) == ("palm reading", {})


def test_another_course_is_shown_with_its_own_rule(session, in_session):
    first, second = factories.course(session), factories.course(session, mastery_rule="khan")
    form = mastery_rule_desk(first.code, begin=in_session, read=in_session)
    form.course.value = second.code
    assert (form.rule.value, list(form.parameters)[BUT_THRESHOLDS]) == ("khan", ["correct_from"])


def test_without_a_course_the_form_says_so():
    form = MasteryRuleForm(lambda _request: pytest.fail("nothing can be saved"), courses=(), read=lambda _code: ("average", {}))
    assert form.message.value == "There is no course yet. Set one up first."


def test_only_an_administrator_opens_the_form(lecturer_engine):
    with pytest.raises(NotPermittedError):
        mastery_rule_desk(read=lambda: snapshot(lecturer_engine))
