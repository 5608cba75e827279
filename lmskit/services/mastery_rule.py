"""The rule that a course's mastery is estimated by: choosing it, and telling which one is behind what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lmskit.analytics.rule_choice import RuleChoice, rule_told, with_fits
from lmskit.analytics.rules import rule_named
from lmskit.errors import LmskitError
from lmskit.queries.course import course_by_code
from lmskit.queries.knowledge import fitted_parameters
from lmskit.queries.mastery import stored_rules

DEFAULT_RULE = "average"
"""Of a course whose own rule cannot be used, and for which nothing is stored."""


@dataclass(frozen=True)
class ChosenRule:
    """What a course has chosen: the rule, and all its parameters."""

    course: str
    rule: str
    parameters: Mapping[str, float]

    def sentence(self) -> str:
        """Say it to a person.

        Examples
        --------
        >>> ChosenRule("CS101-2026", "weighted_average", {"w": 0.7}).sentence()
        'CS101-2026 now has the rule weighted_average (w=0.7).'
        """
        return f"{self.course} now has the {rule_told(self.rule, self.parameters)}."

    def from_when(self) -> str:
        """From when on what is stored is estimated by it."""
        return f"What is stored stays as it was estimated until an administrator runs: lmskit mastery refresh --course {self.course}"


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


@dataclass(frozen=True)
class RuleInUse:
    """What the stored mastery of a course was estimated by.

    Attributes
    ----------
    rule
        That of most values; where nothing is stored yet, the one the course has chosen.
    parameters
        Those that all values by it share.
    fitted
        Names of the parameters that were fitted to each week, and differ from one to the next.
    caution
        A sentence where this is not what the course has chosen; otherwise empty.
    """

    rule: str
    parameters: Mapping[str, float]
    fitted: tuple[str, ...]
    caution: str

    def sentence(self) -> str:
        """What has to be said beside the rule and its parameters; empty where they are all.

        Examples
        --------
        >>> RuleInUse("bkt", {}, ("prior", "learn"), "").sentence()
        'Fitted to each week: prior, learn.'
        """
        fitted = f"Fitted to each week: {', '.join(self.fitted)}." if self.fitted else ""
        return " ".join(part for part in (fitted, self.caution) if part)


def rule_in_use(session: Session, course: str) -> RuleInUse:
    """Tell which rule is behind the stored mastery of `course`: a rule that was chosen since the last refresh is not.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    found = course_by_code(session, course)
    try:
        wanted, unusable = rule_named(found.mastery_rule).resolve(found.mastery_parameters), ""
    except LmskitError as error:
        wanted, unusable = None, f"The mastery rule of the course cannot be used: {error}"
    stored = stored_rules(session, course)
    if stored.empty and wanted is None:
        return RuleInUse(DEFAULT_RULE, rule_named(DEFAULT_RULE).resolve({}), (), unusable)
    if stored.empty:
        return RuleInUse(found.mastery_rule, wanted or {}, (), "")
    used: list[tuple[str, dict[str, float]]] = list(zip(stored["rule"], stored["parameters"], strict=True))
    own = []
    if wanted is not None:
        chosen = RuleChoice(rule_named(found.mastery_rule), wanted)
        own = [wanted, *with_fits(chosen, fitted_parameters(session, [found.id]).get(found.id, {})).of_week.values()]
    if all(rule == found.mastery_rule and parameters in own for rule, parameters in used):
        shared = {name: value for name, value in used[0][1].items() if all(parameters[name] == value for _, parameters in used)}
        ordered = {name: shared[name] for name in wanted or () if name in shared}
        return RuleInUse(found.mastery_rule, ordered, tuple(name for name in wanted or () if name not in shared), "")
    changed = "The course's mastery rule was changed and its mastery not refreshed since; the rule named here is that of most values."
    return RuleInUse(*used[0], (), unusable or f"{changed} To refresh it: lmskit mastery refresh --course {course}")
