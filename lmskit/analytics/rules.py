"""The rules of mastery: how a student's scores on a topic become one value.

A rule is one entry of `RULES`: a name, parameters with ranges, a sentence that explains it, and a function from all evidence at
once to one value per (student, week). A new rule is a function and an entry; nothing else knows the rules by name.
"""

from __future__ import annotations

import difflib
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.errors import RuleParameterError, UnknownRuleError
from lmskit.thresholds import MASTERY_THRESHOLD, REMEDIAL_THRESHOLD, SLACK, check_thresholds

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.evidence import Evidence

    Floats: TypeAlias = npt.NDArray[np.float64]


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
        number = float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_) else float("nan")
        if not self.low <= number <= self.high or (self.whole and not number.is_integer()):  # NaN is in no range
            kind = "a whole number" if self.whole else "a number"
            message = f"The parameter {self.name} of the rule {rule} is {kind} from {self.low:g} to {self.high:g}, not {value!r}."
            raise RuleParameterError(message)
        return int(number) if self.whole else number


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


RuleFunction: TypeAlias = Callable[["Evidence", Mapping[str, float]], Outcome]


@dataclass(frozen=True)
class Rule:
    """One way from scores to a mastery value."""

    name: str
    explanation: str
    function: RuleFunction
    parameters: tuple[Parameter, ...]
    has_interval: bool = True

    def resolve(self, given: Mapping[str, object]) -> dict[str, float]:
        """Complete the given parameters with the defaults, in the order the rule declares them.

        This is what is stored beside a value: the rule and these numbers reproduce it.

        Raises
        ------
        RuleParameterError
            The rule has no such parameter, or a value is out of range.

        Examples
        --------
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
        return {name: values[name] for name in known}


def rule_named(name: str) -> Rule:
    """Find a rule.

    Raises
    ------
    UnknownRuleError
        No rule has this name; it says which there are.
    """
    if name in RULES:
        return RULES[name]
    near = difflib.get_close_matches(str(name), RULES, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    message = f"There is no mastery rule {name!r}.{hint} The rules are {', '.join(RULES)}."
    raise UnknownRuleError(message)


def _average(evidence: Evidence, _: Mapping[str, float]) -> Outcome:
    return Outcome(evidence.sums(evidence.fraction) / evidence.n, evidence.n.astype(np.float64))


def _highest(evidence: Evidence, _: Mapping[str, float]) -> Outcome:
    value = np.maximum.reduceat(evidence.fraction, evidence.start) if len(evidence.start) else np.empty(0)
    return Outcome(value, np.full(len(value), np.nan))


def _latest(evidence: Evidence, _: Mapping[str, float]) -> Outcome:
    value = evidence.fraction[evidence.start + evidence.n - 1]
    return Outcome(value, np.ones(len(value)))


def _weighted_average(evidence: Evidence, parameters: Mapping[str, float]) -> Outcome:
    w = parameters["w"]
    age, n = evidence.age(), evidence.n
    newest = evidence.fraction[evidence.start + n - 1]
    older = evidence.sums(np.where(age == 0, 0.0, evidence.fraction))  # not sum - newest: that would cancel
    earlier = np.maximum(n - 1, 1)
    single = n == 1
    value = np.where(single, newest, w * newest + (1 - w) * older / earlier)
    return Outcome(value, np.where(single, 1.0, 1 / (w**2 + (1 - w) ** 2 / earlier)))


def _decaying_average(evidence: Evidence, parameters: Mapping[str, float]) -> Outcome:
    # d(k) written out: the newest weighs w, the one before w·q, then w·q², …, and the oldest q^(k-1), with q = 1 - w. Each weight
    # comes from a table of powers, so nothing is carried along a long sequence that could drift.
    q, n = 1 - parameters["w"], evidence.n
    age = evidence.age()
    longest = int(n.max(initial=1))
    with np.errstate(under="ignore"):
        power = q ** np.arange(longest, dtype=np.float64)
        weight = parameters["w"] * power[age]
        weight[evidence.start] = power[n - 1]
        value, squares = evidence.sums(weight * evidence.fraction), evidence.sums(weight**2)
    return Outcome(value, evidence.sums(weight) ** 2 / squares)


def _n_of_mastery(evidence: Evidence, parameters: Mapping[str, float]) -> Outcome:
    meets = evidence.fraction >= parameters["threshold"] - SLACK
    kept = evidence.sums(meets.astype(np.float64))
    total = evidence.sums(np.where(meets, evidence.fraction, 0.0))
    value = np.where(kept >= parameters["n"], total / np.maximum(kept, 1), np.nan)
    return Outcome(value, np.full(len(value), np.nan))


_THRESHOLDS = (
    Parameter("mastery_threshold", 0, 1, "a value of at least this is mastered", default=MASTERY_THRESHOLD),
    Parameter("remedial_threshold", 0, 1, "a value below this is remedial", default=REMEDIAL_THRESHOLD),
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            Rule("average", "The mean of all scores.", _average, _THRESHOLDS),
            Rule("highest", "The best score.", _highest, _THRESHOLDS, has_interval=False),
            Rule("latest", "The newest score.", _latest, _THRESHOLDS),
            Rule(
                "weighted_average",
                "The newest score with weight w, the mean of all earlier scores with the rest.",
                _weighted_average,
                (Parameter("w", 0.01, 0.99, "weight of the newest score", default=0.65), *_THRESHOLDS),
            ),
            Rule(
                "decaying_average",
                "A running mean in which each new score has weight w and all before it together the rest.",
                _decaying_average,
                (Parameter("w", 0.50, 0.99, "weight of each new score", default=0.65), *_THRESHOLDS),
            ),
            Rule(
                "n_of_mastery",
                "The mean of the scores that meet the threshold, once there are n of them.",
                _n_of_mastery,
                (
                    Parameter("n", 1, 10, "how many scores must meet the threshold", default=5, whole=True),
                    Parameter("threshold", 0, 1, "a score of at least this counts", default_from="mastery_threshold"),
                    *_THRESHOLDS,
                ),
                has_interval=False,
            ),
        )
    }
)
"""Every rule by its name."""
