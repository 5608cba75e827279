"""From the answers of a question in another system, each with its share of the points, to a question and its key.

In other systems each answer has a share of the points; in lmskit an option is right or wrong. A question with other shares
is imported, with a warning about the difference.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lmskit.importers.question_banks.bank import UnmappedError, joined_feedback, lettered_options
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.importers.question_banks.bank import Draft

WHOLE = 100.0
NEARLY = 0.01
"""Difference between shares that are equal, such as 33.33333 and a third."""
PARTIAL = "gives some of the points for an answer; in lmskit this answer is wrong"
SEVERAL_RIGHT = "has several right options, of which a student chooses one; the first of them is the key"
UNEVEN = "gives unequal shares of the points for the right options, which are not imported"
PENALTY = "deducts points for wrong options, which is not imported"
WILDCARD = "accepts any text for the *; the * is imported as it is"
SOME_ITEMS = "shows each student only some of its items, and is imported with all of them"
SEVERAL_NUMBERS = "accepts several numbers; the first that earns all points is the key"

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """An answer, and the share of the points that it earns, in per cent."""

    text: str
    share: float
    feedback: str = ""


def put_choice(draft: Draft, answers: Sequence[AnswerShare], general: str, *, single: bool) -> None:
    """Make a draft a question with options, of which a student chooses one (`single`) or any number."""
    _enough(answers, 2, "option")
    options = lettered_options([answer.text for answer in answers])
    ids = [option["id"] for option in options]
    draft.fields |= {"type": QuestionType.CHOICE if single else QuestionType.MULTIPLE, "options": options}
    if single:
        right = [identifier for identifier, answer in zip(ids, answers, strict=True) if answer.share >= WHOLE - NEARLY]
        if not right:
            raise UnmappedError("has no option that earns all points")
        if len(right) > 1:
            draft.warn(SEVERAL_RIGHT)
        if any(NEARLY < answer.share < WHOLE - NEARLY for answer in answers):
            draft.warn(PARTIAL)
        answer_key: str | list[str] = right[0]
    else:
        shares = [answer.share for answer in answers if answer.share > NEARLY]
        if not shares:
            raise UnmappedError("has no right option")
        if max(shares) - min(shares) > NEARLY or abs(sum(shares) - WHOLE) > 1:
            draft.warn(UNEVEN)
        answer_key = [identifier for identifier, answer in zip(ids, answers, strict=True) if answer.share > NEARLY]
    if any(answer.share < -NEARLY for answer in answers):
        draft.warn(PENALTY)
    draft.key = _key(answer_key, general, answers)


def put_true_false(draft: Draft, *, right: bool, general: str, feedback: Sequence[AnswerShare]) -> None:
    """Make a draft a statement that is true or false."""
    draft.fields |= {"type": QuestionType.TRUE_FALSE}
    draft.key = _key(right, general, feedback)


def put_short_text(draft: Draft, answers: Sequence[AnswerShare], general: str) -> None:
    """Make a draft a question whose answer is a word or two."""
    _enough(answers, 1, "answer")
    right = list(dict.fromkeys(answer.text for answer in answers if answer.share >= WHOLE - NEARLY))
    if not right or not any(text.strip(" *") for text in right):
        raise UnmappedError("has no answer that earns all points, or only one that accepts every text")
    if any("*" in text for text in right):
        draft.warn(WILDCARD)
    if any(NEARLY < answer.share < WHOLE - NEARLY for answer in answers):
        draft.warn(PARTIAL)
    draft.fields |= {"type": QuestionType.SHORT_TEXT}
    draft.key = _key(right, general, answers)


@dataclass(frozen=True, slots=True)
class NumberShare:
    """A number with its tolerance, and the share of the points that it earns, in per cent; None is any number."""

    number: float | None
    tolerance: float
    share: float
    feedback: str = ""

    @property
    def as_text(self) -> AnswerShare:
        """The number as a text, for its feedback."""
        text = "*" if self.number is None else f"{self.number:g}"
        return AnswerShare(text, self.share, self.feedback)


def put_number(draft: Draft, answers: Sequence[NumberShare], general: str) -> None:
    """Make a draft a question whose answer is a number."""
    right = [answer for answer in answers if answer.share >= WHOLE - NEARLY and answer.number is not None]
    if not right:
        raise UnmappedError("has no number that earns all points")
    if len({(answer.number, answer.tolerance) for answer in right}) > 1:
        draft.warn(SEVERAL_NUMBERS)
    if any(NEARLY < answer.share < WHOLE - NEARLY for answer in answers):
        draft.warn(PARTIAL)
    draft.fields |= {"type": QuestionType.NUMERIC}
    draft.key = _key(right[0].number, general, [answer.as_text for answer in answers]) | {"tolerance": right[0].tolerance}


def put_match(draft: Draft, pairs: Sequence[tuple[str, str]], general: str) -> None:
    """Make a draft a question that matches texts; a pair without a first text only adds a target."""
    options = lettered_options([first for first, _ in pairs if first])
    targets = {text: str(number) for number, text in enumerate(dict.fromkeys(second for _, second in pairs), 1)}
    if not options or len(targets) < 1:
        raise UnmappedError("has nothing to match")
    repeated = [text for text, times in Counter(first for first, _ in pairs if first).items() if times > 1]
    if repeated:
        draft.warn("matches the same text more than once", repeated[0])
    answer = {option["id"]: targets[second] for option, second in zip(options, [second for first, second in pairs if first], strict=True)}
    draft.fields |= {
        "type": QuestionType.MATCH,
        "options": options,
        "targets": [{"id": identifier, "text": text} for text, identifier in targets.items()],
    }
    draft.key = _key(answer, general, ())


def put_order(draft: Draft, items: Sequence[AnswerShare], general: str) -> None:
    """Make a draft a question whose items have to be put in the order in which they are given."""
    _enough(items, 2, "item")
    options = lettered_options([item.text for item in items])
    draft.fields |= {"type": QuestionType.ORDER, "options": options}
    draft.key = _key([option["id"] for option in options], general, items)


def put_essay(draft: Draft, general: str) -> None:
    """Make a draft a question whose answer is a text that a person grades."""
    draft.fields |= {"type": QuestionType.ESSAY}
    draft.key = {"feedback": general} if general.strip() else None


def number_in(text: str) -> float:
    """Read a number with a decimal point.

    Raises
    ------
    UnmappedError
        It is not a number.

    Examples
    --------
    >>> number_in("-2.5e3")
    -2500.0
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise UnmappedError(f"has an answer that is not a number with a decimal point: {text.strip()[:40]!r}")
    return float(text)


def span(low: str, high: str) -> tuple[float, float]:
    """Return the middle of a range and its tolerance.

    Examples
    --------
    >>> span("3.141", "3.142")
    (3.1415, 0.0005)
    """
    number_in(low)
    number_in(high)
    smallest, largest = Decimal(low.strip()), Decimal(high.strip())
    if smallest > largest:
        raise UnmappedError("has a range that ends before it begins")
    return float((smallest + largest) / 2), float((largest - smallest) / 2)


def share_of(text: str) -> float:
    """Read a share of the points, in per cent.

    Raises
    ------
    UnmappedError
        It is not a number from -100 to 100.
    """
    share = number_in(text)
    if not -WHOLE <= share <= WHOLE or not math.isfinite(share):
        raise UnmappedError(f"gives {text.strip()[:40]} % of the points for an answer; a share is from -100 to 100 %")
    return share


def _key(right: object, general: str, answers: Sequence[AnswerShare]) -> dict[str, object]:
    key: dict[str, object] = {"answer": right}
    if feedback := joined_feedback(general, ((answer.text, answer.feedback) for answer in answers)):
        key["feedback"] = feedback
    return key


def _enough(answers: Sequence[object], least: int, noun: str) -> None:
    if len(answers) < least:
        raise UnmappedError(f"has fewer than {least} {noun}s" if least > 1 else f"has no {noun}")
