"""The texts of a question in a report, compared with a question whose prompt and options are known.

The cell of a question has its prompt and, after a colon, its options in the order in which one student saw them: `Which? : 9; 1; 7`, for
a match `Which? {a; b} -> {1; 2}`.

Source of the format: `get_question_summary` of the question types of Moodle (`question/type/*/question.php`).
"""

from __future__ import annotations

import re
from collections import Counter
from enum import IntEnum
from typing import TYPE_CHECKING

from lmskit.importers.matching.text_forms import forms
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lmskit.schemas.quiz import Question

MOST_VARIANTS = 20
"""Texts of one question that are kept; a question with calculated numbers has as many as there are numbers."""
MOST_KNOWN = 1000
"""Texts that are remembered as they are, since most rows repeat one."""
LEAST_SHARED = 0.8
"""Share of the words of a prompt that a similar text has; it has all its numbers."""
_BETWEEN = re.compile(r"[:;{}/]|->")
_OPTIONS_BEGIN = (":", ";", "{")
_NUMBER = re.compile(r"[0-9]++(?:[.,][0-9]++)?+")
_WORD = re.compile(r"\w++")


class PromptFit(IntEnum):
    """How the texts of a question in a report fit a known question, from contradiction to certainty."""

    OTHER = 0
    UNKNOWN = 1
    """The report does not contain the text."""
    SIMILAR = 2
    """The same options with a similar prompt: markup, formulas and tables are written differently."""
    SAME_PROMPT = 3
    """The same prompt with other options."""
    SAME = 4


def pieces(text: str) -> Counter[str]:
    """Return the pieces of a text between colons, semicolons and braces, whose order does not matter."""
    return Counter(piece for piece in _BETWEEN.split(forms(text).lenient) if piece)


def variant(text: str) -> str:
    """Return what is the same for all orders in which options are shuffled.

    Examples
    --------
    >>> variant("Which? : 9; 1; 7") == variant("Which?  : 7; 9; 1"), variant("Which? : 9; 1") == variant("Which? : 9; 2")
    (True, False)
    """
    return ";".join(sorted(pieces(text).elements()))


def variants(texts: Iterable[str]) -> dict[str, str]:
    """Return the first text of each variant, at most `MOST_VARIANTS` of them; which are kept does not depend on their order.

    Examples
    --------
    >>> variants(["B : y; x", "A", "B : x; y"])
    {'a': 'A', 'b;x;y': 'B : x; y'}
    """
    first: dict[str, str] = {}
    for text in texts:
        same = variant(text)
        first[same] = min(first.get(same, text), text)
    return dict(sorted(first.items())[:MOST_VARIANTS])


class SeenVariants:
    """Collects the texts of a question over the rows of a report.

    Examples
    --------
    >>> seen = SeenVariants()
    >>> for text in ("Which? : b; a", "Which? : a; b", "Which? : b; a"):
    ...     seen.add(text)
    >>> seen.texts
    ('Which? : a; b',)
    """

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._known: set[str] = set()

    @property
    def texts(self) -> tuple[str, ...]:
        """The first text of each variant, by variant."""
        return tuple(text for _, text in sorted(self._first.items())[:MOST_VARIANTS])

    def add(self, text: str) -> None:
        """Look at a text."""
        if text in self._known:
            return
        if len(self._known) < MOST_KNOWN:
            self._known.add(text)
        same = variant(text)
        self._first[same] = min(self._first.get(same, text), text)
        if len(self._first) > 2 * MOST_VARIANTS:
            self._first = dict(sorted(self._first.items())[:MOST_VARIANTS])


def is_drawn_at_random(seen: Mapping[str, str]) -> bool:
    """Whether variants are different questions, and not the same question with calculated numbers.

    Examples
    --------
    >>> is_drawn_at_random(variants(["What is 2 times 3?", "What is 7 times 8?"])), is_drawn_at_random(variants(["One?", "Two?"]))
    (False, True)
    """
    return len({tuple(sorted(_NUMBER.sub("#", piece) for piece in same.split(";"))) for same in seen}) > 1


def unknown_prompt(number: str) -> str:
    """Return what stands for the text of a question that no file has."""
    return f"Question {number}"


def drawn_prompt(number: str) -> str:
    """Return what stands for the texts of questions that are drawn at random for each student."""
    return f"{unknown_prompt(number)}, drawn at random"


class SeenText:
    """The text of a question as a report has it, prepared for comparisons."""

    def __init__(self, text: str) -> None:
        self.lenient = forms(text).lenient
        self.pieces = pieces(text)
        self.words = Counter(_WORD.findall(forms(text).caseless))


class KnownText:
    """The prompt of a known question with its options and targets, prepared for comparisons."""

    def __init__(self, question: Question) -> None:
        self.lenient = forms(question.prompt).lenient
        self.words = Counter(_WORD.findall(forms(question.prompt).caseless))
        self.says_nothing = question.prompt in {unknown_prompt(question.id), drawn_prompt(question.id)}
        targets = question.targets if question.type is QuestionType.MATCH else ()
        self.pieces: Counter[str] = Counter()
        for option in (*question.options, *targets):
            self.pieces += pieces(option.text)
        shown = " ".join([question.prompt, *(option.text for option in (*question.options, *targets))])
        self.all_words = Counter(word for word in _WORD.findall(forms(shown).caseless) if word.strip("_"))

    def fit(self, seen: Iterable[SeenText]) -> PromptFit:
        """Return how well all texts that a report has for a question fit this one.

        Examples
        --------
        >>> from lmskit.schemas.quiz import ChoiceQuestion
        >>> options = [{"id": "A", "text": "5"}, {"id": "B", "text": "4; 5"}]
        >>> mean = KnownText(ChoiceQuestion(id="1", type="choice", prompt="What is the mean?", points=1, options=options))
        >>> [mean.fit([SeenText(text)]).name for text in ("What is the MEAN?  : 4; 5; 5", "What is the mean? : 1; 2", "And the median?")]
        ['SAME', 'SAME_PROMPT', 'OTHER']
        >>> mean.fit([]).name, mean.fit([SeenText("What is the mean?"), SeenText("What is the median?")]).name
        ('UNKNOWN', 'OTHER')
        """
        return min(map(self._fit_one, seen), default=PromptFit.UNKNOWN)

    def is_contradicted(self, seen: SeenText) -> bool:
        """Whether a text that a report has is that of another question: it has less than half of the words that this one is made of.

        The numbers of a calculated question, gaps, formulas and pictures are written differently, and many words are the same then.

        Examples
        --------
        >>> from lmskit.schemas.quiz import NumericQuestion
        >>> twice = KnownText(NumericQuestion(id="1", type="numeric", prompt="What is {a} times 2?", points=1))
        >>> [twice.is_contradicted(SeenText(text)) for text in ("What is 7 times 2?", "And the median?")]
        [False, True]
        """
        lacking = self.all_words - seen.words
        return not self.says_nothing and self._fit_one(seen) is PromptFit.OTHER and 2 * lacking.total() > self.all_words.total()

    def _fit_one(self, seen: SeenText) -> PromptFit:
        if not self.lenient:
            return PromptFit.UNKNOWN
        if seen.lenient == self.lenient:
            return PromptFit.SAME
        if seen.lenient.startswith(self.lenient) and (rest := seen.lenient[len(self.lenient) :]).startswith(_OPTIONS_BEGIN):
            return PromptFit.SAME if Counter(filter(None, _BETWEEN.split(rest))) == self.pieces else PromptFit.SAME_PROMPT
        if self.pieces and self.pieces.keys() <= seen.pieces.keys() and self.pieces <= seen.pieces and self._is_similar(seen):
            return PromptFit.SIMILAR
        return PromptFit.OTHER

    def _is_similar(self, seen: SeenText) -> bool:
        lacking, total = self.words - seen.words, self.words.total()
        return total > 0 and lacking.total() <= (1 - LEAST_SHARED) * total and not any(map(_NUMBER.search, lacking))
