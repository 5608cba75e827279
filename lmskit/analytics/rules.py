"""The rules of mastery: how a student's scores on a topic become one value.

A rule is one entry of `RULES`. A new rule is a function, its `Rule`, and an entry here; nothing else knows the rules by name.

References
----------
Canvas LMS (outcome calculation methods): average, highest, latest, weighted_average, decaying_average, n_of_mastery. Kolibri
(mastery models): m_of_n. Khan Academy, "How do Khan Academy's Mastery levels work?" and, for the points of the levels and for what
lowers them, "What are Course and Unit Mastery?": khan. Corbett and Anderson (1995), Knowledge tracing: bkt.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping
from types import MappingProxyType

from lmskit.analytics.averages import AVERAGE, DECAYING_AVERAGE, LATEST, WEIGHTED_AVERAGE
from lmskit.analytics.order_statistics import HIGHEST, N_OF_MASTERY
from lmskit.analytics.right_or_wrong import KHAN, M_OF_N
from lmskit.analytics.rule import Outcome, Parameter, Rule
from lmskit.analytics.traced import BKT
from lmskit.errors import UnknownRuleError

__all__ = ["RULES", "Outcome", "Parameter", "Rule", "rule_named"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.name: rule for rule in (AVERAGE, HIGHEST, LATEST, WEIGHTED_AVERAGE, DECAYING_AVERAGE, N_OF_MASTERY, M_OF_N, KHAN, BKT)}
)
"""Every rule by its name."""


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
    message = f"There is no mastery rule {reprlib.repr(name)}.{hint} The rules are {', '.join(RULES)}."
    raise UnknownRuleError(message)
