"""The mastery rule behind the stored estimates of a course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.analytics.rules import configured, with_fits
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import LmskitError
from lmskit.queries.course import course_by_code
from lmskit.queries.knowledge import fitted_parameters
from lmskit.queries.mastery import stored_rules

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import Course

DEFAULT_RULE = "average"
"""The rule shown for a course whose own rule cannot be used and that has no stored estimates."""


@dataclass(frozen=True)
class RuleInUse:
    """What the stored mastery of a course was estimated by.

    Attributes
    ----------
    rule
        The rule of most estimates, with the parameters that are the same for all of them; without stored estimates, the rule of the course.
    fitted
        Names of the parameters that were fitted to each week and differ between weeks.
    caution
        A sentence that says how this differs from the rule of the course; empty if it does not.
    """

    rule: ConfiguredRule
    fitted: tuple[str, ...]
    caution: str

    def caveat(self) -> str:
        """Caveat to show beside the rule; empty without one.

        Examples
        --------
        >>> RuleInUse(ConfiguredRule("bkt", {}), ("prior", "learn"), "").caveat()
        'Fitted to each week: prior, learn.'
        """
        fitted = f"Fitted to each week: {', '.join(self.fitted)}." if self.fitted else ""
        return " ".join(part for part in (fitted, self.caution) if part)


def rule_in_use(session: Session, course: str) -> RuleInUse:
    """Find the rule behind the stored mastery of `course`. A rule that was chosen since the last refresh is not yet in use.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    found = course_by_code(session, course)
    stored = stored_rules(session, course)
    own, problem = _course_rule(found)
    if stored.empty:
        return RuleInUse(own or configured(DEFAULT_RULE), (), problem)
    used = [ConfiguredRule(name, parameters) for name, parameters in zip(stored["rule"], stored["parameters"], strict=True)]
    if own is not None:
        fitted = with_fits(own, fitted_parameters(session, [found.id]).get(found.id, {}))
        if set(used) <= {own, *(fitted.in_week(week) for week in fitted.of_week)}:
            return _shared(own, used)
    changed = (
        "The course's mastery rule was changed and its mastery not refreshed since; the rule shown is that of most values. "
        f"To refresh it: lmskit mastery refresh --course {course}"
    )
    return RuleInUse(used[0], (), problem or changed)


def _course_rule(course: Course) -> tuple[ConfiguredRule | None, str]:
    """The rule of the course with its parameters, or None and why it cannot be used."""
    try:
        return configured(course.mastery_rule, course.mastery_parameters), ""
    except LmskitError as error:
        return None, f"The mastery rule of the course cannot be used: {error}"


def _shared(own: ConfiguredRule, used: Sequence[ConfiguredRule]) -> RuleInUse:
    """Split the parameters of a rule into those that are the same in all weeks and those that differ."""
    shared = {name: used[0].parameters[name] for name in own.parameters if len({rule.parameters[name] for rule in used}) == 1}
    return RuleInUse(ConfiguredRule(own.name, shared), tuple(name for name in own.parameters if name not in shared), "")
