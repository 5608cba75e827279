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
    QUESTION_BANK = "question bank"
    ATTEMPT = "attempt"
    COURSE = "course"
    TERM = "term"
    PERSON = "person"


NAMED_BY = {
    Deletable.QUIZ: ("course", "quiz"),
    Deletable.QUESTION_BANK: ("course", "bank"),
    Deletable.ATTEMPT: ("attempt",),
    Deletable.COURSE: ("course",),
    Deletable.TERM: ("term",),
    Deletable.PERSON: ("person",),
}
"""The fields of a request that name each, its own one last."""


class DeleteRequest(Request):
    """One thing to delete; what names it depends on what it is."""

    what: Deletable
    course: Code | None = None
    """Of a course, a quiz or a question bank."""
    quiz: int | None = None
    """Number of a quiz."""
    bank: str | None = None
    """Name of a question bank."""
    attempt: Annotated[int | None, Field(gt=0)] = None
    term: Code | None = None
    person: Annotated[Line | None, Field(max_length=LONGEST_ADDRESS)] = None
    """Address or number."""

    @model_validator(mode="after")
    def _is_named(self) -> DeleteRequest:
        if not all(getattr(self, name) for name in NAMED_BY[self.what]):
            raise ValueError(f"Choose the {self.what.value} to delete.")
        return self
