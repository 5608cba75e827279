"""QTI 2.1: items, each an XML file, alone or several in a folder or a zip archive.

Only the items are read. A test or a manifest beside them, which would give their order, and pictures are not, as a note
says. The items of a folder are in the order of the names of their files.

An item with one of `READERS`' interactions becomes a question; any other interaction is named in the rejection. The points
of an item are the value of its right response if responses are mapped to values, and otherwise its declared maximum, or 1.
Response processing that an author wrote out is not read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.archive import is_archive, opened
from lmskit.importers.question_banks.answers import PARTIAL, PENALTY, UNEVEN, number_in
from lmskit.importers.question_banks.bank import Bank, BankFormat, Draft, UnmappedError, validated
from lmskit.importers.question_banks.markup import TextBuilder
from lmskit.importers.xml_file import MAX_FILE, first_elements, parsed
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from lmskit.importers.archive import Folder
    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.xml_file import XmlElement

NAMESPACES = tuple(f"http://www.imsglobal.org/xsd/imsqti_v2p{version}" for version in (0, 1, 2))
MANIFEST = "imsmanifest.xml"
DETECTED_FILES = 20
"""XML files of a folder that are read at most to detect whether it has items."""
ITEM = "assessmentItem"
BLANK = "_____"
TEMPLATES = ("match_correct", "map_response")
"""Response processing by name: all or nothing, and the sum of mapped values."""
NOT_IN_PROMPT = frozenset({"feedbackBlock", "feedbackInline", "modalFeedback", "templateBlock", "templateInline", "stylesheet"})
NUMBERS = frozenset({"float", "integer"})
NO_KEY = "declares no right response, so it has no key"
MATCHED_SETS = 2
"""Sets of options in a match."""


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read one item, or those in a folder or archive.

    Raises
    ------
    ImportFileError
        There is no such path, it cannot be read, or it has no items.
    """
    if not path.is_dir() and not is_archive(path):
        file = parsed(path)
        if not _is_item(file.root):
            raise ImportFileError(f"{path.name} is not a QTI 2 item: its outermost element is {file.root.local[:100]!r}, not {ITEM!r}.")
        return validated(path.name, [draft_of(file.root, file.name)]).bank(path.name, file.sha256, FORMAT)
    with opened(path, names=()) as closed:
        names = [name for name in closed.others if name.lower().endswith(".xml")]
        other_files = len(closed.others) - len(names)
    with opened(path, names=names) as folder:
        return _bank(folder, other_files)


def is_qti(path: Path) -> bool:
    """Return whether a path is an item of QTI 2, or a folder or archive with one."""
    if not path.is_dir() and not is_archive(path):
        return _begins_with_item(path)
    try:
        with opened(path, names=()) as closed:
            names = [name for name in closed.others if name.lower().endswith(".xml") and name != MANIFEST][:DETECTED_FILES]
        with opened(path, names=names) as folder:
            return any(_begins_with_item(file) for file in folder.values())
    except ImportFileError:
        return False


def _bank(folder: Folder, other_files: int) -> Bank:
    if sum(file.stat().st_size for file in folder.values()) > MAX_FILE:
        raise ImportFileError(f"{folder.name} has more than {MAX_FILE // 1024**2} MiB of XML, which is the most that is read.")
    digest = hashlib.sha256()
    not_items: list[str] = []
    found = validated(folder.name, _drafts(folder, digest, not_items))
    notes = ["The items are in the order of the names of their files."]
    if not_items:
        more = f" and {len(not_items) - 5:,} more" if len(not_items) > 5 else ""  # noqa: PLR2004 - names that a person reads
        notes.append(f"Not read, since they are not items: {', '.join(not_items[:5])}{more}.")
    if other_files:
        notes.append(f"Files that are not XML, such as pictures, are not imported; there are {other_files:,}.")
    return found.bank(folder.name, digest.hexdigest(), FORMAT, notes)


def _drafts(folder: Folder, digest: hashlib._Hash, not_items: list[str]) -> Iterator[Draft]:
    for name, path in folder.items():
        try:
            file = parsed(path)
        except ImportFileError as error:
            yield Draft(name, 1, reason=f"cannot be read: {str(error).removeprefix(f'{path.name}, ')}")
            continue
        digest.update(f"{name}\0{file.sha256}\n".encode())
        if _is_item(file.root):
            yield draft_of(file.root, name)
        else:
            not_items.append(name)


def _begins_with_item(path: Path) -> bool:
    return any(_is_item(element) for element in first_elements(path))


def _is_item(element: XmlElement) -> bool:
    return element.local == ITEM and element.tag.startswith(tuple(f"{{{namespace}}}" for namespace in NAMESPACES))


@dataclass(frozen=True, slots=True)
class _ResponseDeclaration:
    """What an item declares about the response to its interaction."""

    base: str
    cardinality: str
    correct: tuple[str, ...]
    mapping: Mapping[str, float]
    default: float
    upper: float | None


def draft_of(item: XmlElement, file: str) -> Draft:
    """Return the draft of the question of an item."""
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
        raise UnmappedError(f"uses {', '.join(unknown)[:200]}, which lmskit does not have")
    if len(found) > 1:
        raise UnmappedError(f"has {len(found)} interactions ({', '.join(kinds)}), and a question in lmskit has one")
    if next(item.below("templateDeclaration"), None) is not None:
        raise UnmappedError("is generated by a template for each student")
    draft.fields["prompt"] = _text(body, draft)
    response = _response(item, found[0].get("responseIdentifier", ""))
    READERS[found[0].local](draft, found[0], response)
    draft.fields["points"] = _points(draft, item, response)
    if next(item.everywhere("modalFeedback", "feedbackBlock", "feedbackInline"), None) is not None:
        draft.warn("has feedback, which is not imported")
    if item.get("adaptive") == "true":
        draft.warn("is answered in several steps, of which the last is imported")


def _response(item: XmlElement, identifier: str) -> _ResponseDeclaration:
    declared = next((declaration for declaration in item.below("responseDeclaration") if declaration.get("identifier") == identifier), None)
    if declared is None:
        raise UnmappedError("does not declare the response to its interaction")
    correct = declared.child("correctResponse")
    mapping = declared.child("mapping")
    entries = [] if mapping is None else list(mapping.below("mapEntry"))
    upper = None if mapping is None else mapping.get("upperBound")
    return _ResponseDeclaration(
        base=declared.get("baseType", ""),
        cardinality=declared.get("cardinality", "single"),
        correct=() if correct is None else tuple(_value(value.whole_text()) for value in correct.below("value")),
        mapping={_value(entry.get("mapKey", "")): number_in(entry.get("mappedValue", "")) for entry in entries},
        default=0.0 if mapping is None else number_in(mapping.get("defaultValue", "0")),
        upper=None if upper is None else number_in(upper),
    )


def _points(draft: Draft, item: XmlElement, response: _ResponseDeclaration) -> float:
    processing = item.child("responseProcessing")
    template = "" if processing is None else processing.get("template", "").rpartition("/")[2].removesuffix(".xml")
    if template == "map_response" and response.mapping:
        best = _best(response)
        if best <= 0:
            raise UnmappedError("earns no points for any answer")
        return best
    if template == "match_correct":
        return 1.0
    if processing is not None and (len(processing) or template not in {"", *TEMPLATES}):
        draft.warn("has response processing of its own, which is not read")
    for outcome in item.below("outcomeDeclaration"):
        default = outcome.child("defaultValue", "value")
        if outcome.get("identifier") == "MAXSCORE" and default is not None:
            return number_in(default.whole_text())
        if outcome.get("identifier") == "SCORE" and outcome.get("normalMaximum"):
            return number_in(outcome.get("normalMaximum", ""))
    return 1.0


def _best(response: _ResponseDeclaration) -> float:
    """Return the points of the right response by the mapping."""
    values = [response.mapping.get(value, response.default) for value in dict.fromkeys(response.correct)]
    if not values:
        values = [value for value in response.mapping.values() if value > 0]
    total = max(values, default=0.0) if response.cardinality == "single" else sum(values)
    return total if response.upper is None else min(total, response.upper)


def _right(response: _ResponseDeclaration) -> list[str]:
    """Return the right values; without a correct response those that are mapped to points."""
    if response.correct:
        return list(dict.fromkeys(response.correct))
    best = max(response.mapping.values(), default=0.0)
    single = response.cardinality == "single"
    return [value for value, earned in response.mapping.items() if earned > 0 and (not single or earned == best)]


def _warn_of_shares(draft: Draft, response: _ResponseDeclaration, right: list[str]) -> None:
    """Warn of what is not imported of a mapping."""
    earned = {response.mapping.get(value, response.default) for value in right}
    if response.mapping and len(earned) > 1:
        draft.warn(UNEVEN)
    if any(value > 0 for key, value in response.mapping.items() if key not in right):
        draft.warn(PARTIAL)
    if response.default < 0 or any(value < 0 for value in response.mapping.values()):
        draft.warn(PENALTY)


def _choice(draft: Draft, interaction: XmlElement, response: _ResponseDeclaration) -> None:
    options = _options(interaction, "simpleChoice", draft)
    right = _right(response)
    several = response.cardinality == "multiple"
    draft.fields |= {"type": QuestionType.MULTIPLE if several else QuestionType.CHOICE, "options": options}
    _warn_of_shares(draft, response, right)
    if not right:
        draft.warn(NO_KEY)
        return
    draft.key = {"answer": right if several else right[0]}


def _text_entry(draft: Draft, _interaction: XmlElement, response: _ResponseDeclaration) -> None:
    right = [value for value in _right(response) if value]
    _warn_of_shares(draft, response, right)
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
        draft.warn(NO_KEY)
        return
    draft.key = key


def _match(draft: Draft, interaction: XmlElement, response: _ResponseDeclaration) -> None:
    sets = list(interaction.below("simpleMatchSet"))
    if len(sets) != MATCHED_SETS:
        raise UnmappedError("does not match two sets")
    options, targets = (_options(match_set, "simpleAssociableChoice", draft) for match_set in sets)
    pairs = [value.split() for value in _right(response)]
    if any(len(pair) != MATCHED_SETS for pair in pairs):
        raise UnmappedError("has a right response that does not consist of pairs")
    if len({first for first, _ in pairs}) < len(pairs):
        raise UnmappedError("matches one text with several, and in lmskit each text has one match")
    draft.fields |= {"type": QuestionType.MATCH, "options": options, "targets": targets}
    _warn_of_shares(draft, response, _right(response))
    if not pairs:
        draft.warn(NO_KEY)
        return
    draft.key = {"answer": dict(pairs)}


def _order(draft: Draft, interaction: XmlElement, response: _ResponseDeclaration) -> None:
    options = _options(interaction, "simpleChoice", draft)
    draft.fields |= {"type": QuestionType.ORDER, "options": options}
    if not response.correct:
        draft.warn(NO_KEY)
        return
    if len(response.correct) < len(options):
        raise UnmappedError("puts only some of its options in order")
    draft.key = {"answer": list(response.correct)}


def _essay(draft: Draft, _interaction: XmlElement, _declared: _ResponseDeclaration) -> None:
    draft.fields |= {"type": QuestionType.ESSAY}


def _options(element: XmlElement, name: str, draft: Draft) -> list[dict[str, str]]:
    return [{"id": option.get("identifier", "").strip(), "text": _text(option, draft)} for option in element.below(name)]


def _text(element: XmlElement, draft: Draft) -> str:
    """Return the text of an element that students see."""
    builder = TextBuilder()
    _walk(element, builder)
    return draft.text_of(builder.result())


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
        elif name not in NOT_IN_PROMPT and (name != "rubricBlock" or "candidate" in child.get("view", "candidate").split()):
            tag = "p" if name in {"rubricBlock", "infoControl"} else name.lower()
            builder.start(tag, child.attrib)
            _walk(child, builder)
            builder.end(tag)
        builder.data(child.tail or "")


def _value(text: str) -> str:
    return " ".join(text.split())


READERS: Mapping[str, Callable[[Draft, XmlElement, _ResponseDeclaration], None]] = {
    "choiceInteraction": _choice,
    "textEntryInteraction": _text_entry,
    "matchInteraction": _match,
    "orderInteraction": _order,
    "extendedTextInteraction": _essay,
}

FORMAT = BankFormat("qti", "QTI 2.1 items", is_qti, read)
