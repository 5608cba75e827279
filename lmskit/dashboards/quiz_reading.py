"""What the dashboard of quiz quality shows, read from the database: one short snapshot for each view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.queries.page import all_pages
from lmskit.queries.quiz_answers import answered_quizzes
from lmskit.services.quiz_quality import JudgedQuiz, QuizDrift, quiz_drift, quiz_quality

if TYPE_CHECKING:
    from lmskit.db import Opener
    from lmskit.vocabulary import CountedAttempts


@dataclass(frozen=True)
class QuizPage:
    """One quiz, as of one moment."""

    judged: JudgedQuiz
    drift: QuizDrift

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each question, by id."""
        return {str(item): int(number) for item, number in self.judged.items["number"].items()}


def read_quizzes(opened: Opener, course: str) -> pd.DataFrame:
    """The quizzes of a course with how much there is to judge them by."""
    with opened() as session:
        return all_pages(lambda limit, offset: answered_quizzes(session, course, limit=limit, offset=offset))


def read_quiz(opened: Opener, quiz_id: int, attempts: CountedAttempts) -> QuizPage:
    """One quiz judged, and compared with its runs in the other courses that the signed-in person can see.

    Raises
    ------
    QuizNotFoundError
        There is no such quiz among those the signed-in person can see.
    QuizUnreadableError
        The database holds something else as its questions.
    """
    with opened() as session:
        return QuizPage(quiz_quality(session, quiz_id, attempts=attempts), quiz_drift(session, quiz_id, attempts=attempts))
