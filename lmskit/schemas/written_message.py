"""Messages that an administrator writes: what a text may hold, and requests to keep one."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from lmskit.limits import LONGEST_PROSE, LONGEST_TITLE
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, KnownAddress, Line, Prose, Title

PLACEHOLDERS = ("name", "course", "title", "term")
"""What a text may name in braces: the student's name, the code and the title of the course, the name of its term."""
PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
ENGLISH = "en"


def _with_known_placeholders(text: str) -> str:
    left = PLACEHOLDER.sub("", text)
    if found := re.search(r"\{[^{}\s]*\}|[{}]", left):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{found[0]} stands for nothing. Braces are for {known}.")
    return text


Subject = Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_TITLE), AfterValidator(_with_known_placeholders)]
"""The subject of a message, with placeholders."""
Body = Annotated[Prose, StringConstraints(min_length=1, max_length=LONGEST_PROSE), AfterValidator(_with_known_placeholders)]
"""The text of a message, with placeholders."""
Language = Annotated[Line, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
"""The language of a text as BCP 47 has it, such as de or pt-BR."""


class OfWelcome(Request):
    """The message that confirms enrollments in a course, or in all courses without a text of their own."""

    course: Code | None = None


class WrittenText(Request):
    """A text that is the whole message."""

    language: Language = ENGLISH
    subject: Subject
    text: Body


class SetWelcome(OfWelcome, WrittenText):
    """Let it say this."""


class SendMessage(WrittenText):
    """Send a text to students of a course: to those of a section, to those who are named, or to all."""

    course: Code
    section: Title | None = None
    students: tuple[KnownAddress, ...] = ()

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.section is not None and self.students:
            raise ValueError("Choose one: a section, or students by their addresses.")
        return self
