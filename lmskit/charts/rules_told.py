"""How figures that compare rules name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from lmskit.charts import theme
from lmskit.charts.labels import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Rules: TypeAlias = "Sequence[tuple[str, Mapping[str, float | str]]]"
"""Name and parameters of each rule compared, in the order in which the tables count them from 1; words where there is no one value."""


def rules_told(rules: Rules, note: str) -> str:
    """Name every rule with its parameters, each on its line, before a note."""
    return "<br>".join([*(f"{number} {theme.rule_text(*one)}" for number, one in enumerate(rules, start=1)), note])


def rule_words(name: str) -> str:
    """Write the name of a rule as a label.

    Examples
    --------
    >>> rule_words("weighted_average")
    'weighted average'
    """
    return plain(name).replace("_", " ")


def rule_line(one: tuple[str, Mapping[str, float | str]]) -> str:
    """Name a rule with its parameters in a table, where it is text as it stands.

    Examples
    --------
    >>> rule_line(("latest", {"mastery_threshold": 0.8}))
    'latest (mastery threshold 0.8)'
    """
    return theme.rule_text(*one).removeprefix("Rule: ")
