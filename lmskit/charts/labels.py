"""Texts in figures: escaped labels, rules with their parameters, values with their intervals."""

from __future__ import annotations

import html
import unicodedata
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.readable import DIRECTIONS
from lmskit.rounding import number_text
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.configured_rule import ConfiguredRule

ELLIPSIS = "…"

LEVEL_LETTERS = {Level.MASTERED: "M", Level.DEVELOPING: "D", Level.REMEDIAL: "R", Level.NOT_ASSESSED: "–"}
LEVEL_WORDS = {Level.MASTERED: "mastered", Level.DEVELOPING: "developing", Level.REMEDIAL: "remedial", Level.NOT_ASSESSED: "not assessed"}
LEVEL_LABELS = {level: f"{LEVEL_LETTERS[level]} {LEVEL_WORDS[level]}" for level in Level}
LEVEL_HEADINGS = {level: LEVEL_WORDS[level].capitalize() for level in Level}

Rules: TypeAlias = "Sequence[ConfiguredRule]"
"""The rules that are compared, numbered from 1 in tables."""


def plain(text: object, width: int | None = None) -> str:
    """Make a label that shows any text as it is: plotly would interpret some HTML, entities and formulas.

    Control characters, line breaks and characters that reverse the writing direction become spaces; HTML and ``$`` (a formula, if
    MathJax is loaded) are escaped.

    Parameters
    ----------
    text
        A name, a title, a topic.
    width
        The most characters; a longer text is cut and ends with an ellipsis.

    Examples
    --------
    >>> plain("<b>Ada</b> & co")
    '&lt;b&gt;Ada&lt;/b&gt; &amp; co'
    >>> plain("A very long name", width=7)
    'A very…'
    """
    kept = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} or DIRECTIONS.match(character) else character
        for character in str(text)
    )
    line = " ".join(kept.split())
    if width is not None and len(line) > width:
        line = line[: width - 1].rstrip() + ELLIPSIS
    return html.escape(line).replace("$", "&#36;")


def rule_name(name: str) -> str:
    """Write the name of a rule as a label.

    Examples
    --------
    >>> rule_name("weighted_average")
    'weighted average'
    """
    return plain(name).replace("_", " ")


def rule_text(rule: ConfiguredRule) -> str:
    """Write a rule with its parameters, as each figure does under its title.

    Examples
    --------
    >>> from lmskit.configured_rule import ConfiguredRule
    >>> rule_text(ConfiguredRule("weighted_average", {"w": 0.65, "mastery_threshold": 0.8}))
    'Rule: weighted average (w 0.65, mastery threshold 0.8)'
    >>> rule_text(ConfiguredRule("bkt", {"prior": 0.3, "forget": 0}, {2: {"prior": 0.6, "forget": 0}}))
    'Rule: bkt (prior by week, forget 0)'
    """
    return f"Rule: {rule_with_parameters(rule)}"


def rule_with_parameters(rule: ConfiguredRule) -> str:
    """Write a rule with its parameters, as a table does.

    Examples
    --------
    >>> from lmskit.configured_rule import ConfiguredRule
    >>> rule_with_parameters(ConfiguredRule("latest", {"mastery_threshold": 0.8}))
    'latest (mastery threshold 0.8)'
    """
    listed = ", ".join(f"{rule_name(name)} {text}" for name, text in rule.parameter_texts().items())
    return rule_name(rule.name) + (f" ({listed})" if listed else "")


def rule_captions(rules: Rules, note: str) -> str:
    """Write each rule with its parameters, numbered, on a line of its own, before a note."""
    return "<br>".join([*(f"{number} {rule_text(rule)}" for number, rule in enumerate(rules, start=1)), note])


def interval_text(low: float | None, high: float | None) -> str:
    """Write an interval.

    Examples
    --------
    >>> interval_text(0.5, 0.875), interval_text(float("nan"), None)
    ('0.50 to 0.88', 'none')
    """
    if low is None or high is None or low != low or high != high:  # noqa: PLR0124  # NaN is not itself
        return "none"
    return f"{number_text(low)} to {number_text(high)}"


def value_text(value: float, low: float, high: float) -> str:
    """Write a value, with its interval in brackets if it has one.

    Examples
    --------
    >>> value_text(0.17, -0.02, 0.3), value_text(0.17, float("nan"), float("nan"))
    ('0.17 (−0.02 to 0.30)', '0.17')
    """
    return number_text(value) + (f" ({interval_text(low, high)})" if np.isfinite(low) else "")
