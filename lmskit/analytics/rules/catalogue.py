"""All rules by name, and rules with their parameters, made from what a person typed or a course has stored.

References
----------
Canvas LMS (outcome calculation methods): average, highest, latest, weighted_average, decaying_average, n_of_mastery. Kolibri
(mastery models): m_of_n. Khan Academy, "How do Khan Academy's Mastery levels work?" and, for the points of the levels and for what
lowers them, "What are Course and Unit Mastery?": khan. Corbett and Anderson (1995), Knowledge tracing: bkt.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from lmskit.analytics.rules.canvas_rules import AVERAGE, DECAYING_AVERAGE, HIGHEST, LATEST, N_OF_MASTERY, WEIGHTED_AVERAGE
from lmskit.analytics.rules.knowledge_tracing import BKT
from lmskit.analytics.rules.right_or_wrong import KHAN, M_OF_N
from lmskit.analytics.rules.rule import Rule, Values
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import RuleParameterError, UnknownRuleError
from lmskit.limits import LONGEST_CODE

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.name: rule for rule in (AVERAGE, HIGHEST, LATEST, WEIGHTED_AVERAGE, DECAYING_AVERAGE, N_OF_MASTERY, M_OF_N, KHAN, BKT)}
)
"""Every rule by its name."""

NO_FITS: Mapping[int, Values] = MappingProxyType({})
"""The fits of a course for which nothing was fitted."""


def rule_named(name: str) -> Rule:
    """Find a rule.

    Raises
    ------
    UnknownRuleError
        No rule has this name; the message lists the rules.
    """
    if name in RULES:
        return RULES[name]
    near = difflib.get_close_matches(str(name)[:LONGEST_CODE], RULES, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    message = f"There is no mastery rule {reprlib.repr(name)}.{hint} The rules are {', '.join(RULES)}."
    raise UnknownRuleError(message)


def configured(name: str, parameters: Mapping[str, object] | None = None) -> ConfiguredRule:
    """Find a rule and complete its parameters with the defaults.

    Raises
    ------
    UnknownRuleError, RuleParameterError
        There is no such rule, or it does not take these parameters.

    Examples
    --------
    >>> dict(configured("decaying_average", {"w": 0.7}).parameters)
    {'w': 0.7, 'mastery_threshold': 0.8, 'remedial_threshold': 0.5}
    """
    return rule_named(name).configured(parameters)


def with_fits(rule: ConfiguredRule, fits: Mapping[int, Values]) -> ConfiguredRule:
    """Use the parameters fitted to each week, as a refresh does; a rule that takes no fits is returned as it is.

    Parameters
    ----------
    rule
        With the parameters for the weeks without a usable fit.
    fits
        By week: the fitted parameters, and the parameters that the fit was made with, such as `correct_from`. A fit that was made
        with other values than those of the rule was made to other answers, and is not used.

    Examples
    --------
    >>> fit = {"prior": 0.6, "learn": 0.1, "guess": 0.3, "slip": 0.05, "forget": 0.0, "correct_from": 1.0}
    >>> fitted = with_fits(configured("bkt"), {1: fit, 2: fit | {"correct_from": 0.5}})
    >>> fitted.of_week[1]["prior"], 2 in fitted.of_week
    (0.6, False)
    """
    names = rule_named(rule.name).fitted
    if not names:
        return rule
    usable = {week: fit for week, fit in fits.items() if all(rule.parameters[name] == fit[name] for name in fit if name not in names)}
    return replace(rule, of_week={week: {**rule.parameters, **fit} for week, fit in usable.items()})


def describe_weeks(rule: ConfiguredRule, fits: Mapping[int, Values], weeks: Collection[int]) -> str:
    """Describe which of these weeks use parameters that were fitted to them; empty if nothing was fitted to any of them.

    Examples
    --------
    >>> fit = {"prior": 0.6, "learn": 0.1, "guess": 0.3, "slip": 0.05, "forget": 0.0, "correct_from": 1.0}
    >>> describe_weeks(with_fits(configured("bkt"), {1: fit, 3: fit}), {1: fit, 3: fit}, [1, 2, 3, 4])
    'Weeks 1, 3 use the parameters fitted to each, weeks 2, 4 use prior 0.3, learn 0.2, guess 0.2, slip 0.1, forget 0.'
    >>> describe_weeks(configured("bkt"), {1: fit, 3: fit}, [1, 2, 3, 4])
    'All weeks use the same parameters; those fitted to weeks 1, 3 are not used.'
    """
    names = rule_named(rule.name).fitted
    with_a_fit = [week for week in weeks if week in fits]
    if not names or not with_a_fit:
        return ""
    fitted, others = ([week for week in weeks if (week in rule.of_week) is own] for own in (True, False))
    if not fitted:
        if len(weeks) == 1:
            return f"The parameters fitted to {_list_weeks(with_a_fit)} are not used."
        return f"All weeks use the same parameters; those fitted to {_list_weeks(with_a_fit)} are not used."
    if not others and len(weeks) > 1:
        return "Every week uses the parameters fitted to it."
    verb = "use the parameters fitted to each" if len(fitted) > 1 else "uses the parameters fitted to it"
    values = ", ".join(f"{name} {rule.parameters[name]:g}" for name in names)
    rest = f", {_list_weeks(others)} {'use' if len(others) > 1 else 'uses'} {values}" if others else ""
    return f"{_list_weeks(fitted).capitalize()} {verb}{rest}."


def _list_weeks(weeks: Collection[int]) -> str:
    return f"week{'' if len(weeks) == 1 else 's'} {', '.join(map(str, weeks))}"


def configured_from_text(text: str, fits: Mapping[int, Values] = NO_FITS) -> ConfiguredRule:
    """Read a rule with its parameters as a person types them: ``rule`` or ``rule:parameter=number,parameter=number``.

    Weeks with a usable fit use it, as in `with_fits`, unless one of the fitted parameters is typed: then all weeks use the same
    parameters.

    Raises
    ------
    UnknownRuleError, RuleParameterError
        As `configured`; or a parameter is not written so.

    Examples
    --------
    >>> configured_from_text("n_of_mastery:n=3,threshold=0.6").parameters["n"]
    3
    """
    name, _, given = text.partition(":")
    parameters = parameters_from_text(given.split(",") if given.strip() else ())
    rule = configured(name.strip(), parameters)
    return rule if set(parameters) & set(RULES[rule.name].fitted) else with_fits(rule, fits)


def parameters_from_text(texts: Iterable[str]) -> dict[str, float]:
    """Read parameters as a person types them: each ``name=number``.

    Raises
    ------
    RuleParameterError
        A parameter is not written so, or is given twice.

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
