"""`lmskit mastery rule`: by which rule a course's mastery is estimated, and which there are."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lmskit.analytics.rules import Parameter


_THRESHOLDS = ("mastery_threshold", "remedial_threshold")


def rule(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    name: Annotated[
        str | None,
        typer.Argument(metavar="[RULE]", help="Name of the rule to use from now on; without it, they are listed.", show_default=False),
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=NUMBER", help="A parameter of the rule; give one for each.", show_default=False)
    ] = None,
) -> None:
    """Show the rule that the mastery of COURSE is estimated by, or choose another."""
    from lmskit.analytics.rules import parameters_from_text
    from lmskit.cli.printing import say
    from lmskit.db import transaction
    from lmskit.errors import InputError
    from lmskit.services.mastery_rule import choose_rule

    if name is None:
        if parameter:
            raise InputError(f"Name the rule whose parameters these are: lmskit mastery rule {course} RULE --parameter {parameter[0]}")
        _show(course)
        return
    with transaction() as session:
        chosen = choose_rule(session, course, name, parameters_from_text(parameter or []))
    say(chosen.sentence())
    say(chosen.from_when())


def _show(course: str) -> None:
    import pandas as pd

    from lmskit.analytics.rules import RULES, configured
    from lmskit.cli.printing import print_table, say
    from lmskit.db import snapshot
    from lmskit.errors import RuleParameterError, UnknownRuleError
    from lmskit.queries.mastery import course_rule

    with snapshot() as session:
        name, given = course_rule(session, course)
    try:
        say(f"{course} has the {configured(name, given).describe()}.")
    except (UnknownRuleError, RuleParameterError) as error:
        say(f"The rule stored for {course} cannot be used: {error}")
    listed = [
        {
            "Rule": one.name,
            "What it does": one.description,
            "Parameters": "; ".join(_parameter(parameter) for parameter in one.parameters if parameter.name not in _THRESHOLDS),
            **{name: f"{one.configured().parameters[name]:g}" for name in _THRESHOLDS},
            "Interval": "90 %" if one.has_interval else f"none: {one.no_interval}",
        }
        for one in RULES.values()
    ]
    table = pd.DataFrame(listed)
    print_table(table, {str(column): str(column) for column in table}, nothing="There are no rules.")
    say("The thresholds are parameters too, from 0 to 1: a value is mastered from the one upwards, remedial below the other.")
    say(f"To choose one: lmskit mastery rule {course} RULE --parameter NAME=NUMBER")


def _parameter(parameter: "Parameter") -> str:
    default = f"as {parameter.default_from}" if parameter.default is None else f"{parameter.default:g}"
    return f"{parameter.name}={default} ({parameter.low:g} to {parameter.high:g}): {parameter.meaning}"
