"""The files of a course, from a notebook: each is one that `lmskit export` writes, with what the signed-in person may see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lmskit.db import snapshot
from lmskit.desks.sign_in import as_signed_in
from lmskit.errors import InputError
from lmskit.reporting.course_tables import export_answers, export_attempts, export_gradebook, export_roster
from lmskit.reporting.question_banks.bank_file import WrittenBank, export_question_bank
from lmskit.reporting.scores_file import WrittenScores, export_scores
from lmskit.vocabulary import BankFileFormat, GradebookSystem, ResultAttempt

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable
    from os import PathLike

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    Chosen = TypeVar("Chosen", bound=enum.StrEnum)

Result = TypeVar("Result")


@dataclass(frozen=True)
class CourseFiles:
    """Writes files of one course; each method is the command `lmskit export` of its name, and raises what it refuses.

    Tables return their number of rows, the others what was written and what was left out. No file is replaced, and all of them but
    question banks are personal data.

    Attributes
    ----------
    course
        Code of the course.
    person
        As in `lmskit.connect`.
    """

    course: str
    person: str | None = None

    def roster(self, to: str | PathLike[str]) -> int:
        """Write the people of the course into a CSV file or a workbook."""
        return self._written(lambda session: export_roster(session, self.course, Path(to)))

    def gradebook(self, to: str | PathLike[str], *, attempts: str = ResultAttempt.HIGHEST) -> int:
        """Write the results of students at quizzes into a CSV file or a workbook."""
        counted = _one_of(ResultAttempt, attempts)
        return self._written(lambda session: export_gradebook(session, self.course, Path(to), counted=counted))

    def attempts(self, to: str | PathLike[str]) -> int:
        """Write the attempts at quizzes into a CSV file or a workbook."""
        return self._written(lambda session: export_attempts(session, self.course, Path(to)))

    def answers(self, to: str | PathLike[str]) -> int:
        """Write the answers in the attempts into a CSV file or a workbook."""
        return self._written(lambda session: export_answers(session, self.course, Path(to)))

    def scores(self, to: str | PathLike[str], system: str, *, attempts: str = ResultAttempt.HIGHEST) -> WrittenScores:
        """Write the scores into a CSV file that the gradebook of `canvas` or `moodle` imports."""
        target, counted = _one_of(GradebookSystem, system), _one_of(ResultAttempt, attempts)
        return self._written(lambda session: export_scores(session, self.course, Path(to), target, counted=counted))

    def question_bank(self, bank: str, to: str | PathLike[str], form: str | None = None) -> WrittenBank:
        """Write a question bank as `moodle-xml`, `gift` or `qti`, by default what the name of the file ends with."""
        chosen = None if form is None else _one_of(BankFileFormat, form)
        return self._written(lambda session: export_question_bank(session, self.course, bank, Path(to), chosen))

    def _written(self, write: Callable[[Session], Result]) -> Result:
        def as_person(engine: Engine) -> Result:
            with snapshot(engine) as session:
                return write(session)

        return as_signed_in(as_person, self.person)


def _one_of(words: type[Chosen], word: str) -> Chosen:
    try:
        return words(word)
    except ValueError:
        raise InputError(f"{word!r} is not one of {', '.join(words)}.") from None
