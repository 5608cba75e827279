"""What is needed to import a file."""

from typing import Annotated

from pydantic import Field

from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code, Line


class ImportFile(Request):
    """A file or folder on this machine, and what somebody says beside it."""

    path: Annotated[Line, Field(min_length=1, max_length=4096)]
    format: str | None = None
    """Name of a format; None: found out."""
    course: Code | None = None
    """For files that do not tell which course they are about."""
    lecturer: Address | None = None
    """Of new courses without a teacher in the file."""
    term: Code | None = None
    """Of new courses whose term the file does not tell."""
    week: TeachingWeek | None = None
    """Of new quizzes whose title names no week."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The header of the column that holds each field, where it is not recognised."""
    notify: bool = False
    """Whether new students wait for a message that confirms their place."""
    withdraw_missing: bool = False
    """Whether those are withdrawn who are enrolled and not in the file."""
