"""A rule together with its parameters: what a course chooses, and what choices are compared by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lmskit.analytics.rule import Rule
from lmskit.analytics.rules import rule_named
from lmskit.errors import RuleParameterError


@dataclass(frozen=True)
class RuleChoice:
    """A rule, and a value for each of its parameters."""

    rule: Rule
    parameters: Mapping[str, float]

    @property
    def named(self) -> tuple[str, Mapping[str, float]]:
        """The rule's name and the parameters, as charts take them."""
        return self.rule.name, self.parameters


def choice(name: str, parameters: Mapping[str, object] | None = None) -> RuleChoice:
    """Choose a rule; parameters that are not given have their defaults.

    Raises
    ------
    UnknownRuleError, RuleParameterError
        There is no such rule, or it does not take these parameters.

    Examples
    --------
    >>> choice("decaying_average", {"w": 0.7}).named
    ('decaying_average', {'w': 0.7, 'mastery_threshold': 0.8, 'remedial_threshold': 0.5})
    """
    rule = rule_named(name)
    return RuleChoice(rule, rule.resolve(parameters or {}))


def choice_from_text(text: str) -> RuleChoice:
    """Read a choice as it is typed: ``rule`` or ``rule:parameter=number,parameter=number``.

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
    return choice(name.strip(), parameters_from_text(given.split(",") if given.strip() else ()))


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


def rule_told(name: str, parameters: Mapping[str, float]) -> str:
    """Name a rule with its parameters, as they are typed.

    Examples
    --------
    >>> rule_told("weighted_average", {"w": 0.7, "mastery_threshold": 0.8})
    'rule weighted_average (w=0.7, mastery_threshold=0.8)'
    """
    return f"rule {name} ({', '.join(f'{parameter}={value:g}' for parameter, value in parameters.items())})"
