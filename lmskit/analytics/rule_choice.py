"""A rule together with its parameters: what a course chooses, and what choices are compared by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from lmskit.analytics.bkt.parameters import PARAMETERS
from lmskit.analytics.rule import Rule, Values
from lmskit.analytics.rules import rule_named
from lmskit.analytics.traced import BKT, of_fitted_weeks
from lmskit.errors import RuleParameterError

NO_FITS: Mapping[int, Values] = MappingProxyType({})
"""Of a course that nobody fitted knowledge tracing to."""


@dataclass(frozen=True)
class RuleChoice:
    """A rule, and a value for each of its parameters.

    Attributes
    ----------
    parameters
        Complete; they hold for every week that is not in `of_week`.
    of_week
        By week, complete: the parameters of weeks that have their own.
    """

    rule: Rule
    parameters: Values
    of_week: Mapping[int, Values] = field(default_factory=dict)

    def named(self, weeks: Collection[int]) -> tuple[str, Mapping[str, float | str]]:
        """The rule's name and the parameters that hold for these weeks, as charts take them; ``by week`` where they differ.

        Examples
        --------
        >>> own = RuleChoice(BKT, {"prior": 0.3, "learn": 0.2}, {2: {"prior": 0.6, "learn": 0.2}})
        >>> own.named([1, 2, 3]), own.named([2])
        (('bkt', {'prior': 'by week', 'learn': 0.2}), ('bkt', {'prior': 0.6, 'learn': 0.2}))
        """
        held = [self.of_week.get(week, self.parameters) for week in weeks] or [self.parameters]
        told = {name: {values[name] for values in held} for name in self.parameters}
        return self.rule.name, {name: "by week" if len(values) > 1 else next(iter(values)) for name, values in told.items()}


def choice(name: str, parameters: Mapping[str, object] | None = None) -> RuleChoice:
    """Choose a rule; parameters that are not given have their defaults.

    Raises
    ------
    UnknownRuleError, RuleParameterError
        There is no such rule, or it does not take these parameters.

    Examples
    --------
    >>> choice("decaying_average", {"w": 0.7}).parameters
    {'w': 0.7, 'mastery_threshold': 0.8, 'remedial_threshold': 0.5}
    """
    rule = rule_named(name)
    return RuleChoice(rule, rule.resolve(parameters or {}))


def with_fits(chosen: RuleChoice, fits: Mapping[int, Values]) -> RuleChoice:
    """Let weeks go by the knowledge tracing that was fitted to them, as a refresh does where the rule is `bkt`; other rules know no fits.

    Parameters
    ----------
    chosen
        The rule, and the parameters for the weeks without a fit that can be used.
    fits
        As for `of_fitted_weeks`.
    """
    return replace(chosen, of_week=of_fitted_weeks(chosen.parameters, fits)) if chosen.rule is BKT else chosen


def weeks_told(chosen: RuleChoice, fits: Mapping[int, Values], weeks: Collection[int]) -> str:
    """Say which of these weeks go by parameters that were fitted to them; nothing where there is nothing fitted to them.

    Examples
    --------
    >>> fit = {"prior": 0.6, "learn": 0.1, "guess": 0.3, "slip": 0.05, "forget": 0.0, "correct_from": 1.0}
    >>> weeks_told(with_fits(choice("bkt"), {1: fit, 3: fit}), {1: fit, 3: fit}, [1, 2, 3, 4])
    'Weeks 1, 3 go by what was fitted to each, weeks 2, 4 by prior 0.3, learn 0.2, guess 0.2, slip 0.1, forget 0.'
    >>> weeks_told(choice("bkt"), {1: fit, 3: fit}, [1, 2, 3, 4])
    'The same parameters hold for all weeks; what was fitted to weeks 1, 3 is not used.'
    """
    there = [week for week in weeks if week in fits]
    if chosen.rule is not BKT or not there:
        return ""
    fitted, others = ([week for week in weeks if (week in chosen.of_week) is own] for own in (True, False))
    if not fitted:
        same = "The same parameters hold for all weeks; what" if len(weeks) > 1 else "What"
        return f"{same} was fitted to {_numbered(there)} is not used."
    if not others and len(weeks) > 1:
        return "Every week goes by what was fitted to it."
    goes = "go by what was fitted to each" if len(fitted) > 1 else "goes by what was fitted to it"
    values = ", ".join(f"{name} {chosen.parameters[name]:g}" for name in PARAMETERS)
    rest = f", {_numbered(others)} by {values}" if others else ""
    return f"{_numbered(fitted).capitalize()} {goes}{rest}."


def _numbered(weeks: Collection[int]) -> str:
    return f"week{'' if len(weeks) == 1 else 's'} {', '.join(map(str, weeks))}"


def choice_from_text(text: str, fits: Mapping[int, Values] = NO_FITS) -> RuleChoice:
    """Read a choice as it is typed: ``rule`` or ``rule:parameter=number,parameter=number``.

    Weeks in `fits` go by them, as in `with_fits`, unless one of the parameters that are fitted is typed: that one holds for all weeks, and
    so do the others.

    Raises
    ------
    UnknownRuleError, RuleParameterError
        As `choice`; or a parameter is not written so.

    Examples
    --------
    >>> choice_from_text("n_of_mastery:n=3,threshold=0.6").parameters["n"]
    3
    """
    name, _, given = text.partition(":")
    parameters = parameters_from_text(given.split(",") if given.strip() else ())
    chosen = choice(name.strip(), parameters)
    return chosen if set(parameters) & set(PARAMETERS) else with_fits(chosen, fits)


def parameters_from_text(texts: Iterable[str]) -> dict[str, float]:
    """Read parameters as they are typed: each ``name=number``.

    Raises
    ------
    RuleParameterError
        One of them is not written so, or is given twice.

    Examples
    --------
    >>> parameters_from_text(["w=0.7"])
    {'w': 0.7}
    """
    parameters: dict[str, float] = {}
    for text in texts:
        name, _, number = (part.strip() for part in text.partition("="))
        try:
            value = float(number)
        except ValueError:
            message = f"A parameter is written as name=number, such as w=0.7, not {text.strip()!r}."
            raise RuleParameterError(message) from None
        if name in parameters:
            message = f"The parameter {name} is given twice; give it once."
            raise RuleParameterError(message)
        parameters[name] = value
    return parameters


def rule_told(name: str, parameters: Mapping[str, float | str]) -> str:
    """Name a rule with its parameters, as they are typed; words stand where there is no one value.

    Examples
    --------
    >>> rule_told("weighted_average", {"w": 0.7, "mastery_threshold": 0.8})
    'rule weighted_average (w=0.7, mastery_threshold=0.8)'
    """
    told = {parameter: value if isinstance(value, str) else f"{value:g}" for parameter, value in parameters.items()}
    return f"rule {name} ({', '.join(f'{parameter}={value}' for parameter, value in told.items())})"
