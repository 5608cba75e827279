"""Choosing the rule that the mastery of a course is estimated by."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lmskit.analytics.rules import configured
from lmskit.configured_rule import ConfiguredRule
from lmskit.queries.leading import led_course_by_code


@dataclass(frozen=True)
class ChosenRule:
    """The rule that a course has chosen.

    Attributes
    ----------
    course
        Code of the course.
    rule
        With all its parameters; those that were not given have their defaults.
    """

    course: str
    rule: ConfiguredRule

    def sentence(self) -> str:
        """Describe the choice in a sentence.

        Examples
        --------
        >>> ChosenRule("CS101-2026", ConfiguredRule("weighted_average", {"w": 0.7})).sentence()
        'CS101-2026 now has the rule weighted_average (w=0.7).'
        """
        return f"{self.course} now has the {self.rule.describe()}."

    def from_when(self) -> str:
        """Say from when on the stored estimates follow the rule."""
        return f"The stored estimates stay as they are until an administrator runs: lmskit mastery refresh --course {self.course}"


def choose_rule(session: Session, course: str, rule: str, parameters: Mapping[str, float]) -> ChosenRule:
    """Choose the rule that estimates the mastery of `course` from the next refresh on.

    Administrators and the lecturer of the course may do this. Stored estimates stay as they are until then, with the rule they were
    made by. Only the parameters given are stored; the others follow the rule's defaults.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    NotLeadingError
        The person is an assistant of the course.
    UnknownRuleError, RuleParameterError
        There is no such rule, or the rule does not take these parameters.
    """
    chosen = configured(rule, parameters)
    found = led_course_by_code(session, course)
    found.mastery_rule, found.mastery_parameters = chosen.name, {name: chosen.parameters[name] for name in parameters}
    session.flush()
    return ChosenRule(course=found.code, rule=chosen)
