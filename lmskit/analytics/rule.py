"""What a rule of mastery is: a name, parameters with their ranges, a sentence that explains it, and a function of the evidence."""

from __future__ import annotations

import numbers
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.errors import RuleParameterError
from lmskit.rounding import count_text
from lmskit.thresholds import MASTERY_THRESHOLD, REMEDIAL_THRESHOLD, check_thresholds

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.evidence import Evidence

    Floats: TypeAlias = npt.NDArray[np.float64]

Values: TypeAlias = Mapping[str, float]
"""A value for each parameter of a rule, by its name."""


@dataclass(frozen=True)
class Parameter:
    """One number a rule can be tuned by.

    `default` None means: as `default_from` names another parameter of the same rule, whatever that one is.
    """

    name: str
    low: float
    high: float
    meaning: str
    default: float | None = None
    default_from: str = ""
    whole: bool = False

    def check(self, value: object, *, rule: str) -> float:
        """Refuse what is no number in the range; return it as int or float."""
        number = _number(value)
        if not self.low <= number <= self.high or (self.whole and not number.is_integer()):  # NaN is in no range
            kind = "a whole number" if self.whole else "a number"
            message = (
                f"The parameter {self.name} of the rule {rule} is {kind} from {self.low:g} to {self.high:g}, not {reprlib.repr(value)}."
            )
            raise RuleParameterError(message)
        return int(number) if self.whole else number


def _number(value: object) -> float:
    """Take what somebody stored as a number; NaN where it is none, or none that a float can hold."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool | np.bool_):
        return float("nan")
    try:
        return float(value)
    except OverflowError:
        return float("nan")


def thresholds(*, mastery: float = MASTERY_THRESHOLD, remedial: float = REMEDIAL_THRESHOLD) -> tuple[Parameter, Parameter]:
    """The two parameters that every rule has, with the defaults that suit its values."""
    return (
        Parameter("mastery_threshold", 0, 1, "a value of at least this is mastered", default=mastery),
        Parameter("remedial_threshold", 0, 1, "a value below this is remedial", default=remedial),
    )


@dataclass(frozen=True)
class Outcome:
    """What a rule makes of the evidence, one entry per (student, week).

    Attributes
    ----------
    value
        0 to 1; NaN where the evidence does not suffice for a value.
    weight
        m = (Σw)²/Σw² of the weights the rule gave the units; NaN where the rule carries no interval.
    """

    value: Floats
    weight: Floats

    @classmethod
    def without_interval(cls, value: Floats) -> Outcome:
        """Values of a rule that gives its units no weights."""
        return cls(value, np.full(len(value), np.nan))


def _anything(_: Values) -> None:
    """No combination of parameters is refused."""


def _from_all(evidence: Evidence, _: Values) -> list[str]:
    return [f"from {count_text(n, 'score')}" for n in evidence.n]


@dataclass(frozen=True)
class Rule:
    """One way from scores to a mastery value.

    Attributes
    ----------
    name
        As it is chosen and stored.
    explanation
        One sentence for lecturers.
    function
        From all evidence at once, and a value for every parameter, to one value per (student, week).
    parameters
        In the order in which they are shown.
    no_interval
        Why the rule carries no interval, as one sentence; empty where it carries one.
    needs
        The columns of scores that the rule reads beyond those that every rule does, of `lmskit.analytics.evidence.FURTHER`.
    check
        Raises RuleParameterError where parameters, each in its range, do not go together.
    account
        From evidence and parameters, as `function`, to a few words for each (student, week): what the value comes from, in numbers.
    """

    name: str
    explanation: str
    function: Callable[[Evidence, Values], Outcome]
    parameters: tuple[Parameter, ...]
    no_interval: str = ""
    needs: frozenset[str] = frozenset()
    check: Callable[[Values], None] = _anything
    account: Callable[[Evidence, Values], list[str]] = _from_all

    @property
    def has_interval(self) -> bool:
        """Whether a value of this rule carries an interval."""
        return not self.no_interval

    def resolve(self, given: Mapping[str, object]) -> dict[str, float]:
        """Complete the given parameters with the defaults, in the order the rule declares them.

        This is what is stored beside a value: the rule and these numbers reproduce it.

        Raises
        ------
        RuleParameterError
            The rule has no such parameter, or a value is out of range, or two of them contradict each other.

        Examples
        --------
        >>> from lmskit.analytics.rules import RULES
        >>> RULES["weighted_average"].resolve({"w": 0.7})
        {'w': 0.7, 'mastery_threshold': 0.8, 'remedial_threshold': 0.5}
        """
        known = [parameter.name for parameter in self.parameters]
        unknown = [name for name in given if name not in known]
        if unknown:
            message = f"The rule {self.name} has no parameter {', '.join(unknown)}; it has {', '.join(known)}."
            raise RuleParameterError(message)
        values: dict[str, float] = {}
        for parameter in self.parameters:
            if parameter.name in given:
                values[parameter.name] = parameter.check(given[parameter.name], rule=self.name)
            elif parameter.default is not None:
                values[parameter.name] = parameter.default
        for parameter in self.parameters:
            if parameter.name not in values:
                values[parameter.name] = values[parameter.default_from]
        check_thresholds(values["mastery_threshold"], values["remedial_threshold"])
        self.check(values)
        return {name: values[name] for name in known}
