"""From the text of an answer in a report to an answer of its question's type: the id of an option, a number, true or false.

Reports write an answer as the student saw it: the text of an option, several of them joined by semicolons in the order in which they were
shuffled, `option -> target` for a match. Canvas separates them itself, so its reader gives lists and dictionaries.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, TypeVar

from lmskit.importers.matching.text_forms import TextIndex, forms
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lmskit.schemas.quiz import AnswerValue, Question

T = TypeVar("T")
WrittenResponse: TypeAlias = str | list[str] | dict[str, str]
"""An answer as a report has it."""

TRUE_WORDS = frozenset({"true", "wahr", "richtig", "vrai", "verdadero"})
FALSE_WORDS = frozenset({"false", "falsch", "faux", "falso"})
"""What Moodle writes in English, German, French and Spanish; Canvas writes English."""
MOST_PIECES = 200
"""Pieces between semicolons in an answer that is taken apart."""
MOST_KNOWN = 1000
"""Answers that are remembered, since many students give the same."""
MOST_WAYS = 8
"""Ways to take an answer apart that are followed; with more than one at the end it is not read."""
ARROW = "->"
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:[.,][0-9]{0,18})?|[.,][0-9]{1,18})(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_ONLY_PART = re.compile(r"\s*+(?:part|teil|partie|parte)\s*+1\s*+:\s*+(?P<answer>.*+)", re.IGNORECASE | re.DOTALL)


def is_written(value: object) -> TypeGuard[WrittenResponse]:
    """Whether a value from JSON has the form of an answer in a report.

    Examples
    --------
    >>> is_written("a"), is_written(["a", "b"]), is_written({"a": "b"}), is_written([1]), is_written(None)
    (True, True, True, False, False)
    """
    if isinstance(value, dict):
        return all(isinstance(text, str) for pair in value.items() for text in pair)
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(text, str) for text in value))


class ResponseReader:
    """Reads the answers to one question.

    Examples
    --------
    >>> from lmskit.schemas.quiz import MultipleQuestion
    >>> options = [{"id": "A", "text": "2"}, {"id": "B", "text": "yes; no"}]
    >>> reader = ResponseReader(MultipleQuestion(id="1", type="multiple", prompt="Which?", points=1, options=options))
    >>> reader.read("yes; no; 2"), reader.read("2"), reader.read("yes")
    (['A', 'B'], ['A'], None)
    """

    def __init__(self, question: Question) -> None:
        self._type = question.type
        self._order = {option.id: nth for nth, option in enumerate(question.options)}
        texts = {option.id: option.text for option in question.options}
        self._options = TextIndex(texts)
        targets = {target.id: target.text for target in question.targets} if question.type is QuestionType.MATCH else {}
        self._target_ids = targets.keys()
        self._targets = TextIndex(targets)
        self._known: dict[str, AnswerValue] = {}
        self._longest = 1 + _most_semicolons(texts.values()) + _most_semicolons(targets.values())
        self._read: Callable[[WrittenResponse], AnswerValue] = {
            QuestionType.CHOICE: self._choice,
            QuestionType.MULTIPLE: self._multiple,
            QuestionType.TRUE_FALSE: _true_or_false,
            QuestionType.NUMERIC: as_number,
            QuestionType.SHORT_TEXT: _as_written,
            QuestionType.MATCH: self._match,
            QuestionType.ORDER: self._in_order,
            QuestionType.ESSAY: _as_written,
        }[question.type]

    def read(self, written: WrittenResponse) -> AnswerValue:
        """Return an answer in its stored form; None if it does not fit the question, or fits it in several ways."""
        if not isinstance(written, str):
            return self._read(written)
        if written not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[written] = self._read_text(written)
        return self._known[written]

    def _read_text(self, written: str) -> AnswerValue:
        found = self._read(written)
        if found is None and (only := _ONLY_PART.fullmatch(written)):
            return self._read(only["answer"])  # of a cloze question with one blank
        return found

    def fits(self, response: object) -> bool:
        """Whether a value has the stored form of an answer to the question.

        Examples
        --------
        >>> from lmskit.schemas.quiz import ChoiceQuestion
        >>> options = [{"id": "A", "text": "yes"}, {"id": "B", "text": "no"}]
        >>> reader = ResponseReader(ChoiceQuestion(id="1", type="choice", prompt="Is it?", points=1, options=options))
        >>> reader.fits("A"), reader.fits("yes"), reader.fits(["A"])
        (True, False, False)
        """
        of_texts = is_written(response)
        listed = set(response) if of_texts and isinstance(response, list) else None
        paired = response if of_texts and isinstance(response, dict) else None
        return {
            QuestionType.CHOICE: isinstance(response, str) and response in self._order,
            QuestionType.MULTIPLE: listed is not None and listed <= self._order.keys(),
            QuestionType.ORDER: listed is not None and listed == self._order.keys(),
            QuestionType.MATCH: paired is not None and paired.keys() <= self._order.keys() and set(paired.values()) <= self._target_ids,
            QuestionType.TRUE_FALSE: isinstance(response, bool),
            QuestionType.NUMERIC: isinstance(response, int | float) and not isinstance(response, bool),
            QuestionType.SHORT_TEXT: isinstance(response, str),
            QuestionType.ESSAY: isinstance(response, str) or paired is not None,
        }[self._type]

    def as_text(self, written: WrittenResponse) -> AnswerValue:
        """Return an answer that fits no option so that it cannot be mistaken for the id of one.

        Examples
        --------
        >>> from lmskit.schemas.quiz import ChoiceQuestion
        >>> options = [{"id": "A", "text": "yes"}, {"id": "B", "text": "no"}]
        >>> reader = ResponseReader(ChoiceQuestion(id="1", type="choice", prompt="Is it?", points=1, options=options))
        >>> reader.as_text("perhaps"), reader.as_text("A")
        ('perhaps', '“A”')
        """
        if isinstance(written, str):
            return f"“{written}”" if written in self._order else written
        if isinstance(written, list):
            return [f"“{text}”" if text in self._order else text for text in written]
        return {f"“{left}”" if left in self._order else left: right for left, right in written.items()}

    def _choice(self, written: WrittenResponse) -> str | None:
        if isinstance(written, list) and len(written) == 1:
            written = written[0]
        return self._options.find(written) if isinstance(written, str) else None

    def _multiple(self, written: WrittenResponse) -> list[str] | None:
        found = self._each_option(written)
        return None if found is None else sorted(found, key=self._order.__getitem__)

    def _in_order(self, written: WrittenResponse) -> list[str] | None:
        found = self._each_option(written)
        return found if found is not None and len(found) == len(self._order) else None

    def _each_option(self, written: WrittenResponse) -> list[str] | None:
        if isinstance(written, dict):
            return None
        if isinstance(written, str):
            return _taken_apart(written, self._options.find, self._longest)
        found = [self._options.find(text) for text in written]
        known = [identifier for identifier in found if identifier is not None]
        return known if len(known) == len(found) and len(set(known)) == len(known) else None

    def _match(self, written: WrittenResponse) -> dict[str, str] | None:
        if isinstance(written, list):
            return None
        if isinstance(written, str):
            pairs = _taken_apart(written, self._pair, self._longest)
        else:
            written = {left: right for left, right in written.items() if right.strip()}  # others were left blank
            pairs = [pair for sides in written.items() if (pair := self._pair_of(*sides)) is not None] or None
        complete = pairs is not None and (isinstance(written, str) or len(pairs) == len(written))
        if pairs is None or not complete or len({option for option, _ in pairs}) < len(pairs):
            return None
        return dict(sorted(pairs, key=lambda pair: self._order[pair[0]]))

    def _pair(self, text: str) -> tuple[str, str] | None:
        """Return the option and the target of `option -> target`; None if they are not known, or if there are several readings."""
        sides = text.split(ARROW)
        readings = (self._pair_of(ARROW.join(sides[:nth]), ARROW.join(sides[nth:])) for nth in range(1, min(len(sides), MOST_PIECES)))
        found = [pair for pair in readings if pair is not None]
        return found[0] if len(found) == 1 else None

    def _pair_of(self, option: str, target: str) -> tuple[str, str] | None:
        left, right = self._options.find(option), self._targets.find(target)
        return None if left is None or right is None else (left, right)


def _most_semicolons(texts: Iterable[str]) -> int:
    return max((text.count(";") for text in texts), default=0)


def _taken_apart(text: str, read: Callable[[str], T | None], longest: int) -> list[T] | None:
    """Read a text that consists of several, joined by semicolons; None if there is not exactly one way to do it.

    A text may contain semicolons itself, so each run of up to `longest` pieces may be one of the texts.
    """
    pieces = text.split(";")
    if len(pieces) > MOST_PIECES:
        return None
    ways: list[list[list[T]]] = [[] for _ in pieces] + [[[]]]
    for start in reversed(range(len(pieces))):
        for end in range(start + 1, min(start + longest, len(pieces)) + 1):
            if ways[end] and (found := read(";".join(pieces[start:end]))) is not None:
                ways[start] += [[found, *rest] for rest in ways[end] if found not in rest]
        del ways[start][MOST_WAYS:]
    return ways[0][0] if len(ways[0]) == 1 else None


def _as_written(written: WrittenResponse) -> AnswerValue:
    return written


def _true_or_false(written: WrittenResponse) -> bool | None:
    word = forms(written).caseless if isinstance(written, str) else ""
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def as_number(written: WrittenResponse) -> float | None:
    """Read a number with a decimal point or a decimal comma, but without groups of thousands; None if it is another text.

    Examples
    --------
    >>> as_number("3,14"), as_number(" 2.50 "), as_number("22/7")
    (3.14, 2.5, None)
    """
    text = written.strip().replace("\u2212", "-") if isinstance(written, str) else ""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text.replace(",", "."))
    return number if math.isfinite(number) else None
