"""Write a question bank into a file of Moodle XML, and read it again as the importer does, so that it says itself what is not as it was.

Texts are written as plain text, since questions are stored without markup.

Source of the format: `question/format/xml/format.php` of Moodle.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from pydantic import TypeAdapter, ValidationError

from lmskit.errors import ImportFileError, InputError
from lmskit.importers.formats import ReadOptions
from lmskit.importers.question_banks.moodle_xml import FORMAT
from lmskit.queries.question_bank import bank_contents
from lmskit.schemas.quiz import (
    ChoiceQuestion,
    EssayQuestion,
    KeyEntry,
    MatchQuestion,
    MultipleQuestion,
    NumericQuestion,
    Question,
    ShortTextQuestion,
    TrueFalseQuestion,
)
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)
ALL, NONE = "100", "0"


@dataclass(frozen=True)
class WrittenBank:
    """How many questions a file has, and the ids of those that it lacks, since it would not give them back as they are."""

    n_questions: int
    left_out: Sequence[str]


def export_question_bank(session: Session, course: str, bank: str, to: Path) -> WrittenBank:
    """Write the questions of a bank of `course` into a new file of Moodle XML, without those that it would not give back as they are.

    Raises
    ------
    CourseNotFoundError, QuestionBankNotFoundError
        The signed-in person can see no such course, or it has no bank of this name.
    InputError
        The file exists, cannot be made or does not end with .xml, or no question can be written.
    """
    if to.suffix.lower() != ".xml":
        raise InputError(f"{to} is not the name of an XML file. End it with .xml.")
    if to.exists():
        raise InputError(f"{to} exists. Nothing was written; name a file that does not exist yet.")
    contents = bank_contents(session, course, bank)
    written = _returned(contents)
    if not written:
        raise InputError(f"No question of {bank!r} can be written as Moodle XML. Nothing was written.")
    try:
        write_whole(to, _document(written.values()), is_new=True)
    except OSError as error:
        raise InputError(f"{to} cannot be written: {error.strerror or error}. Name another file.") from error
    return WrittenBank(len(written), [str(question.get("id")) for question, _ in contents if question.get("id") not in written])


def _returned(contents: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, str]:
    """The elements of the questions that the importer reads as they are stored, by id, in order."""
    stored: dict[str, tuple[Question, KeyEntry]] = {}
    for question, key in contents:
        try:
            read = _QUESTION.validate_python(question), KeyEntry.model_validate(key)
        except ValidationError:
            continue
        stored[read[0].id] = read
    elements = {identifier: element for identifier, (question, key) in stored.items() if (element := _element(question, key))}
    if not elements:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bank.xml"
        path.write_text(_document(elements.values()), encoding="utf-8", newline="")
        try:
            again = FORMAT.open(path, ReadOptions())
        except ImportFileError:  # a character that no XML file can contain makes the whole unreadable
            return {} if len(elements) == 1 else _each_returned(stored)
    found = {each.question.id: (each.question, each.key or KeyEntry()) for each in again.questions}
    return {
        identifier: element
        for identifier, element in elements.items()
        if identifier in found and _meaning(*found[identifier]) == _meaning(*stored[identifier])
    }


def _each_returned(stored: dict[str, tuple[Question, KeyEntry]]) -> dict[str, str]:
    """The same, with each question read by itself."""
    found: dict[str, str] = {}
    for question, key in stored.values():
        found |= _returned([(question.model_dump(mode="json"), key.model_dump(mode="json"))])
    return found


def _meaning(question: Question, key: KeyEntry) -> object:
    """What has to be the same: all but the ids of options and targets, which files do not have, and topics."""
    texts = {option.id: option.text for option in question.options}
    targets = {target.id: target.text for target in question.targets} if isinstance(question, MatchQuestion) else {}
    answer: object = key.answer
    if isinstance(question, ChoiceQuestion):
        answer = list(texts).index(str(answer)) if answer in texts else None
    elif isinstance(question, MultipleQuestion):
        answer = sorted(list(texts).index(option) for option in answer) if isinstance(answer, list) else None
    elif isinstance(answer, dict):
        answer = [
            (texts[option], targets[target]) for option, target in sorted(answer.items(), key=lambda pair: list(texts).index(pair[0]))
        ]
    of_key = (answer, key.tolerance or 0, key.feedback or "")
    return (question.id, question.type, question.prompt, question.points, list(texts.values()), list(targets.values()), of_key)


def _document(elements: Iterable[str]) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n' + "\n".join(elements) + "\n</quiz>\n"


def _element(question: Question, key: KeyEntry) -> str | None:
    """The element of a question; None if Moodle XML has none for its type, or it lacks the key that Moodle asks for."""
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
