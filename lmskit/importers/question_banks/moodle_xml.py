"""Moodle XML, the format in which Moodle exports a question bank.

Multiple choice, true or false, short answer, numerical, matching, ordering and essay become questions; of a cloze question
each blank becomes one. Descriptions and all other types are rejected. Embedded files are not imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.importers.question_banks import cloze
from lmskit.importers.question_banks.answers import (
    SOME_ITEMS,
    WHOLE,
    AnswerShare,
    NumberShare,
    number_in,
    put_choice,
    put_essay,
    put_match,
    put_number,
    put_order,
    put_short_text,
    put_true_false,
    share_of,
)
from lmskit.importers.question_banks.bank import Bank, BankFormat, Draft, UnmappedError, validated
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.xml_file import first_elements, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.xml_file import XmlElement

FORMS = {"html": "html", "moodle_auto_format": "moodle", "plain_text": "plain", "markdown": "markdown", "wiki_like": "plain"}
CLOZE = frozenset({"cloze", "multianswer"})
USED = frozenset({
    "name", "questiontext", "generalfeedback", "defaultgrade", "idnumber", "answer", "subquestion", "single", "usecase", "units",
    "file", "image", "image_base64", "selecttype", "selectcount", "logical", "studentsee",
})  # fmt: skip
"""Children of a question that are read, or of which a warning says that they are not imported."""
ALL_ITEMS = frozenset({"", "ALL", "EXACT"})
"""Words for showing a student all items of an ordering question."""
DETECTED_ELEMENTS = 2


def read(path: Path, _options: ReadOptions) -> Bank:
    """Read a file in Moodle's XML.

    Raises
    ------
    ImportFileError
        The file cannot be read, is not such a file, or has no questions.
    """
    file = parsed(path, drop={"file", "image_base64"})
    entries = list(file.root.below("question"))
    found = validated(file.name, (draft for entry in entries if entry.get("type") != "category" for draft in _drafts(file.name, entry)))
    categories = [_text_of(entry.child("category", "text")) for entry in entries if entry.get("type") == "category"]
    notes = []
    if categories:
        notes.append(f"Categories are not imported; {file.name} has {len(categories):,}, the first is {categories[0][:100]!r}.")
    skipped = sorted({child.local for entry in entries if entry.get("type") != "category" for child in entry.below()} - USED)
    return found.bank(file.name, file.sha256, FORMAT, notes, skipped)


def is_moodle_xml(path: Path) -> bool:
    """Return whether a file is Moodle's XML: a quiz that begins with a question of any type."""
    found = first_elements(path, DETECTED_ELEMENTS)
    return [element.tag for element in found] == ["quiz", "question"] and found[1].get("type") is not None


def _drafts(file: str, entry: XmlElement) -> Iterator[Draft]:
    reader = _Reader(entry, Draft(file, entry.line, _text_of(entry.child("idnumber")) or _text_of(entry.child("name", "text"))))
    kind = entry.get("type", "")
    if kind not in CLOZE:
        yield reader.filled(kind)
        return
    prompt = entry.child("questiontext")
    if prompt is None:
        reader.draft.reason = "has no text"
        yield reader.draft
        return
    general = reader.text(entry.child("generalfeedback"))
    for draft in cloze.drafts(reader.draft, _text_of(prompt.child("text")), FORMS.get(prompt.get("format", "html"), "html"), general):
        for value, reason in reader.draft.warnings:
            draft.warn(reason, value)
        yield draft


class _Reader:
    """Reads one question."""

    def __init__(self, entry: XmlElement, draft: Draft) -> None:
        self.entry, self.draft = entry, draft
        prompt = entry.child("questiontext")
        self.form = "html" if prompt is None else prompt.get("format", "html")
        if next(entry.everywhere("file", "image_base64"), None) is not None:
            draft.warn("contains files, which are not imported")

    def filled(self, kind: str) -> Draft:
        draft = self.draft
        draft.fields["prompt"] = self.text(self.entry.child("questiontext"))
        grade = _text_of(self.entry.child("defaultgrade"))
        if kind == "description":
            draft.reason = "is a description, not a question"
        elif kind not in READERS:
            draft.reason = f"is of Moodle's type {kind[:40]!r}, which lmskit does not have"
        else:
            try:
                draft.fields["points"] = number_in(grade) if grade else 1
                READERS[kind](self, self.text(self.entry.child("generalfeedback")))
            except UnmappedError as error:
                draft.reason = str(error)
        return draft

    def text(self, element: XmlElement | None, form: str | None = None) -> str:
        """Return the plain text of an element that has a child `text`."""
        if element is None:
            return ""
        chosen = form or FORMS.get(element.get("format", self.form), "html")
        return self.draft.text_of(plain_text(_text_of(element.child("text")), chosen))

    def shares(self, form: str | None = None) -> list[AnswerShare]:
        return [self.share(answer, form) for answer in self.entry.below("answer")]

    def share(self, answer: XmlElement, form: str | None = None) -> AnswerShare:
        # Old versions of Moodle write the share and the text in other elements.
        share = answer.get("fraction") or _text_of(answer.child("fraction")) or "0"
        text = self.text(answer, form) if answer.child("text") is not None else (answer.text or "").strip()
        return AnswerShare(text, share_of(share), self.text(answer.child("feedback")))

    def choice(self, general: str) -> None:
        single = _text_of(self.entry.child("single")).lower() not in {"false", "0"}
        put_choice(self.draft, self.shares(), general, single=single)

    def true_false(self, general: str) -> None:
        shares = self.shares("plain")
        if len(shares) != 2:  # noqa: PLR2004 - true and false
            raise UnmappedError("has other answers than true and false")
        words = [share.text.lower() for share in shares]
        if set(words) != {"true", "false"}:
            self.draft.warn("has its answers in another language; the first is read as true", shares[0].text)
            words = ["true", "false"]
        right = [word for word, share in zip(words, shares, strict=True) if share.share >= WHOLE]
        if len(right) != 1:
            raise UnmappedError("does not show whether true or false is right")
        put_true_false(self.draft, right=right[0] == "true", general=general, feedback=shares)

    def short_text(self, general: str) -> None:
        if _text_of(self.entry.child("usecase")) == "1":
            self.draft.warn("distinguishes upper and lower case, which is not imported")
        put_short_text(self.draft, self.shares("plain"), general)

    def number(self, general: str) -> None:
        found = []
        for answer in self.entry.below("answer"):
            share = self.share(answer, "plain")
            tolerance = _text_of(answer.child("tolerance"))
            number = None if share.text in {"*", ""} else number_in(share.text)
            found.append(NumberShare(number, abs(number_in(tolerance)) if tolerance else 0.0, share.share, share.feedback))
        physical_units = self.entry.child("units")
        if physical_units is not None and len(physical_units):
            self.draft.warn("has units of measurement, which are not imported")
        put_number(self.draft, found, general)

    def match(self, general: str) -> None:
        pairs = [(self.text(pair), _text_of(pair.child("answer", "text"))) for pair in self.entry.below("subquestion")]
        put_match(self.draft, [(first, second) for first, second in pairs if first or second], general)

    def order(self, general: str) -> None:
        items = self.shares()
        # Older versions of Moodle call the two `logical` and `studentsee`.
        kind = _text_of(self.entry.child("selecttype")) or _text_of(self.entry.child("logical"))
        count = _text_of(self.entry.child("selectcount")) or _text_of(self.entry.child("studentsee"))
        if kind.upper() not in ALL_ITEMS and count and number_in(count) < len(items):
            self.draft.warn(SOME_ITEMS)
        put_order(self.draft, items, general)

    def essay(self, general: str) -> None:
        put_essay(self.draft, general)


def _text_of(element: XmlElement | None) -> str:
    return "" if element is None else (element.text or "").strip()


READERS: Mapping[str, Callable[[_Reader, str], None]] = {
    "multichoice": _Reader.choice,
    "truefalse": _Reader.true_false,
    "shortanswer": _Reader.short_text,
    "numerical": _Reader.number,
    "matching": _Reader.match,
    "ordering": _Reader.order,
    "essay": _Reader.essay,
}

FORMAT = BankFormat("moodle-xml", "Moodle XML questions", is_moodle_xml, read)
