"""The request to import a file."""

from typing import Annotated

from pydantic import Field

from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code, Line


class ImportFile(Request):
    """A file or folder on this machine, and the options of its import."""

    path: Annotated[Line, Field(min_length=1, max_length=4096)]
    format: str | None = None
    """Name of a format; None: it is detected."""
    course: Code | None = None
    """Code of the course, for files that do not name it."""
    lecturer: Address | None = None
    """Lecturer of new courses without a teacher in the file."""
    term: Code | None = None
    """Term of new courses, for files that do not name it."""
    week: TeachingWeek | None = None
    """Week of new quizzes whose title does not name one."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The header of the column that holds each field, where it is not recognised."""
    notify: bool = False
    """Whether new enrollments are pending until a message that confirms them is accepted."""
    withdraw_missing: bool = False
    """Whether students who are enrolled and missing from the file are withdrawn."""
    withdraw_at_most: Annotated[int, Field(ge=0)] | None = None
    """How many of them, as the person typed; None: as many as need no confirmation."""
