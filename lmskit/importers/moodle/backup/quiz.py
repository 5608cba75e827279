"""A quiz of a backup: its slots and maximum, and its attempts one by one.

Source of the format: `mod/quiz/backup/moodle2/backup_quiz_stepslib.php` of Moodle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.moodle.backup.responses import AnsweredQuestion, answered
from lmskit.importers.moodle.backup.values import decimal, integer, moment, number_of, text
from lmskit.importers.row import RejectedRowError
from lmskit.importers.text_cell import one_line
from lmskit.importers.xml_file import parsed, streamed
from lmskit.limits import LONGEST_QUESTION_ID

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lmskit.importers.moodle.backup.questions import QuestionVersion
    from lmskit.importers.xml_file import XmlElement

FINISHED = "finished"
OF_PEOPLE = ("grades", "attempt")
"""Elements that a quiz has for each student, after what it is itself."""
ALMOST_ZERO = 0.000005
"""What Moodle takes for no points."""


@dataclass(frozen=True, slots=True)
class QuizSlot:
    """A slot of the quiz: the entry of the question bank that stands in it, or None if questions are drawn for it."""

    number: int
    points: float
    entry: int | None
    version: int | None
    """None for the newest one."""
    called: str = ""
    """What a person called the question instead of its number; empty if nobody did."""


@dataclass(frozen=True, slots=True)
class BackedUpQuiz:
    """What a quiz is, without its attempts."""

    id: int
    line: int
    title: str
    maximum: float
    sum_of_points: float
    closes_at: dt.datetime | None
    grading: str
    """Which attempt counts: 1 the highest, 2 the average, 3 the first, 4 the last."""
    slots: tuple[QuizSlot, ...]

    @property
    def ratio(self) -> float:
        """Points of the quiz for one point of its questions."""
        return self.maximum / self.sum_of_points if self.sum_of_points >= ALMOST_ZERO else 0.0


@dataclass(frozen=True, slots=True)
class BackedUpAttempt:
    """An attempt as it is in the backup; points are those of the questions."""

    id: int
    user: int
    number: int
    state: str
    is_preview: bool
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    total: float | None
    answers: tuple[AnsweredQuestion, ...]
    n_unknown: int
    """Answers to questions that are not in the backup."""


def quiz_in(path: Path) -> BackedUpQuiz:
    """Read what a quiz is.

    Raises
    ------
    RejectedRowError
        There is no quiz in it, or a number in it cannot be read.
    """
    first = next(streamed(path, *OF_PEOPLE, drop={"intro"}), None)
    quiz = (parsed(path, drop={"intro"}).root if first is None else first[1][0]).child("quiz")
    if quiz is None:
        raise RejectedRowError(None, None, "has no quiz")
    instances = quiz.child("question_instances")
    return BackedUpQuiz(
        id=number_of(quiz),
        line=quiz.line,
        title=text(quiz, "name"),
        maximum=decimal(quiz, "grade") or 0.0,
        sum_of_points=decimal(quiz, "sumgrades") or 0.0,
        closes_at=moment(quiz, "timeclose"),
        grading=text(quiz, "grademethod"),
        slots=_in_order(
            QuizSlot(
                integer(each, "slot") or 0,
                decimal(each, "maxmark") or 0.0,
                integer(each, "question_reference", "questionbankentryid"),
                integer(each, "question_reference", "version"),
                one_line(text(each, "displaynumber"))[:LONGEST_QUESTION_ID].strip(),
            )
            for each in (() if instances is None else instances.below("question_instance"))
        ),
    )


def _in_order(slots: Iterable[QuizSlot]) -> tuple[QuizSlot, ...]:
    return tuple(sorted(slots, key=lambda slot: slot.number))


def shown(slot: QuizSlot, of_entry: Sequence[QuestionVersion]) -> QuestionVersion | None:
    """Return the version of a question that stands in a slot of a quiz: the one that is asked for, or the newest that is ready."""
    if slot.version is not None:
        return next((version for version in of_entry if version.version == slot.version), None)
    ready = [version for version in of_entry if version.is_ready] or of_entry
    return max(ready, key=lambda version: version.version, default=None)


def attempts_in(path: Path) -> Iterator[XmlElement]:
    """Give out the elements of the attempts at a quiz."""
    for element, around in streamed(path, *OF_PEOPLE, drop={"intro"}):
        if element.local == "attempt" and around and around[-1].local == "attempts":
            yield element


def attempt_of(element: XmlElement, versions: Mapping[int, QuestionVersion]) -> BackedUpAttempt:
    """Return an attempt.

    Raises
    ------
    RejectedRowError
        A number in it cannot be read.
    """
    usage = element.child("question_usage", "question_attempts")
    given = [] if usage is None else list(usage.below("question_attempt"))
    known = [each for each in given if (integer(each, "questionid") or 0) in versions]
    return BackedUpAttempt(
        id=number_of(element),
        user=integer(element, "userid") or 0,
        number=integer(element, "attemptnum") or 1,
        state=text(element, "state"),
        is_preview=text(element, "preview") == "1",
        started_at=moment(element, "timestart"),
        finished_at=moment(element, "timefinish"),
        total=decimal(element, "sumgrades"),
        answers=tuple(answered(each, versions) for each in known),
        n_unknown=len(given) - len(known),
    )
