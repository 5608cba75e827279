"""What a mastery rule is: a name, parameters with their ranges, a sentence that describes it, and a function of the evidence."""

from __future__ import annotations

import numbers
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import RuleParameterError
from lmskit.limits import LONGEST_TITLE
from lmskit.readable import bounded
from lmskit.rounding import count_text
from lmskit.thresholds import MASTERY_THRESHOLD, REMEDIAL_THRESHOLD, check_thresholds

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.rules.evidence import Evidence

    Floats: TypeAlias = npt.NDArray[np.float64]

Values: TypeAlias = Mapping[str, float]
"""A value for each parameter of a rule, by its name."""


@dataclass(frozen=True)
class Parameter:
    """A number that a rule can be tuned by.

    `default` None means: the value of another parameter of the same rule, `default_from`.
    """

    name: str
    low: float
    high: float
    meaning: str
    default: float | None = None
    default_from: str = ""
    whole: bool = False

    def check(self, value: object, *, rule: str) -> float:
        """Refuse what is not a number in the range; return it as int or float."""
        number = _number(value)
        if not self.low <= number <= self.high or (self.whole and not number.is_integer()):  # NaN is in no range
            kind = "a whole number" if self.whole else "a number"
            message = (
                f"The parameter {self.name} of the rule {rule} is {kind} from {self.low:g} to {self.high:g}, not {reprlib.repr(value)}."
            )
            raise RuleParameterError(message)
        return int(number) if self.whole else number


def _number(value: object) -> float:
    """A stored value as a float; NaN if it is not a number, or too large for a float."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool | np.bool_):
        return float("nan")
    try:
        return float(value)
    except OverflowError:
        return float("nan")


def threshold_parameters(*, mastery: float = MASTERY_THRESHOLD, remedial: float = REMEDIAL_THRESHOLD) -> tuple[Parameter, Parameter]:
    """The two parameters that every rule has, with the defaults that suit its values."""
    return (
        Parameter("mastery_threshold", 0, 1, "a value of at least this is mastered", default=mastery),
        Parameter("remedial_threshold", 0, 1, "a value below this is remedial", default=remedial),
    )


@dataclass(frozen=True)
class Estimates:
    """What a rule computes from the evidence, one entry per (student, week).

    Attributes
    ----------
    value
        0 to 1; NaN where there is too little evidence for a value.
    weight
        m = (Σw)²/Σw² of the weights the rule gave the units of evidence; NaN where the rule has no interval.
    """

    value: Floats
    weight: Floats

    @classmethod
    def without_interval(cls, value: Floats) -> Estimates:
        """Values of a rule that gives its units of evidence no weights."""
        return cls(value, np.full(len(value), np.nan))


def _any_combination(_: Values) -> None:
    """No combination of parameters is refused."""


def _explain_by_count(evidence: Evidence, _: Values) -> list[str]:
    return [f"from {count_text(n, 'score')}" for n in evidence.n]


@dataclass(frozen=True, eq=False)
class Rule:
    """A way from scores to a mastery value.

    Attributes
    ----------
    name
        As it is chosen and stored.
    description
        One sentence for lecturers.
    function
        From all evidence at once, and a value for every parameter, to one value per (student, week).
    parameters
        In the order in which they are shown.
    no_interval
        Why the rule has no interval, as one sentence; empty if it has one.
    needs
        The optional columns of scores that the rule reads, of `lmskit.analytics.rules.evidence.OPTIONAL`.
    fitted
        Names of the parameters that can be fitted to the answers of each week; empty for a rule that takes no fits.
    check
        Raises RuleParameterError where parameters, each in its range, contradict each other.
    explain
        From evidence and parameters, as `function`, to a few words for each (student, week): what the value is computed from, in numbers.
    """

    name: str
    description: str
    function: Callable[[Evidence, Values], Estimates]
    parameters: tuple[Parameter, ...]
    no_interval: str = ""
    needs: frozenset[str] = frozenset()
    fitted: tuple[str, ...] = ()
    check: Callable[[Values], None] = _any_combination
    explain: Callable[[Evidence, Values], list[str]] = _explain_by_count

    @property
    def has_interval(self) -> bool:
        """Whether a value of this rule has an interval."""
        return not self.no_interval

    @property
    def takes_fits(self) -> bool:
        """Whether parameters of this rule can be fitted to each week."""
        return bool(self.fitted)

    def configured(self, given: Mapping[str, object] | None = None) -> ConfiguredRule:
        """Complete the given parameters with the defaults, in the order the rule declares them.

        The rule's name and these numbers are stored beside a value, so that it can be reproduced.

        Raises
        ------
        RuleParameterError
            The rule has no such parameter, or a value is out of range, or two of them contradict each other.

        Examples
        --------
        >>> from lmskit.analytics.rules import RULES
        >>> dict(RULES["weighted_average"].configured({"w": 0.7}).parameters)
        {'w': 0.7, 'mastery_threshold': 0.8, 'remedial_threshold': 0.5}
        """
        given = given or {}
        known = [parameter.name for parameter in self.parameters]
        unknown = [name for name in given if name not in known]
        if unknown:
            named = bounded(", ".join(unknown), LONGEST_TITLE)
            message = f"The rule {self.name} has no parameter {named}; it has {', '.join(known)}."
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
        return ConfiguredRule(self.name, {name: values[name] for name in known})
