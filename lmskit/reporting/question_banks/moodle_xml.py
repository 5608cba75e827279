"""Questions as Moodle XML.

Texts are written as plain text, since questions are stored without markup.

Source of the format: `question/format/xml/format.php` and `question/type/ordering/questiontype.php` of Moodle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from lmskit.importers.question_banks.moodle_xml import FORMAT
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
    from collections.abc import Sequence

    from lmskit.schemas.quiz import KeyEntry, Question

ALL, NONE = "100", "0"


def _file(elements: Sequence[str]) -> bytes:
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n' + "\n".join(elements) + "\n</quiz>\n").encode()


def _question(question: Question, key: KeyEntry) -> str | None:
    filled = _answers(question, key)
    if filled is None:
        return None
    kind, answers = filled
    parts = [
        f"<name><text>{escape(question.id)}</text></name>",
        _text("questiontext", question.prompt),
        _text("generalfeedback", key.feedback or ""),
        f"<defaultgrade>{question.points!r}</defaultgrade>",
        f"<idnumber>{escape(question.id)}</idnumber>",
        *answers,
    ]
    return f'<question type="{kind}">\n' + "\n".join(parts) + "\n</question>"


def _answers(question: Question, key: KeyEntry) -> tuple[str, list[str]] | None:
    """Moodle's word for the type of a question, and the elements of its answers."""
    right: Any = key.answer
    found: tuple[str, list[str]] | None = None
    match question:
        case EssayQuestion():
            found = "essay", []
        case _ if right is None:
            pass
        case ChoiceQuestion():
            answers = [_answer(option.text, ALL if option.id == right else NONE) for option in question.options]
            found = "multichoice", ["<single>true</single>", *answers]
        case MultipleQuestion():
            share = f"{100 / max(1, len(right)):.7g}"
            answers = [_answer(option.text, share if option.id in right else NONE) for option in question.options]
            found = "multichoice", ["<single>false</single>", *answers]
        case TrueFalseQuestion():
            found = "truefalse", [_answer(word, ALL if (word == "true") is right else NONE) for word in ("true", "false")]
        case NumericQuestion():
            found = "numerical", [_answer(repr(right), ALL, f"<tolerance>{key.tolerance or 0.0!r}</tolerance>")]
        case ShortTextQuestion():
            found = "shortanswer", ["<usecase>0</usecase>", *(_answer(text, ALL) for text in right)]
        case MatchQuestion():
            found = "matching", _pairs(question, right)
        case OrderQuestion():
            texts = {option.id: option.text for option in question.options}
            items = [_answer(texts[option], str(number)) for number, option in enumerate(right, 1)]
            found = "ordering", ["<selecttype>ALL</selecttype>", *items]
    return found


def _pairs(question: MatchQuestion, right: dict[str, str]) -> list[str]:
    """The pairs of a matching question, and the targets that no option has."""
    targets = {target.id: target.text for target in question.targets}
    pairs = [(option.text, targets.get(right.get(option.id, ""), "")) for option in question.options]
    pairs += [("", text) for identifier, text in targets.items() if identifier not in right.values()]
    return [
        f'<subquestion format="plain_text"><text>{escape(first)}</text><answer><text>{escape(second)}</text></answer></subquestion>'
        for first, second in pairs
    ]


def _answer(text: str, share: str, more: str = "") -> str:
    return f'<answer fraction="{share}" format="plain_text"><text>{escape(text)}</text>{more}</answer>'


def _text(tag: str, text: str) -> str:
    return f'<{tag} format="plain_text"><text>{escape(text)}</text></{tag}>'


WRITER = BankWriter("Moodle XML", (".xml",), FORMAT, _question, _file)
