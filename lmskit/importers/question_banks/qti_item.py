"""One item of QTI 2.1: its interaction, the response that is right, and what that earns.

An item with one of `READERS`' interactions becomes a question; any other interaction is named in the rejection. What an
item earns is the value of its right response where responses are mapped to values, and otherwise its declared maximum,
or 1. Response processing that an author wrote out is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.question_banks.answers import PARTIAL, PENALTY, UNEVEN, number_in
from lmskit.importers.question_banks.bank import Draft, UnmappedError
from lmskit.importers.question_banks.markup import TextBuilder
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lmskit.importers.xml_file import XmlElement

ITEM = "assessmentItem"
BLANK = "_____"
TEMPLATES = ("match_correct", "map_response")
"""Response processing by name: all or nothing, and the sum of mapped values."""
NOT_ASKED = frozenset({"feedbackBlock", "feedbackInline", "modalFeedback", "templateBlock", "templateInline", "stylesheet"})
NUMBERS = frozenset({"float", "integer"})
NO_KEY = "says no right response, so it has no key"
LEFT = 2
"""Sets of choices that a match has."""


@dataclass(frozen=True, slots=True)
class _Response:
    """What an item declares about the response to its interaction."""

    base: str
    cardinality: str
    correct: tuple[str, ...]
    mapping: Mapping[str, float]
    default: float
    upper: float | None


def draft_of(item: XmlElement, file: str) -> Draft:
    """Return an item as the draft of a question."""
    draft = Draft(file, item.line, item.get("identifier", "").strip() or item.get("title", "").strip())
    try:
        _fill(draft, item)
    except UnmappedError as error:
        draft.reason = str(error)
    return draft


def _fill(draft: Draft, item: XmlElement) -> None:
    body = item.child("itemBody")
    if body is None:
        raise UnmappedError("has no body")
    found = [element for element in body.iter() if isinstance(element, type(body)) and element.local.endswith("Interaction")]
    kinds = sorted({element.local for element in found})
    if not found:
        raise UnmappedError("has no interaction, so nothing is asked")
    if unknown := [kind for kind in kinds if kind not in READERS]:
        raise UnmappedError(f"asks by {', '.join(unknown)[:200]}, which has no counterpart here")
    if len(found) > 1:
        raise UnmappedError(f"has {len(found)} interactions ({', '.join(kinds)}), and a question here has one")
    if next(item.below("templateDeclaration"), None) is not None:
        raise UnmappedError("is made anew for each student by a template")
    draft.fields["prompt"] = _asked(body, draft)
    response = _response(item, found[0].get("responseIdentifier", ""))
    READERS[found[0].local](draft, found[0], response)
    draft.fields["points"] = _points(draft, item, response)
    if next(item.everywhere("modalFeedback", "feedbackBlock", "feedbackInline"), None) is not None:
        draft.remark("has feedback, which is not imported")
    if item.get("adaptive") == "true":
        draft.remark("is answered in several steps, of which the last is kept")


def _response(item: XmlElement, identifier: str) -> _Response:
    declared = next((one for one in item.below("responseDeclaration") if one.get("identifier") == identifier), None)
    if declared is None:
        raise UnmappedError("does not declare the response to its interaction")
    correct = declared.child("correctResponse")
    mapping = declared.child("mapping")
    entries = [] if mapping is None else list(mapping.below("mapEntry"))
    upper = None if mapping is None else mapping.get("upperBound")
    return _Response(
        base=declared.get("baseType", ""),
        cardinality=declared.get("cardinality", "single"),
        correct=() if correct is None else tuple(_value(value.whole_text()) for value in correct.below("value")),
        mapping={_value(entry.get("mapKey", "")): number_in(entry.get("mappedValue", "")) for entry in entries},
        default=0.0 if mapping is None else number_in(mapping.get("defaultValue", "0")),
        upper=None if upper is None else number_in(upper),
    )


def _points(draft: Draft, item: XmlElement, response: _Response) -> float:
    processing = item.child("responseProcessing")
    template = "" if processing is None else processing.get("template", "").rpartition("/")[2].removesuffix(".xml")
    if template == "map_response" and response.mapping:
        best = _best(response)
        if best <= 0:
            raise UnmappedError("earns nothing, whatever is answered")
        return best
    if template == "match_correct":
        return 1.0
    if processing is not None and (len(processing) or template not in {"", *TEMPLATES}):
        draft.remark("has response processing of its own, which is not read")
    for outcome in item.below("outcomeDeclaration"):
        default = outcome.child("defaultValue", "value")
        if outcome.get("identifier") == "MAXSCORE" and default is not None:
            return number_in(default.whole_text())
        if outcome.get("identifier") == "SCORE" and outcome.get("normalMaximum"):
            return number_in(outcome.get("normalMaximum", ""))
    return 1.0


def _best(response: _Response) -> float:
    """What the right response earns by the mapping."""
    values = [response.mapping.get(value, response.default) for value in dict.fromkeys(response.correct)]
    if not values:
        values = [value for value in response.mapping.values() if value > 0]
    total = max(values, default=0.0) if response.cardinality == "single" else sum(values)
    return total if response.upper is None else min(total, response.upper)


def _right(response: _Response) -> list[str]:
    """The values that are right; without a correct response those that are mapped to something."""
    if response.correct:
        return list(dict.fromkeys(response.correct))
    best = max(response.mapping.values(), default=0.0)
    single = response.cardinality == "single"
    return [value for value, earned in response.mapping.items() if earned > 0 and (not single or earned == best)]


def _remark_shares(draft: Draft, response: _Response, right: list[str]) -> None:
    """Say what of the mapping is not kept."""
    earned = {response.mapping.get(value, response.default) for value in right}
    if response.mapping and len(earned) > 1:
        draft.remark(UNEVEN)
    if any(value > 0 for key, value in response.mapping.items() if key not in right):
        draft.remark(PARTIAL)
    if response.default < 0 or any(value < 0 for value in response.mapping.values()):
        draft.remark(PENALTY)


def _choice(draft: Draft, interaction: XmlElement, response: _Response) -> None:
    options = _options(interaction, "simpleChoice", draft)
    right = _right(response)
    several = response.cardinality == "multiple"
    draft.fields |= {"type": QuestionType.MULTIPLE if several else QuestionType.CHOICE, "options": options}
    _remark_shares(draft, response, right)
    if not right:
        draft.remark(NO_KEY)
        return
    draft.key = {"answer": right if several else right[0]}


def _text_entry(draft: Draft, _interaction: XmlElement, response: _Response) -> None:
    right = [value for value in _right(response) if value]
    _remark_shares(draft, response, right)
    if response.base in NUMBERS:
        draft.fields |= {"type": QuestionType.NUMERIC}
        answer: object = number_in(right[0]) if right else None
        key = {"answer": answer, "tolerance": 0.0}
    else:
        best = max((response.mapping.get(value, 0.0) for value in right), default=0.0)
        spellings = [value for value, earned in response.mapping.items() if earned >= best > 0]
        draft.fields |= {"type": QuestionType.SHORT_TEXT}
        key = {"answer": list(dict.fromkeys([*right, *spellings]))}
    if not right:
        draft.remark(NO_KEY)
        return
    draft.key = key


def _match(draft: Draft, interaction: XmlElement, response: _Response) -> None:
    sets = list(interaction.below("simpleMatchSet"))
    if len(sets) != LEFT:
        raise UnmappedError("does not match two sets")
    options, targets = (_options(one, "simpleAssociableChoice", draft) for one in sets)
    pairs = [value.split() for value in _right(response)]
    if any(len(pair) != LEFT for pair in pairs):
        raise UnmappedError("has a right response that is not made of pairs")
    if len({first for first, _ in pairs}) < len(pairs):
        raise UnmappedError("matches one text with several, and here each has one counterpart")
    draft.fields |= {"type": QuestionType.MATCH, "options": options, "targets": targets}
    _remark_shares(draft, response, _right(response))
    if not pairs:
        draft.remark(NO_KEY)
        return
    draft.key = {"answer": dict(pairs)}


def _order(draft: Draft, interaction: XmlElement, response: _Response) -> None:
    options = _options(interaction, "simpleChoice", draft)
    draft.fields |= {"type": QuestionType.ORDER, "options": options}
    if not response.correct:
        draft.remark(NO_KEY)
        return
    if len(response.correct) < len(options):
        raise UnmappedError("puts only some of its choices in order")
    draft.key = {"answer": list(response.correct)}


def _essay(draft: Draft, _interaction: XmlElement, _declared: _Response) -> None:
    draft.fields |= {"type": QuestionType.ESSAY}


def _options(element: XmlElement, name: str, draft: Draft) -> list[dict[str, str]]:
    return [{"id": option.get("identifier", "").strip(), "text": _asked(option, draft)} for option in element.below(name)]


def _asked(element: XmlElement, draft: Draft) -> str:
    """The text of an element as students are to see it."""
    builder = TextBuilder()
    _walk(element, builder)
    plain = builder.result()
    for thing in plain.lost:
        draft.remark(f"holds {thing}, which is not imported")
    return plain.text


def _walk(element: XmlElement, builder: TextBuilder) -> None:
    builder.data(element.text or "")
    for child in element.below():
        name = child.local
        if name == "textEntryInteraction":
            builder.data(BLANK)
        elif name.endswith("Interaction"):
            for prompt in child.below("prompt"):
                builder.start("p", {})
                _walk(prompt, builder)
                builder.end("p")
        elif name not in NOT_ASKED and (name != "rubricBlock" or "candidate" in child.get("view", "candidate").split()):
            tag = "p" if name in {"rubricBlock", "infoControl"} else name.lower()
            builder.start(tag, child.attrib)
            _walk(child, builder)
            builder.end(tag)
        builder.data(child.tail or "")


def _value(text: str) -> str:
    return " ".join(text.split())


READERS: Mapping[str, Callable[[Draft, XmlElement, _Response], None]] = {
    "choiceInteraction": _choice,
    "textEntryInteraction": _text_entry,
    "matchInteraction": _match,
    "orderInteraction": _order,
    "extendedTextInteraction": _essay,
}
