r"""Questions as GIFT, each in a block of its own, whose texts are plain: `::name::[plain]prompt{answers}`.

GIFT has no points: each question has one. It has no words for an arrow in a short answer, nor for a brace in an item to put in order.

Source of the format: `question/format/gift/format.php` and `question/type/ordering/questiontype.php` of Moodle.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from lmskit.importers.question_banks.gift import FORMAT, TEXT_FORMS
from lmskit.reporting.question_banks.writer import BankWriter
from lmskit.schemas.quiz import (
    ChoiceQuestion,
    EssayQuestion,
    MatchQuestion,
    MultipleQuestion,
    NumericQuestion,
    OrderQuestion,
    ShortTextQuestion,
    TrueFalseQuestion,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmskit.schemas.quiz import KeyEntry, Question

ARROW, FEEDBACK = "->", "####"
"""What stands between a pair, and before the feedback: the last of several begins the feedback."""
ORDER = "ALL VERTICAL RELATIVE_NEXT_EXCLUDE_LAST SHOW none"
"""What Moodle takes for an ordering question that says nothing else, but that a student sees all items."""
_RESERVED = re.compile(r"[\\~=#{}:]")
_ENDS_AN_ID = re.compile(r"[\]\\]")
_NOT_IN_AN_ITEM = re.compile(r"[{}\n]")
_READ_OTHERWISE = re.compile(rf"%|\[(?:{'|'.join(TEXT_FORMS)})\]")


def _file(blocks: Sequence[str]) -> bytes:
    return "\n\n".join(blocks).encode() + b"\n"


def _question(question: Question, key: KeyEntry) -> str | None:
    answers = _answers(question, key)
    if answers is None:
        return None
    feedback = f"{FEEDBACK}{_piece(key.feedback or '')}" if key.feedback or FEEDBACK in answers else ""
    if "\n" in answers:
        answers, feedback = f"{answers}\n", f"\t{feedback}\n" if feedback else ""
    number = _ENDS_AN_ID.sub(r"\\\g<0>", question.id)
    return f"// [id:{number}]\n::{_escaped(question.id)}::[plain]{_escaped(question.prompt)}{{{answers}{feedback}}}"


def _answers(question: Question, key: KeyEntry) -> str | None:
    """What stands between the braces, without the feedback."""
    right: Any = key.answer
    found: str | None = None
    match question:
        case EssayQuestion():
            found = ""
        case _ if right is None:
            pass
        case ChoiceQuestion():
            found = _listed(f"{'=' if option.id == right else '~'}{_piece(option.text)}" for option in question.options)
        case MultipleQuestion():
            share = f"{100 / max(1, len(right)):.7g}"
            found = _listed(f"~%{share if option.id in right else 0}%{_piece(option.text)}" for option in question.options)
        case TrueFalseQuestion():
            found = "TRUE" if right else "FALSE"
        case NumericQuestion():
            found = f"#{right!r}:{key.tolerance or 0.0!r}"
        case ShortTextQuestion():
            found = _listed(f"=%100%{_piece(text)}" for text in right)
        case MatchQuestion():
            found = _listed(_pairs(question, right))
        case OrderQuestion():
            found = _items(question, right)
    return found


def _pairs(question: MatchQuestion, right: dict[str, str]) -> Iterable[str]:
    """The pairs of a matching question, and the targets that no option has."""
    targets = {target.id: target.text for target in question.targets}
    for option in question.options:
        first = _piece(option.text) if ARROW not in option.text else "[html]" + _escaped(html.escape(option.text, quote=False))
        yield f"={first} {ARROW} {_escaped(targets.get(right.get(option.id, ''), ''))}"
    yield from (f"={ARROW} {_escaped(text)}" for identifier, text in targets.items() if identifier not in right.values())


def _items(question: OrderQuestion, right: list[str]) -> str | None:
    """The items of an ordering question, which Moodle reads line by line, without escapes and as text that may have tags."""
    texts = {option.id: option.text for option in question.options}
    if any(_NOT_IN_AN_ITEM.search(text) for text in texts.values()):
        return None
    items = [html.escape(texts[option], quote=False).replace("\\", "\\\\") for option in right]
    return "\n".join([f">{len(items)} {ORDER}", *items])


def _listed(pieces: Iterable[str]) -> str:
    return "\n" + "\n".join(f"\t{piece}" for piece in pieces)


def _piece(text: str) -> str:
    """A text after the sign of an answer, where what looks like a share or like the form of a text would be taken for one."""
    return f"{'[plain]' if _READ_OTHERWISE.match(text) else ''}{_escaped(text)}"


def _escaped(text: str) -> str:
    return _RESERVED.sub(r"\\\g<0>", text).replace("\n", "\\n")


WRITER = BankWriter("GIFT", (".gift", ".txt"), FORMAT, _question, _file)
