"""From the answers of a question in another system, each with its share of the marks, to a question and its key.

Other systems give each answer a share of the marks. Here an option is right or not. Where the shares say more than
that, the question is taken and the difference is said.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lmskit.importers.question_banks.bank import UnmappedError, letters, told
from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.importers.question_banks.bank import Draft

WHOLE = 100.0
NEARLY = 0.01
"""Shares such as 33.33333 are meant to be thirds."""
PARTIAL = "gives part of the marks for an answer; here it counts as wrong"
SEVERAL_RIGHT = "has several right options of which one is to be chosen; the first of them is the key"
UNEVEN = "gives the right options unequal shares of the marks, which are not kept"
PENALTY = "takes marks off for wrong options, which is not kept"
WILDCARD = "accepts any text in place of *; the * is kept as it is"
SEVERAL_NUMBERS = "accepts several numbers; the first of those that earn full marks is the key"

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """One answer, and how many per cent of the marks it earns."""

    text: str
    share: float
    feedback: str = ""


def put_choice(draft: Draft, answers: Sequence[AnswerShare], general: str, *, single: bool) -> None:
    """Make a draft a question with options, of which one is to be chosen, or any number."""
    _enough(answers, 2, "option")
    options = letters([answer.text for answer in answers])
    ids = [option["id"] for option in options]
    draft.fields |= {"type": QuestionType.CHOICE if single else QuestionType.MULTIPLE, "options": options}
    if single:
        right = [identifier for identifier, answer in zip(ids, answers, strict=True) if answer.share >= WHOLE - NEARLY]
        if not right:
            raise UnmappedError("has no option that earns full marks")
        if len(right) > 1:
            draft.remark(SEVERAL_RIGHT)
        if any(NEARLY < answer.share < WHOLE - NEARLY for answer in answers):
            draft.remark(PARTIAL)
        answer_key: str | list[str] = right[0]
    else:
        shares = [answer.share for answer in answers if answer.share > NEARLY]
        if not shares:
            raise UnmappedError("has no right option")
        if max(shares) - min(shares) > NEARLY or abs(sum(shares) - WHOLE) > 1:
            draft.remark(UNEVEN)
        answer_key = [identifier for identifier, answer in zip(ids, answers, strict=True) if answer.share > NEARLY]
    if any(answer.share < -NEARLY for answer in answers):
        draft.remark(PENALTY)
    draft.key = _key(answer_key, general, answers)


def put_true_false(draft: Draft, *, right: bool, general: str, feedback: Sequence[AnswerShare]) -> None:
    """Make a draft a statement that is true or false."""
    draft.fields |= {"type": QuestionType.TRUE_FALSE}
    draft.key = _key(right, general, feedback)


def put_short_text(draft: Draft, answers: Sequence[AnswerShare], general: str) -> None:
    """Make a draft a question for a word or two."""
    _enough(answers, 1, "answer")
    right = list(dict.fromkeys(answer.text for answer in answers if answer.share >= WHOLE - NEARLY))
    if not right or not any(text.strip(" *") for text in right):
        raise UnmappedError("has no answer that earns full marks, or only the one that accepts everything")
    if any("*" in text for text in right):
        draft.remark(WILDCARD)
    if any(NEARLY < answer.share < WHOLE - NEARLY for answer in answers):
        draft.remark(PARTIAL)
    draft.fields |= {"type": QuestionType.SHORT_TEXT}
    draft.key = _key(right, general, answers)


@dataclass(frozen=True, slots=True)
class NumberShare:
    """One number with its tolerance, and how many per cent of the marks it earns; None is any number."""

    number: float | None
    tolerance: float
    share: float
    feedback: str = ""

    @property
    def said(self) -> AnswerShare:
        """As feedback is told of it."""
        text = "*" if self.number is None else f"{self.number:g}"
        return AnswerShare(text, self.share, self.feedback)


def put_number(draft: Draft, answers: Sequence[NumberShare], general: str) -> None:
    """Make a draft a question for a number."""
    right = [answer for answer in answers if answer.share >= WHOLE - NEARLY and answer.number is not None]
    if not right:
        raise UnmappedError("has no number that earns full marks")
    if len({(answer.number, answer.tolerance) for answer in right}) > 1:
        draft.remark(SEVERAL_NUMBERS)
    if any(NEARLY < answer.share < WHOLE - NEARLY for answer in answers):
        draft.remark(PARTIAL)
    draft.fields |= {"type": QuestionType.NUMERIC}
    draft.key = _key(right[0].number, general, [answer.said for answer in answers]) | {"tolerance": right[0].tolerance}


def put_match(draft: Draft, pairs: Sequence[tuple[str, str]], general: str) -> None:
    """Make a draft a question that matches texts; a pair without a first text only offers one more target."""
    options = letters([first for first, _ in pairs if first])
    targets = {text: str(number) for number, text in enumerate(dict.fromkeys(second for _, second in pairs), 1)}
    if not options or len(targets) < 1:
        raise UnmappedError("has nothing to match")
    twice = [text for text, times in Counter(first for first, _ in pairs if first).items() if times > 1]
    if twice:
        draft.remark("matches the same text more than once", twice[0])
    answer = {option["id"]: targets[second] for option, second in zip(options, [second for first, second in pairs if first], strict=True)}
    draft.fields |= {
        "type": QuestionType.MATCH,
        "options": options,
        "targets": [{"id": identifier, "text": text} for text, identifier in targets.items()],
    }
    draft.key = _key(answer, general, ())


def put_essay(draft: Draft, general: str) -> None:
    """Make a draft a question for a text that a person grades."""
    draft.fields |= {"type": QuestionType.ESSAY}
    draft.key = {"feedback": general} if general.strip() else None


def number_in(text: str) -> float:
    """Read a number with a decimal point.

    Raises
    ------
    UnmappedError
        It is none.

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
    """Read a share of the marks, in per cent.

    Raises
    ------
    UnmappedError
        It is no number from -100 to 100.
    """
    share = number_in(text)
    if not -WHOLE <= share <= WHOLE or not math.isfinite(share):
        raise UnmappedError(f"gives an answer {text.strip()[:40]} % of the marks")
    return share


def _key(answer: object, general: str, answers: Sequence[AnswerShare]) -> dict[str, object]:
    key: dict[str, object] = {"answer": answer}
    if feedback := told(general, ((one.text, one.feedback) for one in answers)):
        key["feedback"] = feedback
    return key


def _enough(answers: Sequence[object], least: int, noun: str) -> None:
    if len(answers) < least:
        raise UnmappedError(f"has fewer than {least} {noun}s" if least > 1 else f"has no {noun}")
