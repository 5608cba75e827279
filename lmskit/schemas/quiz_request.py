"""What is needed to set up a quiz, and to change one."""

import datetime as dt
from typing import Annotated

from pydantic import Field

from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Title


class _QuizFields(Request):
    title: Title
    week_number: TeachingWeek
    """Of a week that the syllabus has."""
    due_on: dt.date | None = None
    content: QuizContent = QuizContent(questions=())
    """The questions and their key; their points make up the maximum."""


class CreateQuiz(_QuizFields):
    """A quiz of one week of a course."""

    course: Code


class ChangeQuiz(_QuizFields):
    """A quiz as it shall be; whatever is not given is taken away."""

    quiz_id: Annotated[int, Field(ge=1, lt=2**63)]


class TakeBank(Request):
    """Which quiz of a course the questions of a bank go to."""

    course: str
    title: Title
    week_number: TeachingWeek | None = None
    """Needed where the course has no quiz of this title."""
