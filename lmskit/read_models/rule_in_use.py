"""The mastery rule behind the stored estimates of a course."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lmskit.analytics.rule_choice import RuleChoice, choice, with_fits
from lmskit.errors import LmskitError
from lmskit.queries.course import course_by_code
from lmskit.queries.knowledge import fitted_parameters
from lmskit.queries.mastery import stored_rules

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import Course

DEFAULT_RULE = "average"
"""The rule shown for a course whose own rule cannot be used and that has no stored estimates."""

Values: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class RuleInUse:
    """What the stored mastery of a course was estimated by.

    Attributes
    ----------
    rule
        The rule of most estimates; without stored estimates, the rule of the course.
    parameters
        The parameters that are the same for all estimates by this rule.
    fitted
        Names of the parameters that were fitted to each week and differ between weeks.
    caution
        A sentence that says how this differs from the rule of the course; empty if it does not.
    """

    rule: str
    parameters: Values
    fitted: tuple[str, ...]
    caution: str

    def caveat(self) -> str:
        """Caveat to show beside the rule; empty if there is none.

        Examples
        --------
        >>> RuleInUse("bkt", {}, ("prior", "learn"), "").caveat()
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
    own, problem = _configured_rule(found)
    if stored.empty:
        shown = own or choice(DEFAULT_RULE)
        return RuleInUse(shown.rule.name, shown.parameters, (), problem)
    used: list[tuple[str, Values]] = list(zip(stored["rule"], stored["parameters"], strict=True))
    if own is not None and _is_up_to_date(used, with_fits(own, fitted_parameters(session, [found.id]).get(found.id, {}))):
        return _shared(own, [parameters for _, parameters in used])
    changed = (
        "The course's mastery rule was changed and its mastery not refreshed since; the rule shown is that of most values. "
        f"To refresh it: lmskit mastery refresh --course {course}"
    )
    rule, parameters = used[0]
    return RuleInUse(rule, parameters, (), problem or changed)


def _configured_rule(course: Course) -> tuple[RuleChoice | None, str]:
    """The rule of the course with its parameters, or None and why it cannot be used."""
    try:
        return choice(course.mastery_rule, course.mastery_parameters), ""
    except LmskitError as error:
        return None, f"The mastery rule of the course cannot be used: {error}"


def _is_up_to_date(used: Iterable[tuple[str, Values]], own: RuleChoice) -> bool:
    """Whether all stored estimates are by the course's own rule, with its parameters or with those fitted to a week."""
    current = [own.parameters, *own.of_week.values()]
    return all(rule == own.rule.name and parameters in current for rule, parameters in used)


def _shared(own: RuleChoice, used: list[Values]) -> RuleInUse:
    """Split the parameters into those that are the same for all estimates and those that differ between weeks."""
    shared = {name: used[0][name] for name in own.parameters if all(parameters[name] == used[0][name] for parameters in used)}
    return RuleInUse(own.rule.name, shared, tuple(name for name in own.parameters if name not in shared), "")
