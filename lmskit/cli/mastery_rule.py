"""`lmskit mastery rule`: show or choose the rule of a course, and list the rules."""

from typing import Annotated

import typer

from lmskit.analytics.rules import RULES, Parameter, configured, parameters_from_text
from lmskit.cli.printing import print_line, print_table
from lmskit.db import snapshot, transaction
from lmskit.errors import InputError, RuleParameterError, UnknownRuleError
from lmskit.queries.mastery import course_rule
from lmskit.services.mastery_rule import choose_rule

_THRESHOLDS = ("mastery_threshold", "remedial_threshold")


def rule(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    name: Annotated[
        str | None,
        typer.Argument(metavar="[RULE]", help="Name of the rule to use from now on; without it, the rules are listed.", show_default=False),
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=NUMBER", help="A parameter of the rule; give one for each.", show_default=False)
    ] = None,
) -> None:
    """Show the rule that estimates the mastery of COURSE, or choose another."""
    if name is None:
        if parameter:
            raise InputError(f"Name the rule whose parameters these are: lmskit mastery rule {course} RULE --parameter {parameter[0]}")
        _show(course)
        return
    with transaction() as session:
        chosen = choose_rule(session, course, name, parameters_from_text(parameter or []))
    print_line(chosen.sentence())
    print_line(chosen.from_when())


def _show(course: str) -> None:
    with snapshot() as session:
        name, given = course_rule(session, course)
    try:
        print_line(f"{course} has the {configured(name, given).describe()}.")
    except (UnknownRuleError, RuleParameterError) as error:
        print_line(f"The rule stored for {course} cannot be used: {error}")
    listed = [
        {
            "Rule": rule.name,
            "What it does": rule.description,
            "Parameters": "; ".join(_parameter(parameter) for parameter in rule.parameters if parameter.name not in _THRESHOLDS),
            **{name: f"{rule.configured().parameters[name]:g}" for name in _THRESHOLDS},
            "Interval": "90 %" if rule.has_interval else f"none: {rule.no_interval}",
        }
        for rule in RULES.values()
    ]
    print_table(listed, {name: name for name in listed[0]}, nothing="")
    print_line(
        "The thresholds are parameters too, from 0 to 1: a value is mastered from mastery_threshold, and remedial below remedial_threshold."
    )
    print_line(f"To choose one: lmskit mastery rule {course} RULE --parameter NAME=NUMBER")


def _parameter(parameter: Parameter) -> str:
    default = f"as {parameter.default_from}" if parameter.default is None else f"{parameter.default:g}"
    return f"{parameter.name}={default} ({parameter.low:g} to {parameter.high:g}): {parameter.meaning}"
