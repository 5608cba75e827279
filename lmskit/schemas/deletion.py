"""What a person asks to delete."""

from __future__ import annotations

import enum
from typing import Annotated

from pydantic import Field, model_validator

from lmskit.limits import LONGEST_ADDRESS
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Line


class Deletable(enum.StrEnum):
    """What can be deleted as long as nothing rests on it."""

    QUIZ = "quiz"
    ATTEMPT = "attempt"
    COURSE = "course"
    TERM = "term"
    PERSON = "person"


class DeleteRequest(Request):
    """One thing to delete; what names it depends on what it is."""

    what: Deletable
    course: Code | None = None
    """Of a course or a quiz."""
    quiz: int | None = None
    """Number of a quiz."""
    attempt: Annotated[int | None, Field(gt=0)] = None
    term: Code | None = None
    person: Annotated[Line | None, Field(max_length=LONGEST_ADDRESS)] = None
    """Address or number."""

    @model_validator(mode="after")
    def _is_named(self) -> DeleteRequest:
        needed = (self.course and self.quiz) if self.what is Deletable.QUIZ else getattr(self, self.what.value)
        if not needed:
            raise ValueError(f"Choose the {self.what.value} to delete.")
        return self
