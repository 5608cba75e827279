"""What the readers of question banks share: drafts of questions, ids that are stable, and the report on what was read.

A `Bank` is the whole of a file, since a quiz is stored as a whole. Each question of the file is either in `questions` or
in `rejections`. What lmskit cannot store of an imported question, such as some of the points for a half-right option, is a
warning.

The id of a question is the one in the file; else its name; else the beginning of its text and a digest of it. It never
depends on the position of the question, so that inserting one does not change the ids of others: attempts refer to
questions by their id.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from lmskit.errors import ImportFileError
from lmskit.importers.report import Rejection, RowWarning, shortened
from lmskit.importers.text_cell import one_line
from lmskit.importers.text_file import Lines
from lmskit.limits import LONGEST_QUESTION_ID, LONGEST_TITLE
from lmskit.schemas.mistakes import one_sentence
from lmskit.schemas.quiz import KeyEntry, Question, QuizContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.question_banks.markup import PlainText
    from lmskit.importers.text_file import TextFile

SYSTEM = "question-bank"
"""`external_ids.source` of quizzes that were created from a bank; banks do not name quizzes."""
MAX_QUESTIONS = 10_000
MAX_TEXT = 16 * 1024**2
"""Characters of text that a bank may contain."""
PROMPT_IN_ID = 60
"""Characters of the prompt in the id of a question without a name."""
_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question, its position, and its key; essays have no key."""

    file: str
    row: int
    question: Question
    key: KeyEntry | None


@dataclass(frozen=True, slots=True)
class Bank:
    """The questions of one file, or of one folder of items."""

    format: str
    name: str
    """File or folder name, without its path."""
    sha256: str
    questions: tuple[ParsedQuestion, ...]
    rejections: tuple[Rejection, ...] = ()
    warnings: tuple[RowWarning, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    """Fields of questions that are not imported."""
    system: str = SYSTEM
    given_title: str = ""
    """The title of the quiz in the file; empty if it does not contain one."""

    @property
    def rows_in(self) -> int:
        """Questions that were read, including the rejected."""
        return len(self.questions) + len(self.rejections)

    @property
    def title(self) -> str:
        """The title of a quiz of these questions unless another is given: the one in the file, or else its name without its ending."""
        title = self.given_title or PurePath(self.name).stem
        line = "".join(" " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in title)
        return line.strip()[:LONGEST_TITLE] or self.format

    def content(self) -> QuizContent:
        """Return the questions as those of a quiz."""
        return QuizContent(
            questions=tuple(found.question for found in self.questions),
            answer_key={found.question.id: found.key for found in self.questions if found.key is not None},
        )


@dataclass(frozen=True, slots=True)
class BankFormat:
    """A format of question banks; like `formats.Format`, but opening it gives a `Bank`."""

    name: str
    title: str
    detect: Callable[[Path], bool]
    """Whether the path has this format; False, never an error, for all other content."""
    open: Callable[[Path, ReadOptions], Bank]
    """Read the bank; an `ImportFileError` explains what is wrong with it."""
    needs_course: ClassVar[bool] = True


class UnmappedError(ValueError):
    """A question that cannot be a question of lmskit; the text is the reason."""


@dataclass(slots=True)
class Draft:
    """A question as it was read, before its id is chosen and it is validated.

    `fields` are those of `schemas.quiz.Question` without its id; `key` those of `KeyEntry`. `name` is its name in the
    file. `reason` explains why it cannot be imported; None if it can.
    """

    file: str
    row: int
    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    key: dict[str, Any] | None = None
    reason: str | None = None
    warnings: list[tuple[str | None, str]] = field(default_factory=list)
    """Value and reason of each."""

    def warn(self, reason: str, value: str | None = None) -> None:
        """Add a warning that something is imported in an unusual way, or not imported; once for each reason."""
        if all(reason != earlier for _, earlier in self.warnings):
            self.warnings.append((value, reason))

    def text_of(self, plain: PlainText) -> str:
        """Return a text without markup, and warn of what it lacks."""
        for part in plain.lost:
            self.warn(f"contains {part}, which is not imported")
        return plain.text

    @property
    def label(self) -> str:
        """What a report shows of it: its name, or else its prompt."""
        return shortened(" ".join((self.name or str(self.fields.get("prompt", ""))).split()))


@dataclass(frozen=True, slots=True)
class ValidatedDrafts:
    """The questions among drafts, the rejections of the others, and the warnings."""

    questions: tuple[ParsedQuestion, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[RowWarning, ...]

    def bank(self, name: str, sha256: str, form: BankFormat, notes: Sequence[str] = (), skipped: Sequence[str] = ()) -> Bank:
        """Return them as a bank."""
        return Bank(form.name, name, sha256, self.questions, self.rejections, self.warnings, tuple(notes), tuple(skipped))


def validated(name: str, drafts: Iterable[Draft]) -> ValidatedDrafts:
    """Give every draft its id, and validate it.

    Raises
    ------
    ImportFileError
        There are no drafts, or more than a quiz may have.
    """
    questions: list[ParsedQuestion] = []
    rejections: list[Rejection] = []
    warnings: list[RowWarning] = []
    given: dict[str, int] = {}
    for number, draft in enumerate(drafts, 1):
        if number > MAX_QUESTIONS:
            raise ImportFileError(f"{name} has more than {MAX_QUESTIONS:,} questions, which is the most that is read. Import it in parts.")
        identifier = _free_id(_wanted_id(draft), given)
        try:
            questions.append(_question(draft, identifier))
        except UnmappedError as error:
            rejections.append(Rejection(draft.file, draft.row, None, draft.label or None, str(error)))
        else:
            warnings.extend(
                RowWarning(draft.file, draft.row, None, value or draft.label or None, reason) for value, reason in draft.warnings
            )
    if not given:
        raise ImportFileError(f"{name} has no questions. Is it the right file?")
    return ValidatedDrafts(tuple(questions), tuple(rejections), tuple(warnings))


def _question(draft: Draft, identifier: str) -> ParsedQuestion:
    if draft.reason is not None:
        raise UnmappedError(draft.reason)
    try:
        question = _QUESTION.validate_python({"id": identifier} | draft.fields)
        key = None if draft.key is None else KeyEntry.model_validate(draft.key)
        QuizContent(questions=(question,), answer_key={} if key is None else {question.id: key})
    except ValidationError as error:
        raise UnmappedError(f"cannot be a question of lmskit: {one_sentence(error)}") from error
    if question.id != identifier:
        raise UnmappedError("has a name that cannot be stored")
    return ParsedQuestion(draft.file, draft.row, question, key)


def _wanted_id(draft: Draft) -> str:
    """Return the name of a draft, or else the beginning of its prompt and a digest of it."""
    name = one_line(draft.name)
    if not name:
        prompt = str(draft.fields.get("prompt", ""))
        return f"{one_line(prompt)[:PROMPT_IN_ID].strip()} #{_digest(prompt)}".strip()
    return name if len(name) <= LONGEST_QUESTION_ID else f"{name[: LONGEST_QUESTION_ID - 12].strip()} #{_digest(name)}"


def _free_id(wanted: str, given: dict[str, int]) -> str:
    """Return `wanted`, with a number behind it if another question has it, and count in `given` how often it was wanted."""
    chosen, number = wanted, given.get(wanted, 0) + 1
    while number > 1 or chosen in given:
        suffix = f" ({number})" if number > 1 else ""
        chosen = wanted[: LONGEST_QUESTION_ID - len(suffix)] + suffix
        if chosen not in given:
            break
        number += 1
    given[wanted] = max(number, 1)
    given.setdefault(chosen, 1)
    return chosen


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def lettered_options(texts: Sequence[str]) -> list[dict[str, str]]:
    """Return options with the ids A, B, C and so on; from the 27th on, 27, 28 and so on."""
    return [{"id": chr(ord("A") + index) if index < 26 else str(index + 1), "text": text} for index, text in enumerate(texts)]  # noqa: PLR2004 - letters


def joined_feedback(general: str, on_answers: Iterable[tuple[str, str]]) -> str | None:
    """Return one text of feedback: the general feedback, then each answer with the feedback on it; None if both are empty."""
    lines = [general.strip(), *(f"{answer.strip() or '–'}: {text.strip()}" for answer, text in on_answers if text.strip())]
    return "\n".join(line for line in lines if line) or None


def limited_lines(file: TextFile) -> Iterator[tuple[int, str]]:
    """Give out the number and the text of each line of a bank.

    Raises
    ------
    ImportFileError
        The lines have more than `MAX_TEXT` characters.
    """
    size = 0
    with file.open() as stream:
        for number, line in enumerate(Lines(file.name, stream), 1):
            size += len(line)
            if size > MAX_TEXT:
                raise ImportFileError(f"{file.name} is larger than {MAX_TEXT // 1024**2} MiB, which is the most that is read.")
            yield number, line


def encoding_notes(file: TextFile) -> list[str]:
    """Return a note on the encoding of a file unless it is UTF-8."""
    return [] if file.encoding in {"utf-8", "utf-8-sig"} else [f"{file.name} was read as {file.encoding_name}."]
