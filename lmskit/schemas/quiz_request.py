"""Requests to create or change a quiz."""

from typing import Annotated

from pydantic import Field

from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Day, Title


class _QuizFields(Request):
    title: Title
    week_number: TeachingWeek | None
    """A week of the syllabus; None for no week: attempts are stored and are not evidence."""
    due_on: Day | None = None
    content: QuizContent = QuizContent(questions=())
    """The questions and their key; max_score is the sum of their points."""


class CreateQuiz(_QuizFields):
    """A quiz of a course, in one of its weeks or in none."""

    course: Code


class ChangeQuiz(_QuizFields):
    """The new content of a quiz; a field that is left out is emptied."""

    quiz_id: Annotated[int, Field(ge=1, lt=2**63)]


class TakeBank(Request):
    """The quiz of a course that takes the questions of a bank."""

    course: str
    title: Title
    week_number: TeachingWeek | None = None
    """Needed if the course has no quiz of this title, and it is not `without_week`."""
    without_week: bool = False
    """Whether a new quiz is in no week."""
