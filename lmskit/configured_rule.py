"""A mastery rule with its parameters: what a course is configured with, what is stored beside a value, and what a figure names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from lmskit.thresholds import MASTERY_THRESHOLD, REMEDIAL_THRESHOLD

BY_WEEK = "by week"
"""Shown instead of the value of a parameter that differs between the weeks."""


@dataclass(frozen=True)
class ConfiguredRule:
    """The name of a mastery rule with a value for each of its parameters; hashable, and equal where name and values are.

    It is plain data. `lmskit.analytics.rules` makes one from a name and some parameters, checks them and adds the defaults.

    Attributes
    ----------
    name
        Of the rule, a key of `lmskit.analytics.rules.RULES`.
    parameters
        Values by name, for every week that is not in `of_week`.
    of_week
        By week: all values of a week that has its own, such as those fitted to it.

    Examples
    --------
    >>> rule = ConfiguredRule("bkt", {"prior": 0.3, "learn": 0.2}, {2: {"prior": 0.6, "learn": 0.2}})
    >>> rule.in_week(2).parameters["prior"], rule.in_week(1).parameters["prior"]
    (0.6, 0.3)
    """

    name: str
    parameters: Mapping[str, float]
    of_week: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Copy the mappings, so that nothing changes them later."""
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "of_week", MappingProxyType({week: MappingProxyType(dict(own)) for week, own in self.of_week.items()}))

    def __hash__(self) -> int:
        return hash((self.name, frozenset(self.parameters.items()), frozenset(self.of_week)))

    @property
    def thresholds(self) -> dict[str, float]:
        """The mastery threshold and the remedial threshold, by name; the usual ones where the parameters lack them."""
        return {
            "mastery_threshold": self.parameters.get("mastery_threshold", MASTERY_THRESHOLD),
            "remedial_threshold": self.parameters.get("remedial_threshold", REMEDIAL_THRESHOLD),
        }

    def in_week(self, week: int) -> ConfiguredRule:
        """The same rule with the values that hold in one week, for that week alone."""
        return ConfiguredRule(self.name, self.of_week.get(week, self.parameters)) if self.of_week else self

    def in_weeks(self, weeks: Collection[int]) -> ConfiguredRule:
        """The same rule for some weeks alone: without the values of other weeks, and without those that are the same in all of them.

        Examples
        --------
        >>> rule = ConfiguredRule("bkt", {"prior": 0.3, "learn": 0.2}, {2: {"prior": 0.6, "learn": 0.2}})
        >>> dict(rule.in_weeks([2]).parameters), dict(rule.in_weeks([2]).of_week)
        ({'prior': 0.6, 'learn': 0.2}, {})
        """
        general = next((self.parameters for week in weeks if week not in self.of_week), None)
        if general is None:
            general = next((self.of_week[week] for week in weeks), self.parameters)
        own = {week: self.of_week[week] for week in weeks if self.of_week.get(week, general) != general}
        return replace(self, parameters=general, of_week=own)

    def parameter_texts(self) -> dict[str, str]:
        """The values of the parameters as text, `BY_WEEK` where they differ between the weeks.

        Examples
        --------
        >>> ConfiguredRule("bkt", {"prior": 0.3, "learn": 0.2}, {2: {"prior": 0.6, "learn": 0.2}}).parameter_texts()
        {'prior': 'by week', 'learn': '0.2'}
        """
        return {
            name: f"{value:g}" if all(own.get(name) == value for own in self.of_week.values()) else BY_WEEK
            for name, value in self.parameters.items()
        }

    def describe(self) -> str:
        """Name the rule with its parameters as they are typed.

        Examples
        --------
        >>> ConfiguredRule("weighted_average", {"w": 0.7, "mastery_threshold": 0.8}).describe()
        'rule weighted_average (w=0.7, mastery_threshold=0.8)'
        """
        return f"rule {self.name} ({', '.join(f'{name}={text}' for name, text in self.parameter_texts().items())})"
