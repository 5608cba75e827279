"""Requests to create or change a quiz."""

from typing import Annotated

from pydantic import Field

from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Day, Title


class _QuizFields(Request):
    title: Title
    week_number: TeachingWeek
    """A week of the syllabus."""
    due_on: Day | None = None
    content: QuizContent = QuizContent(questions=())
    """The questions and their key; max_score is the sum of their points."""


class CreateQuiz(_QuizFields):
    """A quiz of one week of a course."""

    course: Code


class ChangeQuiz(_QuizFields):
    """The new content of a quiz; a field that is left out is emptied."""

    quiz_id: Annotated[int, Field(ge=1, lt=2**63)]


class TakeBank(Request):
    """The quiz of a course that takes the questions of a bank."""

    course: str
    title: Title
    week_number: TeachingWeek | None = None
    """Needed if the course has no quiz of this title."""
