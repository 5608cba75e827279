"""The questions of a backup: every version of each, and what the answers to it mean.

Source of the format: `question/type/*/backup/moodle2` of Moodle.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.importers.moodle.backup.values import LONGEST_NUMBER, decimal, integer, number_of, text
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
    share_of,
)
from lmskit.importers.question_banks.bank import Draft, UnmappedError, joined_feedback, lettered_options
from lmskit.importers.question_banks.cloze import BLANK
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.text_cell import one_line
from lmskit.importers.xml_file import streamed
from lmskit.limits import LONGEST_TITLE
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from lmskit.importers.xml_file import XmlElement

FORMS = {"0": "moodle", "1": "html", "2": "plain", "4": "markdown"}
"""How Moodle numbers the forms of its texts."""
READY = "ready"
OWN_NUMBERS = "has other numbers for each student, so it has no key"
IN_PARTS = "is a cloze question: its answers are kept blank by blank, and its points as a whole"
ORDERING_ITEM = "ordering_item_"
"""How Moodle names an item to put in order, before the MD5 of its text."""
_GAP = re.compile(r"\[\[([0-9]{1,4})\]\]")
_PART = re.compile(r"\{#([0-9]{1,4})\}")
_DRAG_GROUP = re.compile(r'"draggroup";[si]:(?:[0-9]+:)?"?([0-9]{1,4})')
TO_PER_CENT = 100


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap in a text: the id of its option, the number of the group of texts that fit into it, and the ids of these as targets."""

    option: str
    group: str
    targets: tuple[str, ...]


@dataclass(slots=True)
class QuestionVersion:
    """A version of a question, as a draft of one of lmskit, with what the numbers in answers to it stand for."""

    id: int
    entry: int
    """Of the entry in the question bank, of which it is a version."""
    version: int
    is_ready: bool
    kind: str
    points: float
    draft: Draft
    option_of: dict[int, str] = field(default_factory=dict)
    """Of a choice: the id of an option by the id of the answer; of matching: by the id of the pair."""
    target_of: dict[int, str] = field(default_factory=dict)
    """Of matching: the id of a target by the id of the pair."""
    gaps: tuple[Gap, ...] = ()
    """Of a text with gaps: what each gap takes, in their order."""
    item_of: dict[str, str] = field(default_factory=dict)
    """Of ordering: the id of an option by Moodle's name of the item."""
    parts: tuple[int, ...] = ()
    """Of a cloze question: the ids of the questions within it, in order."""
    parent: int = 0
    """The question within which it is; 0 if it stands alone."""


def versions_in(path: Path, file: str) -> Iterator[QuestionVersion]:
    """Give out all versions of all questions of the file `questions.xml`, those within other questions included.

    Raises
    ------
    RejectedRowError
        A number in it cannot be read.
    """
    for entry, around in streamed(path, "question_bank_entry"):
        category = next((text(each, "name") for each in reversed(around) if each.local == "question_category"), "")
        for version in entry.everywhere("question_versions"):
            for question in version.everywhere("question"):
                if question.get("id") is None:  # the text of a child of that name
                    continue
                yield _version(file, entry, version, question, category)


def _version(file: str, entry: XmlElement, version: XmlElement, question: XmlElement, category: str) -> QuestionVersion:
    name = text(entry, "idnumber") or text(question, "name")
    draft = Draft(file, question.line, name)
    found = QuestionVersion(
        id=number_of(question),
        entry=number_of(entry),
        version=integer(version, "version") or 1,
        is_ready=text(version, "status") == READY,
        kind=text(question, "qtype"),
        points=1.0 if (points := decimal(question, "defaultmark")) is None else points,
        draft=draft,
        parent=integer(question, "parent") or 0,
    )
    if (topic := one_line(category)[:LONGEST_TITLE]) and topic != "top":
        draft.fields["topic"] = topic
    reader = _Reader(question, found)
    draft.fields |= {"prompt": reader.text_of(question, "questiontext"), "points": found.points}
    general = reader.text_of(question, "generalfeedback")
    try:
        if found.kind not in READERS:
            draft.warn(f"is of Moodle's type {found.kind[:40]!r}: its answers are kept as texts, and its points as they are")
        READERS.get(found.kind, _Reader.essay)(reader, general)
    except UnmappedError as error:
        draft.warn(f"{error}: it has no key")
        if "type" not in draft.fields:
            put_essay(draft, general)
    return found


class _Reader:
    """Reads one version of a question."""

    def __init__(self, question: XmlElement, found: QuestionVersion) -> None:
        self.question, self.found, self.draft = question, found, found.draft
        plugin = question.child(f"plugin_qtype_{found.kind}_question")
        self.own = question if plugin is None else plugin

    def text_of(self, element: XmlElement, name: str) -> str:
        """Return a text without markup; its form is in the element beside it."""
        form = FORMS.get(text(element, f"{name}format") or text(element, f"{name.removesuffix('text')}format"), "html")
        return self.draft.text_of(plain_text(text(element, name), form))

    def answers(self) -> list[tuple[int, AnswerShare]]:
        """Return the answers with their ids and shares of the points."""
        listed = self.own.child("answers")
        return [
            (number_of(each), AnswerShare(self.text_of(each, "answertext"), self._share(each), self.text_of(each, "feedback")))
            for each in (() if listed is None else listed.below("answer"))
        ]

    @staticmethod
    def _share(answer: XmlElement) -> float:
        return share_of(f"{number_in(text(answer, 'fraction') or '0') * TO_PER_CENT:.5f}")

    def choice(self, general: str) -> None:
        answers = self.answers()
        single = text(self.own, "multichoice", "single") != "0"
        options = lettered_options([share.text for _, share in answers])
        self.found.option_of = {answer: option["id"] for (answer, _), option in zip(answers, options, strict=True)}
        put_choice(self.draft, [share for _, share in answers], general, single=single)

    def true_false(self, general: str) -> None:
        answers = dict(self.answers())
        right = integer(self.own, "truefalse", "trueanswer") or 0
        wrong = integer(self.own, "truefalse", "falseanswer") or 0
        if right not in answers or wrong not in answers:
            raise UnmappedError("does not have the answers true and false")
        is_true = answers[right].share >= WHOLE
        if is_true == (answers[wrong].share >= WHOLE):
            raise UnmappedError("does not show whether true or false is right")
        put_true_false(self.draft, right=is_true, general=general, feedback=[answers[right], answers[wrong]])

    def short_text(self, general: str) -> None:
        if text(self.own, "shortanswer", "usecase") == "1":
            self.draft.warn("distinguishes upper and lower case, which is not imported")
        put_short_text(self.draft, [share for _, share in self.answers()], general)

    def number(self, general: str) -> None:
        tolerances = {
            text(record, "answer"): abs(number_in(text(record, "tolerance") or "0")) for record in self.own.everywhere("numerical_record")
        }
        found = [
            NumberShare(
                None if share.text in {"*", ""} else number_in(share.text), tolerances.get(str(answer), 0.0), share.share, share.feedback
            )
            for answer, share in self.answers()
        ]
        physical = self.own.child("numerical_units")
        if physical is not None and len(physical):
            self.draft.warn("has units of measurement, which are not imported")
        put_number(self.draft, found, general)

    def match(self, general: str) -> None:
        listed = self.own.child("matches")
        pairs = [
            (number_of(each), self.text_of(each, "questiontext"), text(each, "answertext"))
            for each in (() if listed is None else listed.below("match"))
        ]
        put_match(self.draft, [(first, second) for _, first, second in pairs if first or second], general)
        options = lettered_options([first for _, first, _ in pairs if first])
        letters = iter(options)
        self.found.option_of = {pair: next(letters)["id"] for pair, first, _ in pairs if first}
        targets = {target["text"]: target["id"] for target in self.draft.fields["targets"]}
        self.found.target_of = {pair: targets[second] for pair, _, second in pairs if second in targets}

    def gaps(self, general: str) -> None:
        """A text with gaps: `[[2]]` is where the second of the answers belongs, and each answer has a group."""
        answers = [answer.text for _, answer in self.answers()]
        listed = self.own.child("answers")
        groups = [_group(text(each, "feedback")) for each in (() if listed is None else listed.below("answer"))]
        prompt = str(self.draft.fields["prompt"])
        numbers = [int(number) for number in _GAP.findall(prompt)]
        if not numbers or any(not 0 < number <= len(answers) for number in numbers):
            raise UnmappedError("has no gaps, or a gap for which there is no answer")
        labels = iter(range(1, len(numbers) + 1))
        self.draft.fields["prompt"] = _GAP.sub(lambda _: f"[{next(labels)}] {BLANK}", prompt)
        pairs = [(f"[{nth}]", answers[number - 1]) for nth, number in enumerate(numbers, 1)]
        put_match(self.draft, [*pairs, *(("", answer) for answer in answers)], general)
        targets = {target["text"]: target["id"] for target in self.draft.fields["targets"]}
        of_group = {
            group: tuple(targets[answer] for answer, own in zip(answers, groups, strict=True) if own == group) for group in set(groups)
        }
        self.found.gaps = tuple(
            Gap(option["id"], groups[number - 1], of_group[groups[number - 1]])
            for option, number in zip(self.draft.fields["options"], numbers, strict=True)
        )

    def order(self, general: str) -> None:
        """Items to put in order, whose number in the order stands where others have their share of the points."""
        listed = self.own.child("answers")
        answers = sorted((() if listed is None else listed.below("answer")), key=lambda each: decimal(each, "fraction") or 0.0)
        if not answers:
            raise UnmappedError("has nothing to put in order")
        options = lettered_options([self.text_of(each, "answertext") for each in answers])
        ids = [option["id"] for option in options]
        self.draft.fields |= {"type": QuestionType.ORDER, "options": options}
        self.draft.key = {"answer": ids} | ({"feedback": feedback} if (feedback := joined_feedback(general, ())) else {})
        names = (hashlib.md5(text(each, "answertext").encode(), usedforsecurity=False).hexdigest() for each in answers)
        self.found.item_of = {f"{ORDERING_ITEM}{name}": identifier for name, identifier in zip(names, ids, strict=True)}

    def calculated(self, _general: str) -> None:
        self.draft.fields["type"] = QuestionType.NUMERIC
        self.draft.warn(OWN_NUMBERS)

    def cloze(self, general: str) -> None:
        self.draft.warn(IN_PARTS)
        self.draft.fields["prompt"] = _PART.sub(rf"[\1] {BLANK}", str(self.draft.fields["prompt"]))
        sequence = text(self.own, "multianswer", "sequence").split(",")
        self.found.parts = tuple(int(each) for each in sequence if each.isascii() and each.isdecimal() and len(each) <= LONGEST_NUMBER)
        put_essay(self.draft, general)

    def essay(self, general: str) -> None:
        put_essay(self.draft, general)


def _group(feedback: str) -> str:
    """Return the group of a text for gaps, which is where others have feedback: a number, or within PHP's form of an object."""
    if feedback.isascii() and feedback.isdecimal():
        return feedback
    found = _DRAG_GROUP.search(feedback)
    return found[1] if found else "1"


READERS: Mapping[str, Callable[[_Reader, str], None]] = {
    "multichoice": _Reader.choice,
    "truefalse": _Reader.true_false,
    "shortanswer": _Reader.short_text,
    "numerical": _Reader.number,
    "match": _Reader.match,
    "ddwtos": _Reader.gaps,
    "gapselect": _Reader.gaps,
    "ordering": _Reader.order,
    "calculated": _Reader.calculated,
    "calculatedsimple": _Reader.calculated,
    "multianswer": _Reader.cloze,
    "essay": _Reader.essay,
}
