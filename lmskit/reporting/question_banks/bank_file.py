"""Write a question bank into a file that other systems import, and read it again as the importer does before it gets its name.

So the file itself says which questions are not as they were: they are left out, and named with what they would have lost.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter, ValidationError

from lmskit.errors import ImportFileError, InputError
from lmskit.importers.formats import ReadOptions
from lmskit.queries.question_bank import bank_contents
from lmskit.reporting.question_banks import gift, moodle_xml, qti
from lmskit.schemas.quiz import ChoiceQuestion, KeyEntry, MatchQuestion, MultipleQuestion, OrderQuestion, Question
from lmskit.vocabulary import BankFileFormat
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.reporting.question_banks.writer import BankWriter

WRITERS = {BankFileFormat.MOODLE_XML: moodle_xml.WRITER, BankFileFormat.GIFT: gift.WRITER, BankFileFormat.QTI: qti.WRITER}
_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


class LeftOut(NamedTuple):
    """A question that a file lacks: its id, and why."""

    question: str
    reason: str


@dataclass(frozen=True)
class WrittenBank:
    """The format of a file, how many questions it has, and those that it lacks, since it would not give them back as they are."""

    title: str
    n_questions: int
    left_out: Sequence[LeftOut]


class _Stored(NamedTuple):
    """A question, its key, and its text in the file."""

    question: Question
    key: KeyEntry
    text: str


def export_question_bank(session: Session, course: str, bank: str, to: Path, form: BankFileFormat | None = None) -> WrittenBank:
    """Write the questions of a bank of `course` into a new file, without those that it would not give back as they are.

    Parameters
    ----------
    session
        Of a person who may read the bank.
    course, bank
        Code of the course, and name of the bank.
    to
        The file.
    form
        Its format, by default the one that its name ends with.

    Raises
    ------
    CourseNotFoundError, QuestionBankNotFoundError
        The signed-in person can see no such course, or it has no bank of this name.
    InputError
        The file exists, cannot be made or has no ending of a format, or no question can be written.
    """
    writer = WRITERS[form or _format_of(to)]
    if to.exists():
        raise InputError(f"{to} exists. Nothing was written; name a file that does not exist yet.")
    contents = bank_contents(session, course, bank)
    left_out: dict[str, str] = {}
    written: dict[str, _Stored] = {}
    for fields, answer in contents:
        identifier = str(fields.get("id"))
        try:
            question, key = _QUESTION.validate_python(fields), KeyEntry.model_validate(answer)
        except ValidationError:
            left_out[identifier] = "it is not a question as lmskit stores them"
            continue
        text = writer.question(question, key)
        if text is not None:
            written[identifier] = _Stored(question, key, text)
        elif key.answer is None:
            left_out[identifier] = "its key is not known"
        else:
            left_out[identifier] = f"{writer.title} cannot have it"
    while lost := _lost(writer, written):  # again, since a question can be read by the id of another
        left_out |= lost
        written = {identifier: stored for identifier, stored in written.items() if identifier not in lost}
    if not written:
        raise InputError(f"No question of {bank!r} can be written as {writer.title}. Nothing was written.")
    try:
        write_whole(to, _content(writer, written), is_new=True)
    except OSError as error:
        raise InputError(f"{to} cannot be written: {error.strerror or error}. Name another file.") from error
    identifiers = [str(fields.get("id")) for fields, _ in contents]
    named = [LeftOut(identifier, left_out[identifier]) for identifier in identifiers if identifier in left_out]
    return WrittenBank(writer.title, len(written), named)


def _format_of(path: Path) -> BankFileFormat:
    for form, writer in WRITERS.items():
        if path.suffix.lower() in writer.endings:
            return form
    endings = ", ".join(f"{writer.endings[0]} for {writer.title}" for writer in WRITERS.values())
    raise InputError(f"{path} does not say what it is to be. End it with {endings}.")


def _content(writer: BankWriter, written: Mapping[str, _Stored]) -> bytes:
    return writer.file([stored.text for stored in written.values()])


def _lost(writer: BankWriter, written: Mapping[str, _Stored]) -> dict[str, str]:
    """The questions that the importer would not read as they are stored, by id, and why."""
    if not written:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"bank{writer.endings[0]}"
        path.write_bytes(_content(writer, written))
        try:
            bank = writer.reader.open(path, ReadOptions())
        except ImportFileError as error:  # such as a character that no XML file can contain, which makes the whole unreadable
            if len(written) == 1:
                return dict.fromkeys(written, f"{writer.title} cannot have it")
            lost: dict[str, str] = {}
            for identifier, stored in written.items():
                lost |= _lost(writer, {identifier: stored})
            if not lost:
                raise InputError(f"The questions are more than lmskit reads from one file. Nothing was written. {error}") from error
            return lost
    again = {each.question.id: _parts(each.question, each.key or KeyEntry()) for each in bank.questions}
    lost = {}
    for identifier, stored in written.items():
        if identifier not in again:
            lost[identifier] = f"{writer.title} cannot have it"
        elif differing := [part for part, value in _parts(stored.question, stored.key).items() if again[identifier][part] != value]:
            lost[identifier] = f"{writer.title} would not give back its {', '.join(differing)}"
    return lost


def _parts(question: Question, key: KeyEntry) -> dict[str, object]:
    """What has to be the same, by name: all but topics, and the ids of options and targets, which not every format has."""
    texts = {option.id: option.text for option in question.options}
    targets = {target.id: target.text for target in question.targets} if isinstance(question, MatchQuestion) else {}
    answer: object = key.answer
    positions = list(texts)
    if isinstance(question, ChoiceQuestion):
        answer = positions.index(str(answer)) if answer in texts else None
    elif isinstance(question, MultipleQuestion) and isinstance(answer, list):
        answer = sorted(positions.index(option) for option in answer)
    elif isinstance(question, OrderQuestion) and isinstance(answer, list):
        answer = [positions.index(option) for option in answer]
    elif isinstance(answer, dict):
        answer = sorted((positions.index(option), targets[target]) for option, target in answer.items())
    return {
        "type": question.type,
        "prompt": question.prompt,
        "points": question.points,
        "options": list(texts.values()),
        "targets": list(targets.values()),
        "key": answer,
        "tolerance": key.tolerance or 0.0,
        "feedback": key.feedback or "",
    }
