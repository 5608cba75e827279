"""The questions, the key and the answers of a quiz, from the numbered questions of its reports and the questions of banks.

The reports define the quiz: what they number are its questions, with these numbers as ids and with their points. A bank only adds what a
report does not contain: type, options, key and topic. So does the quiz's own question of the same number, as a backup has it, unless the
text of a report is that of another question.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lmskit.importers.matching.question_text import KnownText, SeenText, is_drawn_at_random, unknown_prompt, variants
from lmskit.importers.matching.questions import SMALLEST, Candidate, matching
from lmskit.importers.matching.text_forms import forms
from lmskit.importers.matching.typed_response import FALSE_WORDS, TRUE_WORDS, ResponseReader, as_number, is_written
from lmskit.importers.question_banks.bank import lettered_options
from lmskit.schemas.quiz import ChoiceQuestion, KeyEntry, NumericQuestion, Option, QuizContent, ShortTextQuestion, TrueFalseQuestion
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lmskit.importers.matching.questions import Slot, Undecided
    from lmskit.importers.matching.typed_response import WrittenResponse
    from lmskit.schemas.quiz import AnswerValue, Question

NOTHING: Mapping[str, Question] = MappingProxyType({})
OF_QUIZ = ""
"""Where the quiz's own questions are from, which are in no bank."""
OPTIONS_CHOSEN = range(2, 21)
"""Different answers that are taken for the options of a question; with more of them students typed their answers."""


@dataclass(frozen=True, slots=True)
class JoinedQuiz:
    """The content of a quiz, and how its questions were found."""

    content: QuizContent
    found: Mapping[str, Candidate]
    """The question of a bank by the number of the report."""
    undecided: tuple[Undecided, ...]
    by_answers_alone: tuple[str, ...]
    """Numbers whose question was found without its text."""
    drawn_at_random: tuple[str, ...]
    """Numbers under which students had different questions."""
    without_points: tuple[str, ...]
    """Numbers whose points no report contains yet; they have 0 points."""
    rounded_points: tuple[str, ...]
    """Numbers whose points are those of the report, which may be rounded."""
    own: Mapping[str, Candidate] = field(default_factory=dict)
    """The quiz's own question by the number of the report."""

    def readers(self, before: Mapping[str, Question] = NOTHING) -> dict[str, AnswerReader]:
        """Return what reads the answers to each question; `before` has the questions as whose answers they are stored."""
        found = {}
        for question in self.content.questions:
            earlier = before.get(question.id)
            other = None if earlier is None or _has_same_answers(earlier, question) else ResponseReader(earlier)
            found[question.id] = AnswerReader(ResponseReader(question), is_own=question.id in self.own, earlier=other)
        return found


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Reads the answers to a question of a quiz.

    Attributes
    ----------
    reader
        Reads what a report has.
    is_own
        Whether it is the quiz's own question, so that a backup has answers to it in its stored form, which their texts need not show.
    earlier
        What has read the answers so far; None if the same question has.
    """

    reader: ResponseReader
    is_own: bool = False
    earlier: ResponseReader | None = None

    def keeps(self, answer: Mapping[str, Any], written: WrittenResponse) -> bool:
        """Whether an answer is in its stored form already, and not because it was read as one to another question."""
        response = answer.get("response")
        is_read = isinstance(response, str) and response == written
        if not self.is_own or is_read or not (response is None or self.reader.fits(response)):
            return False
        return self.earlier is None or self.earlier.read(written) != response


def _has_same_answers(one: Question, other: Question) -> bool:
    """Whether what is stored of an answer means the same for two questions."""
    same = one.type is other.type and one.options == other.options
    return same and getattr(one, "targets", ()) == getattr(other, "targets", ())


def joined_quiz(slots: Iterable[Slot], candidates: Iterable[Candidate], max_score: float) -> JoinedQuiz:
    """Join the numbered questions of reports with those of banks.

    Parameters
    ----------
    slots
        All numbered questions of the reports, in the order of the quiz.
    candidates
        Questions that may belong to them.
    max_score
        The maximum score of the quiz in its reports, to which their points are scaled.
    """
    numbered = tuple(slots)
    own = {slot.name: slot.own for slot in numbered if slot.own is not None and not _is_contradicted(slot, slot.own)}
    others = [
        Candidate(OF_QUIZ, nth, slot.own.question, slot.own.key)
        for nth, slot in enumerate(numbered, 1)
        if slot.own is not None and slot.name not in own
    ]
    matched = matching([slot for slot in numbered if slot.name not in own], [*candidates, *others])
    exact = _exact_points(numbered, matched.found, max_score) | {
        slot.name: own[slot.name].question.points for slot in numbered if slot.name in own and _agrees(slot, own[slot.name])
    }
    questions: list[Question] = []
    key: dict[str, KeyEntry] = {}
    for slot in numbered:
        points = exact.get(slot.name, slot.points or 0.0)
        candidate = own.get(slot.name) or matched.found.get(slot.name)
        question, entry = _unmatched(slot, points) if candidate is None else _of_bank(slot, candidate, points)
        questions.append(question)
        if entry is not None:
            key[slot.name] = entry
    return JoinedQuiz(
        QuizContent(questions=tuple(questions), answer_key=key),
        matched.found,
        matched.undecided,
        matched.by_answers_alone,
        drawn_at_random=tuple(slot.name for slot in numbered if is_drawn_at_random(variants(slot.texts))),
        without_points=tuple(slot.name for slot in numbered if slot.points is None and slot.name not in exact),
        rounded_points=tuple(slot.name for slot in numbered if slot.name not in exact and _may_be_rounded(slot)),
        own=own,
    )


def joined_answers(answers: Sequence[dict[str, Any]], readers: Mapping[str, AnswerReader]) -> tuple[list[dict[str, Any]], int]:
    """Return answers in their stored form and in the order of the quiz, and how many of them fit no option of their question.

    Parameters
    ----------
    answers
        Answers as `lmskit.schemas.quiz.Answer`. What the report has is `raw`, or the response itself without it.
    readers
        What reads the answers to each question, in the order of the quiz; other answers stay as they are, and come last.
    """
    joined, unreadable = [], 0
    position = {question: nth for nth, question in enumerate(readers)}
    for answer in sorted(answers, key=lambda answer: position.get(_asked(answer), len(position))):
        reader = readers.get(_asked(answer))
        written = None if reader is None else answer.get("raw", answer.get("response"))
        if reader is None or not is_written(written) or reader.keeps(answer, written):
            joined.append(answer)
            continue
        response = reader.reader.read(written)
        if response is None:
            unreadable += 1
            response = reader.reader.as_text(written)
        kept = {name: value for name, value in answer.items() if name != "raw"} | {"response": response}
        joined.append(kept if _is_same(response, written) else kept | {"raw": written})
    return joined, unreadable


def _asked(answer: object) -> str:
    """Return the question of an answer; the database accepts any list as answers."""
    question = answer.get("question") if isinstance(answer, dict) else None
    return question if isinstance(question, str) else ""


def _is_same(response: AnswerValue, written: WrittenResponse) -> bool:
    return type(response) is type(written) and response == written


def _of_bank(slot: Slot, candidate: Candidate, points: float) -> tuple[Question, KeyEntry | None]:
    return candidate.question.model_copy(update={"id": slot.name, "points": points}), candidate.key


def _unmatched(slot: Slot, points: float) -> tuple[Question, KeyEntry | None]:
    """Return the question that a report alone describes: its right answer is the key if it is the same for all students."""
    texts, right = variants(slot.texts), variants(text for text in slot.right_answers if isinstance(text, str))
    prompt = next(iter(sorted(texts.values())), unknown_prompt(slot.name))
    same_for_all = len(right) == 1 and not is_drawn_at_random(texts)
    answer = next(iter(right.values()), "")
    written = [text for text in slot.responses if isinstance(text, str)]
    if same_for_all and _is_word(answer) and len(written) == len(slot.responses) and all(map(_is_word, written)):
        entry = KeyEntry(answer=forms(answer).caseless in TRUE_WORDS)
        return TrueFalseQuestion(id=slot.name, type=QuestionType.TRUE_FALSE, prompt=prompt, points=points), entry
    if len(right) > 1 and not is_drawn_at_random(texts) and all(as_number(text) is not None for text in right.values()):
        return NumericQuestion(id=slot.name, type=QuestionType.NUMERIC, prompt=prompt, points=points), None
    if slot.shows_options and len(written) == len(slot.responses) and len(options := sorted(set(written))) in OPTIONS_CHOSEN:
        lettered = [Option(**option) for option in lettered_options(options)]
        return ChoiceQuestion(id=slot.name, type=QuestionType.CHOICE, prompt=prompt, points=points, options=tuple(lettered)), None
    question = ShortTextQuestion(id=slot.name, type=QuestionType.SHORT_TEXT, prompt=prompt, points=points)
    return question, KeyEntry(answer=[answer]) if same_for_all else None


def _is_word(text: str) -> bool:
    return forms(text).caseless in TRUE_WORDS | FALSE_WORDS


def _is_contradicted(slot: Slot, own: Candidate) -> bool:
    """Whether a report has the text of another question; one that was drawn at random, or whose text is unknown, has none."""
    if is_drawn_at_random(variants(slot.texts)):
        return False
    known = KnownText(own.question)
    return any(known.is_contradicted(SeenText(text)) for text in slot.texts)


def _agrees(slot: Slot, own: Candidate) -> bool:
    """Whether the points of a report are those of the quiz's own question, but for rounding."""
    return slot.points is None or abs(slot.points - own.question.points) <= _rounding(slot)


def _exact_points(slots: Sequence[Slot], found: Mapping[str, Candidate], max_score: float) -> dict[str, float]:
    """Return the points of a bank, scaled to the maximum score of the quiz, if they are those of the report but for its rounding."""
    of_bank = sum(candidate.question.points for candidate in found.values())
    if len(found) < len(slots) or of_bank <= 0 or max_score <= 0:
        return {}
    exact = {name: candidate.question.points * max_score / of_bank for name, candidate in found.items()}
    agree = all(slot.points is not None and abs(slot.points - exact[slot.name]) <= _rounding(slot) for slot in slots)
    return exact if agree else {}


def _rounding(slot: Slot) -> float:
    return 0.5 * 10.0**-slot.decimals + SMALLEST


def _may_be_rounded(slot: Slot) -> bool:
    """Whether the points use all decimals of the report, as those of a scaled question do."""
    return slot.points is not None and slot.decimals > 0 and round(slot.points, slot.decimals - 1) != round(slot.points, slot.decimals)
