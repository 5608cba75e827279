"""The form that sets the rule by which a course's mastery is estimated."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets

from lmskit.analytics.rules import RULES, Parameter, Rule, configured
from lmskit.errors import LmskitError
from lmskit.forms.field import Field, named, row
from lmskit.forms.submission import Submission
from lmskit.schemas.mastery_rule import ChooseRule
from lmskit.widgets import ROOT, RuleList, course_dropdown, errors_shown, heading, style


class MasteryRuleForm:
    """Sets the rule of the chosen course, with a field for each parameter; a parameter left empty has the rule's default.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show. If it raises an `LmskitError`, that error's sentence is shown instead.
    courses
        Label and code of each course.
    read
        Returns the name of the rule stored for one of them, and its parameters, which may be invalid.
    course
        The code of the course to begin with; by default the first one.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        on_submit: Callable[[ChooseRule], str],
        *,
        courses: Sequence[tuple[str, str]],
        read: Callable[[str], tuple[str, Mapping[str, object]]],
        course: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self.course = course_dropdown(courses, course)
        self._rules = RuleList(self._rule_chosen)
        self.rule, self.explanation = self._rules.dropdown, self._rules.explanation
        self._stored: tuple[str, Mapping[str, object]] = ("", {})
        self.parameters: dict[str, widgets.Text] = {}
        self._parameter_box = widgets.VBox(layout=widgets.Layout(overflow="visible"))
        named(self.rule, "Rule")
        rule = widgets.VBox([self.rule, self.explanation], layout=widgets.Layout(overflow="visible"))
        self._fields = {"course": Field("Course", self.course, width="1 1 300px"), "rule": Field("Rule", rule, width="1 1 300px")}
        self.submission = Submission(
            "Save the rule", fields=self._fields, read=self._request, on_submit=on_submit, on_success=self._show, clock=clock
        )
        self.save, self.message = self.submission.button, self.submission.message
        self.view = widgets.VBox(
            [
                style(),
                heading("Set the mastery rule of a course"),
                row(self._fields["course"], self._fields["rule"]),
                self._parameter_box,
                self.submission.view,
            ]
        )
        self.view.add_class(ROOT)
        self.course.observe(lambda _change: self.open(), names="value")
        self.open()

    def open(self) -> None:
        """Show the rule stored for the chosen course; if it cannot be used, say why."""
        self.message.clear()
        if self.course.value is None:
            self.message.bad("There is no course yet. Set one up first.")
            return
        self._show_parameters(None, {})
        with errors_shown(self.message):
            self._show()
            name, given = self._stored
            try:
                configured(name, given)
            except LmskitError as error:
                self.message.warn(f"The rule stored for {self.course.value} cannot be used: {error}")

    def _show(self) -> None:
        self._stored = name, given = self._read(self.course.value)
        rule = RULES.get(name)
        self._rules.show(rule)
        self._show_parameters(rule, given)

    def _rule_chosen(self, rule: Rule) -> None:
        self.message.clear()
        name, given = self._stored
        self._show_parameters(rule, given if rule.name == name else {})

    def _show_parameters(self, rule: Rule | None, given: Mapping[str, object]) -> None:
        """Show a field for each parameter of the rule, with the given value."""
        parameters = () if rule is None else rule.parameters
        self.parameters = {
            parameter.name: widgets.Text(value=str(given.get(parameter.name, "")), placeholder=_default(parameter))
            for parameter in parameters
        }
        fields = {
            parameter.name: Field(_label(parameter.name), self.parameters[parameter.name], hint=_hint(parameter), width="0 1 266px")
            for parameter in parameters
        }
        self._parameter_box.children = (row(*fields.values()),)
        self.submission.fields = self._fields | {f"parameters.{name}": field for name, field in fields.items()}

    def _request(self) -> ChooseRule:
        typed = {name: control.value.strip() for name, control in self.parameters.items()}
        return ChooseRule.model_validate(
            {
                "course": self.course.value or "",
                "rule": self.rule.value or "",
                "parameters": {name: text for name, text in typed.items() if text},
            }
        )


def _default(parameter: Parameter) -> str:
    return f"as {_words(parameter.default_from)}" if parameter.default is None else f"{parameter.default:g}"


def _hint(parameter: Parameter) -> str:
    kind = "whole number, " if parameter.whole else ""
    return f"{parameter.meaning[:1].upper()}{parameter.meaning[1:]} ({kind}{parameter.low:g}–{parameter.high:g})."


def _label(name: str) -> str:
    """A parameter's name as a label; a letter such as n is a symbol and stays small."""
    words = _words(name)
    return words if len(words) == 1 else f"{words[:1].upper()}{words[1:]}"


def _words(name: str) -> str:
    return name.replace("_", " ")
