"""Requests to copy courses into another term."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code

ALL, NONE = "all", "none"
MOST_STAFF = 1000


class ChosenStaff(Request):
    """Who of the staff of a course comes along into its copy."""

    everyone: bool = False
    emails: Annotated[tuple[Address, ...], Field(max_length=MOST_STAFF)] = ()


def _typed(value: Any) -> Any:  # noqa: ANN401 - whatever was typed or chosen
    """Read ``all``, ``none``, or addresses with commas or spaces between them."""
    if not isinstance(value, str):
        return value
    words = value.replace(",", " ").split()
    if [word.lower() for word in words] in ([ALL], [NONE]):
        return {"everyone": words[0].lower() == ALL}
    if not words:
        raise ValueError("Say who of the staff comes along: all, none, or their addresses with commas between them.")
    return {"emails": words}


StaffAnswer = Annotated[ChosenStaff, BeforeValidator(_typed)]
"""As it is typed: ``all``, ``none``, or addresses."""


class CopyCourse(Request):
    """Copy a course into a term, without its people."""

    course: Code
    term: Code
    code: Code | None = None
    """Of the copy; None makes it from those of the course and the term."""
    lecturer: Address | None = None
    """Who is responsible for the copy; None is who is responsible for the course."""
    staff: StaffAnswer | None = None
    """None where nobody was asked, which is refused for a course that has staff."""


class CopyTerm(Request):
    """Copy all courses of a term into another one."""

    source: Code
    term: Code
    staff: StaffAnswer | None = None
    """As in `CopyCourse`, for all courses."""

    @model_validator(mode="after")
    def _another_term(self) -> Self:
        if self.source.lower() == self.term.lower():
            raise ValueError("The courses of a term are copied into another term: give two terms.")
        return self
