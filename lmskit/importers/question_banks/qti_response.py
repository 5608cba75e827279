"""How an item of QTI 2 or 3 scores the response to its interaction: the right response, and the points that it earns.

Response processing is read if it is one of the templates by name, or one rule that gives points for the right response, as
authors write it out where no template fits: `match` and `equal` with a tolerance, and the sum of mapped values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.question_banks.answers import number_in
from lmskit.importers.question_banks.bank import UnmappedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmskit.importers.question_banks.bank import Draft
    from lmskit.importers.xml_file import XmlElement

TEMPLATES = ("match_correct", "map_response")
"""Response processing by name: all or nothing, and the sum of mapped values."""
TO_PER_CENT = 100


@dataclass(frozen=True, slots=True)
class ResponseDeclaration:
    """What an item declares about the response to its interaction."""

    identifier: str
    base: str
    cardinality: str
    correct: tuple[str, ...]
    mapping: Mapping[str, float]
    default: float
    upper: float | None
    tolerance: float = 0.0
    """By how much a number may differ from the right one."""


def response_of(item: XmlElement, identifier: str) -> ResponseDeclaration:
    """Return what an item declares about the response of this identifier."""
    declared = next((declaration for declaration in item.below("responseDeclaration") if declaration.get("identifier") == identifier), None)
    if declared is None:
        raise UnmappedError("does not declare the response to its interaction")
    correct = declared.child("correctResponse")
    mapping = declared.child("mapping")
    entries = [] if mapping is None else list(mapping.below("mapEntry"))
    upper = None if mapping is None else mapping.get("upperBound")
    values = () if correct is None else tuple(_value(value.whole_text()) for value in correct.below("value"))
    return ResponseDeclaration(
        identifier=identifier,
        base=declared.get("baseType", ""),
        cardinality=declared.get("cardinality", "single"),
        correct=values,
        mapping={_value(entry.get("mapKey", "")): number_in(entry.get("mappedValue", "")) for entry in entries},
        default=0.0 if mapping is None else number_in(mapping.get("defaultValue", "0")),
        upper=None if upper is None else number_in(upper),
        tolerance=_tolerance(_equal(item, identifier), values) or 0.0,
    )


def points_of(draft: Draft, item: XmlElement, response: ResponseDeclaration) -> float:
    """Return the points for the right response; without response processing those that the item declares, or 1."""
    processing = item.child("responseProcessing")
    template = "" if processing is None else processing.get("template", "").rpartition("/")[2].removesuffix(".xml")
    declared = _declared_maximum(item)
    if template == "map_response" and response.mapping:
        best = _best(response)
        if best <= 0:
            raise UnmappedError("earns no points for any answer")
        return best
    if template == "match_correct":
        return 1.0
    if processing is not None and (len(processing) or template not in {"", *TEMPLATES}):
        given = _given(processing, response, declared)
        if given is not None:
            return given
        draft.warn("has response processing of its own, which is not read")
    return 1.0 if declared is None else declared


def right_values(response: ResponseDeclaration) -> list[str]:
    """Return the right values; without a correct response those that are mapped to points."""
    if response.correct:
        return list(dict.fromkeys(response.correct))
    best = max(response.mapping.values(), default=0.0)
    single = response.cardinality == "single"
    return [value for value, earned in response.mapping.items() if earned > 0 and (not single or earned == best)]


def _declared_maximum(item: XmlElement) -> float | None:
    for outcome in item.below("outcomeDeclaration"):
        default = outcome.child("defaultValue", "value")
        if outcome.get("identifier") == "MAXSCORE" and default is not None:
            return number_in(default.whole_text())
        if outcome.get("identifier") == "SCORE" and outcome.get("normalMaximum"):
            return number_in(outcome.get("normalMaximum", ""))
    return None


def _best(response: ResponseDeclaration) -> float:
    """Return the points of the right response by the mapping."""
    values = [response.mapping.get(value, response.default) for value in dict.fromkeys(response.correct)]
    if not values:
        values = [value for value in response.mapping.values() if value > 0]
    total = max(values, default=0.0) if response.cardinality == "single" else sum(values)
    return total if response.upper is None else min(total, response.upper)


def _given(processing: XmlElement, response: ResponseDeclaration, declared: float | None) -> float | None:
    """Return the points for the right response by a rule that is written out; None if it is another rule than is read."""
    rules = list(processing.below())
    if len(rules) != 1 or rules[0].local != "responseCondition":
        return _score(rules, response, declared)
    branches = list(rules[0].below())
    right, *others = branches or [rules[0]]
    if right.local != "responseIf" or not _is_right(right, response):
        return None
    if any(other.local != "responseElse" or _score(list(other.below()), response, declared) != 0 for other in others):
        return None
    return _score(list(right.below())[1:], response, declared)


def _is_right(branch: XmlElement, response: ResponseDeclaration) -> bool:
    """Whether the right response takes a branch, and no other but a number within a tolerance that is read."""
    test = next(iter(branch.below()), None)
    if test is None or test.local not in {"match", "equal"} or _tolerance(test, response.correct) is None:
        return False
    sides = {(side.local, side.get("identifier")) for side in test.below()}
    return sides == {("variable", response.identifier), ("correct", response.identifier)}


def _score(rules: Sequence[XmlElement], response: ResponseDeclaration, declared: float | None) -> float | None:
    """Return what rules that set outcomes set the score to for the right response; None if they do not, or do something else."""
    scores = [rule for rule in rules if rule.get("identifier") == "SCORE"]
    if len(scores) != 1 or any(rule.local != "setOutcomeValue" for rule in rules):
        return None
    value = next(iter(scores[0].below()), None)
    return None if value is None else _worth(value, response, declared)


def _worth(value: XmlElement, response: ResponseDeclaration, declared: float | None) -> float | None:
    if value.local == "baseValue":
        return number_in(value.whole_text())
    if value.local == "variable" and value.get("identifier") == "MAXSCORE":
        return declared
    if value.local == "mapResponse":
        return _best(response)
    if value.local == "product":
        factors = [_worth(factor, response, declared) for factor in value.below()]
        return None if None in factors else math.prod(factor for factor in factors if factor is not None)
    return None


def _equal(item: XmlElement, identifier: str) -> XmlElement | None:
    """The element by which an item compares a response with a number."""
    tests = () if (processing := item.child("responseProcessing")) is None else processing.everywhere("equal")
    return next((test for test in tests if any(side.get("identifier") == identifier for side in test.below("variable"))), None)


def _tolerance(test: XmlElement | None, correct: Sequence[str]) -> float | None:
    """Return by how much a number may differ from the right one; None if one side may differ by more, or not by all of it."""
    mode = "exact" if test is None else test.get("toleranceMode", "exact")
    if test is None or mode == "exact":
        return 0.0
    sides = set(test.get("tolerance", "").split())
    if len(sides) != 1 or "false" in {test.get("includeLowerBound"), test.get("includeUpperBound")}:
        return None
    try:
        tolerance = number_in(sides.pop())
        return tolerance if mode == "absolute" else abs(number_in(correct[0])) * tolerance / TO_PER_CENT
    except (UnmappedError, IndexError):
        return None


def _value(text: str) -> str:
    return " ".join(text.split())
