"""Which question of a bank is which numbered question of a report.

A report numbers its questions and may have their texts, right answers and the answers of students; a bank has the questions with options
and key, in another order, more than the quiz has, and some of them twice. Nothing is decided by position alone, except between questions
that are the same in every respect. What stays undecided is reported with all candidates.

The result is a function of what was read from all files so far, whatever their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from lmskit.importers.matching.question_text import KnownText, PromptFit, SeenText
from lmskit.importers.matching.text_forms import forms
from lmskit.importers.matching.typed_response import ResponseReader
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from lmskit.importers.matching.typed_response import WrittenResponse
    from lmskit.schemas.quiz import AnswerValue, KeyEntry, Question

CLOSED = frozenset({QuestionType.CHOICE, QuestionType.MULTIPLE, QuestionType.TRUE_FALSE, QuestionType.MATCH, QuestionType.ORDER})
"""Types whose answers are known beforehand, so that another answer is one to another question."""
SMALLEST = 1e-9


class KeyFit(IntEnum):
    """How the right answers in a report fit the key of a known question."""

    OTHER = 0
    DOUBTFUL = 1
    """The report has no right answers, and the scores of students contradict the key, which may have been corrected."""
    UNREADABLE = 2
    """They are not answers of its type, such as the text of an option that it does not have."""
    UNKNOWN = 3
    """The report has no right answers, or the question has no key."""
    SAME = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """A numbered question of a report, with what the files say about it.

    `responses` are those of all attempts; `rewarded` and `unrewarded` are those that earned all points and none in every attempt.
    `decimals` is how many decimals its points are written with.
    """

    name: str
    points: float | None = None
    decimals: int = 2
    texts: tuple[str, ...] = ()
    right_answers: tuple[WrittenResponse, ...] = ()
    responses: tuple[WrittenResponse, ...] = ()
    rewarded: tuple[WrittenResponse, ...] = ()
    unrewarded: tuple[WrittenResponse, ...] = ()
    source_id: str | None = None
    """The id that the system of the report gives the question."""
    shows_options: bool = False
    """Whether answers are written as the texts of options, without a list of all options, as in Canvas."""
    own: Candidate | None = None
    """The question that the quiz itself has under this number, as from a backup."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question of a bank, with its key."""

    bank: str
    """Where it is from, so that the same question of two files is one question."""
    number: int
    """Its position in the bank."""
    question: Question
    key: KeyEntry | None = None
    source_id: str | None = None


class Undecided(NamedTuple):
    """A slot to which several questions could belong, or whose question could belong to several slots."""

    slot: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """The questions by the names of their slots, and the slots that stay undecided; about all others nothing is known."""

    found: Mapping[str, Candidate]
    undecided: tuple[Undecided, ...]
    by_answers_alone: tuple[str, ...] = ()
    """Slots whose text no report has, so that right answers or scores decided."""


class Fit(NamedTuple):
    """How well a candidate fits a slot."""

    prompt: PromptFit
    key: KeyFit
    answers_fit: bool
    """Whether all answers of students are possible answers to it."""

    @property
    def is_possible(self) -> bool:
        """Whether the text or the right answer says that it is this question, and nothing contradicts it."""
        if self.key is KeyFit.OTHER:
            return False
        match self.prompt:
            case PromptFit.SAME:
                return True
            case PromptFit.SAME_PROMPT:
                return self.answers_fit and self.key >= KeyFit.UNKNOWN
            case PromptFit.SIMILAR | PromptFit.UNKNOWN:
                return self.answers_fit and self.key is KeyFit.SAME
        return False


def matching(slots: Iterable[Slot], candidates: Iterable[Candidate]) -> Matching:
    """Find the question of each slot.

    Parameters
    ----------
    slots
        The numbered questions of the reports on one quiz.
    candidates
        The questions that may belong to them.
    """
    search = _Search(sorted(slots, key=lambda slot: natural_order(slot.name)), _groups(candidates))
    search.by_source_id()
    search.by_evidence()
    return search.result()


def is_right(question: Question, key: KeyEntry, answer: AnswerValue) -> bool:
    """Whether an answer in its stored form is the right one."""
    right = key.answer
    if question.type is QuestionType.NUMERIC and isinstance(answer, float) and isinstance(right, float):
        return abs(answer - right) <= (key.tolerance or 0) + SMALLEST * max(1.0, abs(right))
    if question.type is QuestionType.SHORT_TEXT and isinstance(answer, str) and isinstance(right, list):
        return forms(answer).caseless in {forms(text).caseless for text in right}
    if question.type is QuestionType.MULTIPLE and isinstance(answer, list) and isinstance(right, list):
        return set(answer) == set(right)
    return answer == right


def natural_order(name: str) -> tuple[int, str]:
    """Return a key that sorts names as people number them: 2 before 10, 2 before 2a.

    Examples
    --------
    >>> sorted(["10", "2a", "2", "b"], key=natural_order)
    ['b', '2', '2a', '10']
    """
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    return int(digits[:18] or 0), name


@dataclass
class _Group:
    """Questions that are the same in every respect but points, topic and feedback; they are taken in their order."""

    members: list[Candidate]
    taken: int = 0

    def __post_init__(self) -> None:
        self.text, self.reader = KnownText(self.first.question), ResponseReader(self.first.question)

    @property
    def first(self) -> Candidate:
        return self.members[0]

    @property
    def free(self) -> int:
        """How many are left: the same question of two banks is one question, two of one bank are two."""
        return max(Counter(member.bank for member in self.members).values()) - self.taken

    def take(self) -> Candidate:
        of_bank = [member for member in self.members if member.bank == self.first.bank]
        self.taken += 1
        return of_bank[min(self.taken, len(of_bank)) - 1]

    def fit(self, slot: Slot, seen: Sequence[SeenText]) -> Fit | None:
        """Return how well the question fits a slot; None if it cannot be the question of the slot."""
        prompt = self.text.fit(seen)
        if prompt is PromptFit.OTHER:
            return None
        closed = self.first.question.type in CLOSED
        answers_fit = not closed or all(self.reader.read(response) is not None for response in slot.responses)
        found = Fit(prompt, self._key_fit(slot), answers_fit)
        return found if found.is_possible else None

    def _key_fit(self, slot: Slot) -> KeyFit:
        question, key = self.first.question, self.first.key
        if key is None or key.answer is None:
            return KeyFit.UNKNOWN
        if not slot.right_answers:
            return self._score_fit(slot, key)
        answers = [self.reader.read(text) for text in slot.right_answers]
        if any(answer is not None and not is_right(question, key, answer) for answer in answers):
            return KeyFit.OTHER
        return KeyFit.UNREADABLE if None in answers else KeyFit.SAME

    def _score_fit(self, slot: Slot, key: KeyEntry) -> KeyFit:
        """Return how the key fits the answers that earned all points and none; a typed answer may earn points in many writings."""
        rewarded, unrewarded = (
            [answer is not None and is_right(self.first.question, key, answer) for answer in map(self.reader.read, responses)]
            for responses in (slot.rewarded, slot.unrewarded)
        )
        if self.first.question.type in CLOSED and (not all(rewarded) or any(unrewarded)):
            return KeyFit.DOUBTFUL
        return KeyFit.SAME if rewarded and all(rewarded) else KeyFit.UNKNOWN


def _groups(candidates: Iterable[Candidate]) -> list[_Group]:
    by_content: dict[Hashable, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda each: (each.bank, each.number)):
        by_content[_content(candidate)].append(candidate)
    return [_Group(members) for members in by_content.values()]


def _content(candidate: Candidate) -> Hashable:
    """Return what two questions have in common if a student sees no difference between them, and their keys agree."""
    question, key = candidate.question, candidate.key
    texts = {option.id: forms(option.text).lenient for option in question.options}
    targets = {target.id: forms(target.text).lenient for target in question.targets} if question.type is QuestionType.MATCH else {}
    shown = question.type, forms(question.prompt).lenient, tuple(sorted(texts.values())), tuple(sorted(targets.values()))
    answer = None if key is None else key.answer
    if isinstance(answer, dict):
        return shown, tuple(sorted((texts.get(left, left), targets.get(right, right)) for left, right in answer.items()))
    if isinstance(answer, list):
        answers = [texts.get(each, each) for each in answer]
        return shown, tuple(answers if question.type is QuestionType.ORDER else sorted(answers))
    return shown, texts.get(answer, answer) if isinstance(answer, str) else answer


@dataclass(frozen=True, slots=True)
class _Lead:
    """A group that a slot may belong to."""

    group: _Group
    fit: Fit

    @property
    def strength(self) -> tuple[PromptFit, KeyFit]:
        return self.fit.prompt, self.fit.key


class _Search:
    """Slots that have no question yet, and what could belong to each."""

    def __init__(self, slots: Sequence[Slot], groups: Sequence[_Group]) -> None:
        self._slots, self._groups = {slot.name: slot for slot in slots}, groups
        self._found: dict[str, Candidate] = {}
        self._fits: dict[str, Fit] = {}
        self._leads: dict[str, list[_Lead]] = {}

    def by_source_id(self) -> None:
        """Find the questions to which the two systems give the same id."""
        known = {group.first.source_id: group for group in self._groups if group.first.source_id is not None}
        for slot in self._slots.values():
            if slot.source_id in known and known[slot.source_id].free:
                self._found[slot.name] = known[slot.source_id].take()

    def by_evidence(self) -> None:
        """Find questions by their texts and right answers; among several of them by their points."""
        for slot in self._slots.values():
            if slot.name not in self._found and (leads := self._best(slot)):
                self._leads[slot.name] = leads
        while self._settle() or self._narrow_by_points():
            pass

    def result(self) -> Matching:
        """Return what was found; true or false alone is not enough to find a question, unless all questions of the quiz are found."""
        undecided = {name: tuple(lead.group.first for lead in leads) for name, leads in self._leads.items()}
        alone = [name for name, fit in self._fits.items() if fit.prompt is PromptFit.UNKNOWN]
        if len(self._found) < len(self._slots):
            for name in [name for name in alone if self._found[name].question.type is QuestionType.TRUE_FALSE]:
                undecided[name] = (self._found.pop(name),)
        return Matching(
            {name: self._found[name] for name in self._slots if name in self._found},
            tuple(Undecided(name, undecided[name]) for name in self._slots if name in undecided),
            tuple(name for name in self._slots if name in alone and name in self._found),
        )

    def _best(self, slot: Slot) -> list[_Lead]:
        seen = [SeenText(text) for text in slot.texts]
        leads = [_Lead(group, found) for group in self._groups if group.free and (found := group.fit(slot, seen)) is not None]
        best = max((lead.strength for lead in leads), default=None)
        return [lead for lead in leads if lead.strength == best]

    def _settle(self) -> bool:
        """Give slots with one lead its question, unless others have the same lead on the same grounds."""
        alone: dict[int, list[tuple[str, _Lead]]] = defaultdict(list)
        for name, leads in self._leads.items():
            if len(leads) == 1:
                alone[id(leads[0].group)].append((name, leads[0]))
        settled = False
        for rivals in alone.values():
            best = max(lead.strength for _, lead in rivals)
            strongest = [(name, lead) for name, lead in rivals if lead.strength == best]
            if len(strongest) <= strongest[0][1].group.free:
                for name, lead in strongest:
                    self._found[name], self._fits[name] = lead.group.take(), lead.fit
                    del self._leads[name]
                settled = True
        remaining = {name: [lead for lead in leads if lead.group.free] for name, leads in self._leads.items()}
        self._leads = {name: leads for name, leads in remaining.items() if leads}
        return settled

    def _narrow_by_points(self) -> bool:
        """Keep those leads whose points are in proportion to those of the questions found so far, where that leaves one."""
        known = [(self._slots[name].points, candidate.question.points) for name, candidate in self._found.items()]
        pairs = [(points, of_bank) for points, of_bank in known if points and of_bank]
        if not pairs:
            return False
        scale = sum(points for points, _ in pairs) / sum(of_bank for _, of_bank in pairs)
        narrowed = False
        for name, leads in self._leads.items():
            points = self._slots[name].points
            if points is None or len(leads) == 1:
                continue
            kept = [lead for lead in leads if any(self._is_proportional(name, scale * each.question.points) for each in lead.group.members)]
            if len(kept) == 1:
                self._leads[name], narrowed = kept, True
        return narrowed

    def _is_proportional(self, name: str, expected: float) -> bool:
        slot = self._slots[name]
        return slot.points is not None and abs(slot.points - expected) <= 10.0**-slot.decimals + SMALLEST
