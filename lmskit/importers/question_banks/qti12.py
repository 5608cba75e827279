"""QTI 1.2: the quizzes that Canvas exports, from its classic quizzes and from New Quizzes, and those of Common Cartridge.

An item says in its metadata what kind of question it is; without that the kind follows from how it is answered. The right
answers are the conditions under which the item adds to the score.

Sources of the format: IMS QTI 1.2 ASI; `lib/cc/qti/` of Canvas LMS.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.importers.question_banks.answers import (
    WHOLE,
    AnswerShare,
    NumberShare,
    number_in,
    put_choice,
    put_essay,
    put_match,
    put_number,
    put_short_text,
    put_true_false,
    span,
)
from lmskit.importers.question_banks.bank import Draft, UnmappedError
from lmskit.importers.question_banks.markup import PlainText, plain_text
from lmskit.importers.text_cell import one_line
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lmskit.importers.xml_file import XmlElement

ROOT, ITEM = "questestinterop", "item"
FLOWS = ("flow", "flow_mat", "flow_label")
"""Elements that only group others."""
RESPONSES = ("response_lid", "response_str", "response_num")
LOWER, UPPER = ("vargte", "vargt"), ("varlte", "varlt")
TYPE, PROFILE, POINTS, WEIGHT = "question_type", "cc_profile", "points_possible", "cc_weighting"
"""Fields of the metadata of an item."""
NUMBERS = frozenset({"decimal", "integer", "scientific"})
TRUE, FALSE = frozenset({"true", "wahr", "vrai", "verdadero"}), frozenset({"false", "falsch", "faux", "falso"})
STRICT = "accepts a range of numbers without one of its ends, which is imported with both"


@dataclass(slots=True)
class ScoreCondition:
    """A condition under which an item scores: what each response has to be and not to be, and the points."""

    score: float
    adds: bool
    """Whether the points are added to others."""
    equal: list[tuple[str, str]] = field(default_factory=list)
    """Response and value."""
    low: str | None = None
    high: str | None = None
    is_strict: bool = False


@dataclass(frozen=True, slots=True)
class AskedResponse:
    """What a student answers: its identifier, its label if it has one, and the texts among which to choose, by identifier."""

    identifier: str
    label: str
    texts: Mapping[str, str]
    element: XmlElement


def is_version_1(element: XmlElement) -> bool:
    """Return whether an element is the outermost one of a file of QTI 1.2."""
    return element.local == ROOT


def title_of(assessment: XmlElement) -> str | None:
    """Return the title of a quiz; None if the element is not a quiz, but a pool of questions."""
    return one_line(assessment.get("title", "")) if assessment.local == "assessment" else None


def drafts_of(root: XmlElement, file: str) -> Iterator[Draft]:
    """Give out the items of a file as drafts of questions, in their order."""
    for item in root.everywhere(ITEM):
        draft = Draft(file, item.line, item.get("ident", "").strip() or item.get("title", "").strip())
        try:
            _fill(draft, item)
        except UnmappedError as error:
            draft.reason = str(error)
        yield draft


def _fill(draft: Draft, item: XmlElement) -> None:
    presentation = item.child("presentation")
    if presentation is None:
        raise UnmappedError("has no presentation, so nothing is asked")
    metadata = _metadata(item)
    draft.fields["prompt"] = draft.text_of(_material(presentation))
    draft.fields["points"] = _points(metadata)
    asked = [_asked(element, draft) for element in presentation.everywhere(*RESPONSES)]
    conditions = _conditions(item)
    kind = metadata.get(TYPE) or metadata.get(PROFILE, "").removeprefix("cc.").rpartition(".")[0] or _kind(asked, conditions)
    if kind not in READERS:
        raise UnmappedError(f"is of the type {kind[:100]!r}, which lmskit does not have" if kind else "does not ask for an answer")
    READERS[kind](draft, asked, conditions)
    if next(item.everywhere("itemfeedback"), None) is not None:
        draft.warn("has feedback, which is not imported")


def _metadata(item: XmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in item.everywhere("qtimetadatafield"):
        label, text = entry.child("fieldlabel"), entry.child("fieldentry")
        if label is not None and text is not None:
            found.setdefault(label.whole_text().strip(), text.whole_text().strip())
    return found


def _points(metadata: Mapping[str, str]) -> float:
    text = metadata.get(POINTS) or metadata.get(WEIGHT)
    return number_in(text) if text else 1.0


def _material(element: XmlElement) -> PlainText:
    """Return the text of the materials of an element, without those of its responses and options."""
    texts: list[str] = []
    lost: dict[str, None] = {}
    for material in _materials(element):
        for part in material.below():
            if part.local == "mattext":
                form = "html" if part.get("texttype", "text/plain").lower() in {"text/html", "text/xhtml"} else "plain"
                plain = plain_text(part.whole_text(), form)
                texts.append(plain.text)
                lost |= dict.fromkeys(plain.lost)
            elif part.local in {"matimage", "mataudio", "matvideo"}:
                lost["a picture" if part.local == "matimage" else "a recording"] = None
    return PlainText("\n".join(filter(None, texts)), tuple(lost))


def _materials(element: XmlElement) -> Iterator[XmlElement]:
    for child in element.below("material", *FLOWS):
        if child.local == "material":
            yield child
        else:
            yield from _materials(child)


def _asked(element: XmlElement, draft: Draft) -> AskedResponse:
    texts = {label.get("ident", "").strip(): draft.text_of(_material(label)) for label in element.everywhere("response_label")}
    return AskedResponse(element.get("ident", "").strip(), draft.text_of(_material(element)), texts, element)


def _conditions(item: XmlElement) -> list[ScoreCondition]:
    """Return the conditions that score, their points in per cent of the whole."""
    found: list[ScoreCondition] = []
    for element in item.everywhere("respcondition"):
        variable = element.child("conditionvar")
        score = next((child for child in element.below("setvar") if child.get("varname", "SCORE").upper().startswith("SCORE")), None)
        if variable is None or score is None:
            continue
        condition = ScoreCondition(number_in(score.whole_text()), adds=score.get("action", "Set").lower() == "add")
        _collect(variable, condition)
        found.append(condition)
    most = next((declared.get("maxvalue") for declared in item.everywhere("decvar") if declared.get("maxvalue")), None)
    positive = [condition.score for condition in found if condition.score > 0]
    added = sum(condition.score for condition in found if condition.adds and condition.score > 0)
    whole = number_in(most) if most else max([*positive, added], default=0.0)
    if whole <= 0:
        return []
    for condition in found:
        condition.score = min(condition.score / whole * WHOLE, WHOLE)
    return found


def _collect(element: XmlElement, condition: ScoreCondition) -> None:
    """Collect what a condition demands; what an answer must not be follows from the rest."""
    for child in element.below():
        name, text = child.local, child.whole_text().strip()
        if name in {"and", "or"}:
            _collect(child, condition)
        elif name == "varequal":
            condition.equal.append((child.get("respident", "").strip(), text))
        elif name in LOWER:
            condition.low = text
        elif name in UPPER:
            condition.high = text
        condition.is_strict = condition.is_strict or name in {"vargt", "varlt"}


def _kind(asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> str:
    """Return what kind of question an item without metadata is; empty if it asks nothing."""
    if not asked:
        return ""
    first = asked[0].element
    if first.local == "response_lid":
        if len(asked) > 1:
            return "matching_question"
        cardinality = first.get("rcardinality", "Single").lower()
        if cardinality == "ordered":
            return "ordering_question"
        return "multiple_answers_question" if cardinality == "multiple" else "multiple_choice_question"
    if not conditions:
        return "essay_question"
    form = next((fib.get("fibtype", "String").lower() for fib in first.everywhere("render_fib")), "string")
    return "numerical_question" if first.local == "response_num" or form in NUMBERS else "short_answer_question"


def _only(asked: Sequence[AskedResponse]) -> AskedResponse:
    if len(asked) != 1:
        raise UnmappedError(f"has {len(asked)} answers, and a question in lmskit of its type has one")
    return asked[0]


def _shares(response: AskedResponse, conditions: Sequence[ScoreCondition]) -> dict[str, float]:
    """Return the share of the points of each option, in per cent; options that are right together have equal shares."""
    shares: dict[str, float] = defaultdict(float)
    for condition in conditions:
        right = [text for identifier, text in condition.equal if identifier == response.identifier]
        for text in right:
            shares[text] = max(shares[text], condition.score / len(right)) if condition.score > 0 else min(shares[text], condition.score)
    return {identifier: max(shares.get(identifier, 0.0), -WHOLE) for identifier in response.texts}


def _choice(draft: Draft, asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> None:
    response = _only(asked)
    best = dict.fromkeys(response.texts, 0.0)
    for condition in conditions:
        for identifier, text in condition.equal:
            if identifier == response.identifier and text in best:
                best[text] = condition.score
    put_choice(draft, [AnswerShare(response.texts[identifier], share) for identifier, share in best.items()], "", single=True)


def _multiple(draft: Draft, asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> None:
    response = _only(asked)
    shares = _shares(response, conditions)
    put_choice(draft, [AnswerShare(response.texts[identifier], share) for identifier, share in shares.items()], "", single=False)


def _true_false(draft: Draft, asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> None:
    response = _only(asked)
    right = {text for condition in conditions if condition.score > 0 for _, text in condition.equal}
    words = {identifier: text.casefold() for identifier, text in response.texts.items()}
    if not right or not set(words.values()) <= TRUE | FALSE:
        _choice(draft, asked, conditions)
    else:
        put_true_false(draft, right=any(words.get(identifier) in TRUE for identifier in right), general="", feedback=())


def _short_text(draft: Draft, asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> None:
    response = _only(asked)
    answers = [
        AnswerShare(response.texts.get(text, text), condition.score)
        for condition in conditions
        for identifier, text in condition.equal
        if identifier == response.identifier
    ]
    put_short_text(draft, answers, "")


def _match(draft: Draft, asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> None:
    right = {identifier: text for condition in conditions if condition.score > 0 for identifier, text in condition.equal}
    if missing := [response.label for response in asked if right.get(response.identifier) not in response.texts]:
        raise UnmappedError(f"has no right match for {missing[0][:100]!r}")
    pairs = [(response.label, response.texts[right[response.identifier]]) for response in asked]
    others = dict.fromkeys(text for response in asked for text in response.texts.values())
    matched = {text for _, text in pairs}
    put_match(draft, [*pairs, *(("", text) for text in others if text not in matched)], "")


def _number(draft: Draft, asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> None:
    _only(asked)
    numbers: list[NumberShare] = []
    for condition in conditions:
        if condition.low is not None and condition.high is not None:
            numbers.append(NumberShare(*span(condition.low, condition.high), condition.score))
            if condition.is_strict:
                draft.warn(STRICT)
        else:
            numbers += [NumberShare(number_in(text), 0, condition.score) for _, text in condition.equal]
    put_number(draft, numbers, "")


def _order(draft: Draft, asked: Sequence[AskedResponse], conditions: Sequence[ScoreCondition]) -> None:
    response = _only(asked)
    right = next(([text for _, text in condition.equal] for condition in conditions if condition.score > 0), [])
    if sorted(right) != sorted(response.texts):
        raise UnmappedError("puts only some of its options in order")
    draft.fields |= {
        "type": QuestionType.ORDER,
        "options": [{"id": identifier, "text": text} for identifier, text in response.texts.items()],
    }
    draft.key = {"answer": right}


def _essay(draft: Draft, _asked: Sequence[AskedResponse], _conditions: Sequence[ScoreCondition]) -> None:
    put_essay(draft, "")


READERS: Mapping[str, Callable[[Draft, Sequence[AskedResponse], Sequence[ScoreCondition]], None]] = {
    "multiple_choice_question": _choice,
    "multiple_choice": _choice,
    "true_false_question": _true_false,
    "true_false": _true_false,
    "multiple_answers_question": _multiple,
    "multiple_response": _multiple,
    "short_answer_question": _short_text,
    "fill_in_multiple_blanks_question": _short_text,
    "fib": _short_text,
    "pattern_match": _short_text,
    "matching_question": _match,
    "multiple_dropdowns_question": _match,
    "numerical_question": _number,
    "ordering_question": _order,
    "essay_question": _essay,
    "essay": _essay,
}
"""Readers by the type of a question of Canvas, and by the profile of Common Cartridge without its version."""
