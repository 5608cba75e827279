"""The mastery rules: how a student's scores on a topic become one value.

`RULES` has every rule by its name. A new rule is a function, its `Rule`, and an entry in `RULES`; no other module uses a rule by name.
`configured` completes a rule's parameters; the `ConfiguredRule` it returns is what the rest of lmskit passes on.
"""

from lmskit.analytics.rules.catalogue import (
    NO_FITS,
    RULES,
    configured,
    configured_from_text,
    describe_weeks,
    parameters_from_text,
    rule_named,
    with_fits,
)
from lmskit.analytics.rules.evidence import Evidence, evidence_from
from lmskit.analytics.rules.right_or_wrong import CORRECT_FROM, DEFAULT_CORRECT_FROM
from lmskit.analytics.rules.rule import Estimates, Parameter, Rule, Values
from lmskit.configured_rule import ConfiguredRule

__all__ = [
    "CORRECT_FROM",
    "DEFAULT_CORRECT_FROM",
    "NO_FITS",
    "RULES",
    "ConfiguredRule",
    "Estimates",
    "Evidence",
    "Parameter",
    "Rule",
    "Values",
    "configured",
    "configured_from_text",
    "describe_weeks",
    "evidence_from",
    "parameters_from_text",
    "rule_named",
    "with_fits",
]
