"""What readers of question banks have in common: questions with their places, ids that stay, and what was not taken.

A bank becomes a `Bank` whole, since a quiz is stored whole. Each question of the file is either in `questions` or in
`rejections`. What a question of ours cannot hold, such as part of the marks for a half-right option, is an warning.

The id of a question is the one that the file gives it; else its name; else the beginning of its text and a digest of
it. It never depends on where the question stands, so that a question put in front does not make others of them all:
attempts refer to questions by their id.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from lmskit.errors import ImportFileError
from lmskit.importers.report import Rejection, RowWarning, shortened
from lmskit.limits import LONGEST_QUESTION_ID
from lmskit.schemas.mistakes import one_sentence
from lmskit.schemas.quiz import KeyEntry, Question, QuizContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.text_file import TextFile

SYSTEM = "question-bank"
"""`external_ids.source` of quizzes that were made of a bank; banks name no quizzes themselves."""
MAX_QUESTIONS = 10_000
MAX_TEXT = 16 * 1024**2
"""Characters of text that a bank may hold."""
SHOWN_OF_PROMPT = 60
_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


@dataclass(frozen=True, slots=True)
class BankQuestion:
    """A question, where it stands, and its key; essays have none."""

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
    questions: tuple[BankQuestion, ...]
    rejections: tuple[Rejection, ...] = ()
    warnings: tuple[RowWarning, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    """Fields of questions that are not imported."""
    system: str = SYSTEM

    @property
    def rows_in(self) -> int:
        """Questions that were read, those that were rejected included."""
        return len(self.questions) + len(self.rejections)

    @property
    def title(self) -> str:
        """The name without its ending: what a quiz of these questions is called unless somebody says otherwise."""
        line = "".join(" " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in PurePath(self.name).stem)
        return line.strip()[:300] or self.format

    def content(self) -> QuizContent:
        """The questions as those of a quiz."""
        return QuizContent(
            questions=tuple(one.question for one in self.questions),
            answer_key={one.question.id: one.key for one in self.questions if one.key is not None},
        )


@dataclass(frozen=True, slots=True)
class BankFormat:
    """A format of question banks; like `formats.Format`, but opening it gives a `Bank`."""

    name: str
    title: str
    detect: Callable[[Path], bool]
    """Whether the path holds this format; False, never an error, for whatever else it holds."""
    open: Callable[[Path, ReadOptions], Bank]
    """Read the bank; an `ImportFileError` says what is wrong with it."""
    needs_course: ClassVar[bool] = True


class UnmappedError(ValueError):
    """A question that cannot be held here; the text is the reason."""


@dataclass(slots=True)
class Draft:
    """A question as a reader found it, before its id is chosen and it is checked.

    `fields` are those of `schemas.quiz.Question` but its id; `key` those of `KeyEntry`. `name` is what the file calls
    it, and `reason`, where it is set, why it cannot be imported.
    """

    file: str
    row: int
    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    key: dict[str, Any] | None = None
    reason: str | None = None
    remarks: list[tuple[str | None, str]] = field(default_factory=list)

    def remark(self, reason: str, value: str | None = None) -> None:
        """Note something that is taken in an unusual way, or not kept; once."""
        if all(said != reason for _, said in self.remarks):
            self.remarks.append((value, reason))

    @property
    def label(self) -> str:
        """What a report shows of it."""
        return shortened(" ".join((self.name or str(self.fields.get("prompt", ""))).split()))


@dataclass(frozen=True, slots=True)
class Sorted:
    """What came of drafts."""

    questions: tuple[BankQuestion, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[RowWarning, ...]


def sort_out(name: str, drafts: Iterable[Draft]) -> Sorted:
    """Give every draft its id, and part those that are questions from those that are not.

    Raises
    ------
    ImportFileError
        There are none, or more than any quiz has.
    """
    questions: list[BankQuestion] = []
    rejections: list[Rejection] = []
    warnings: list[RowWarning] = []
    taken: dict[str, int] = {}
    for number, draft in enumerate(drafts, 1):
        if number > MAX_QUESTIONS:
            raise ImportFileError(f"{name} has more than {MAX_QUESTIONS:,} questions, which is the most that is read. Import it in parts.")
        identifier = _free(_identifier(draft), taken)
        try:
            questions.append(_checked(draft, identifier))
        except UnmappedError as error:
            rejections.append(Rejection(draft.file, draft.row, None, draft.label or None, str(error)))
        else:
            warnings.extend(
                RowWarning(draft.file, draft.row, None, value or draft.label or None, reason) for value, reason in draft.remarks
            )
    if not taken:
        raise ImportFileError(f"{name} holds no questions. Is it the file that its name says?")
    return Sorted(tuple(questions), tuple(rejections), tuple(warnings))


def _checked(draft: Draft, identifier: str) -> BankQuestion:
    if draft.reason is not None:
        raise UnmappedError(draft.reason)
    try:
        question = _QUESTION.validate_python({"id": identifier} | draft.fields)
        key = None if draft.key is None else KeyEntry.model_validate(draft.key)
        QuizContent(questions=(question,), answer_key={} if key is None else {question.id: key})
    except ValidationError as error:
        raise UnmappedError(f"does not fit the form of questions here: {one_sentence(error)}") from error
    if question.id != identifier:
        raise UnmappedError("has a name that cannot be stored")
    return BankQuestion(draft.file, draft.row, question, key)


def _identifier(draft: Draft) -> str:
    """The id a draft asks for: its name, or else something that stands for its text."""
    name = _one_line(draft.name)
    if not name:
        prompt = str(draft.fields.get("prompt", ""))
        return f"{_one_line(prompt)[:SHOWN_OF_PROMPT].strip()} #{_digest(prompt)}".strip()
    return name if len(name) <= LONGEST_QUESTION_ID else f"{name[: LONGEST_QUESTION_ID - 12].strip()} #{_digest(name)}"


def _free(wanted: str, taken: dict[str, int]) -> str:
    """Return `wanted`, or with a number behind it where it is taken, and note how often it was asked for."""
    chosen, number = wanted, taken.get(wanted, 0) + 1
    while number > 1 or chosen in taken:
        behind = f" ({number})" if number > 1 else ""
        chosen = wanted[: LONGEST_QUESTION_ID - len(behind)] + behind
        if chosen not in taken:
            break
        number += 1
    taken[wanted] = max(number, 1)
    taken.setdefault(chosen, 1)
    return chosen


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(" " if unicodedata.category(one) in {"Cc", "Cs"} else one for one in text)).strip()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def letters(texts: Sequence[str]) -> list[dict[str, str]]:
    """Options with the ids A, B, C and so on; from the 27th on, 27, 28 and so on."""
    return [{"id": chr(ord("A") + place) if place < 26 else str(place + 1), "text": text} for place, text in enumerate(texts)]  # noqa: PLR2004 - letters


def told(general: str, single: Iterable[tuple[str, str]]) -> str | None:
    """One text of feedback: the general one, then that on single answers, each behind the answer it is about."""
    lines = [general.strip(), *(f"{answer.strip() or '–'}: {text.strip()}" for answer, text in single if text.strip())]
    return "\n".join(line for line in lines if line) or None


def encoding_notes(file: TextFile) -> list[str]:
    """What a report should say about how a text file was read."""
    return [] if file.encoding in {"utf-8", "utf-8-sig"} else [f"{file.name} was read as {file.encoding_name}."]
