"""Requests about what holds for single students at a quiz."""

from typing import Annotated

from pydantic import StringConstraints

from lmskit.limits import LONGEST_ADDRESS, LONGEST_TITLE
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Day, Line


class QuizOfStudent(Request):
    """A quiz of a course, by number or title, and a student of the course, by number or address."""

    course: Code
    quiz: Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_TITLE)]
    student: Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_ADDRESS)]


class ExtendQuiz(QuizOfStudent):
    """Give a student until a day of their own."""

    due_on: Day
