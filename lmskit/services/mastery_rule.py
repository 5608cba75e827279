"""Choosing the rule that a course's mastery is estimated by."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lmskit.analytics.rules import rule_named
from lmskit.queries.course import course_by_code


@dataclass(frozen=True)
class ChosenRule:
    """What a course has chosen: the rule, and all its parameters."""

    course: str
    rule: str
    parameters: Mapping[str, float]


def choose_rule(session: Session, course: str, rule: str, parameters: Mapping[str, float]) -> ChosenRule:
    """Let the mastery of `course` be estimated by `rule` from the next refresh on.

    Its administrator may, and its lecturer. What was estimated stays as it is until then, under the rule it was made by. Only the
    parameters given are stored: the others follow the rule's defaults.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    UnknownRuleError, RuleParameterError
        There is no such rule, or it does not take these parameters.
    """
    chosen = rule_named(rule)
    complete = chosen.resolve(parameters)
    found = course_by_code(session, course)
    found.mastery_rule, found.mastery_parameters = chosen.name, {name: complete[name] for name in parameters}
    session.flush()
    return ChosenRule(course=found.code, rule=chosen.name, parameters=complete)
