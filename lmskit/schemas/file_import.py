"""The request to import a file."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from lmskit.limits import LARGEST_SCORE, LONGEST_TITLE
from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code, Line, Title

NO_WEEK = "none"
"""What is written for the week of a quiz that is in none."""


def _no_week(week: object) -> object:
    return None if week == NO_WEEK else week


class SectionWeek(Request):
    """The week that a section of a course is in, and its topic; None: that of the section."""

    number: TeachingWeek
    topic: Title | None = None


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
    module: Code | None = None
    """Module code of a course that the import makes; None: the code of the course."""
    sections: dict[int, SectionWeek | None] = Field(default_factory=dict)
    """Weeks of sections by their numbers in the course, for files that describe it; None: the section is not a week."""
    week: TeachingWeek | None = None
    """Week of new quizzes whose title does not name one."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The header of the column that holds each field, where it is not recognised; empty if no column holds it."""
    delimiter: Literal[",", ";", "\t", ":"] | None = None
    """What is between two columns; None: it is detected."""
    decimal_mark: Literal[".", ","] | None = None
    """None: it is detected."""
    title: Annotated[Line, Field(min_length=1, max_length=LONGEST_TITLE)] | None = None
    """Title of the quiz, for files that do not contain it."""
    max_scores: dict[Annotated[str, Field(min_length=1)], Annotated[float, Field(ge=0, le=LARGEST_SCORE, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    """Maximum score by the title of a new quiz, for files that do not contain it."""
    weeks: dict[Annotated[str, Field(min_length=1)], Annotated[TeachingWeek | None, BeforeValidator(_no_week)]] = Field(
        default_factory=dict
    )
    """Week by the title of a new quiz; None, or `none`, for no week."""
    without_week: bool = False
    """Whether new quizzes of which nothing names a week are stored without one."""
    time_zone: Annotated[Line, Field(max_length=100)] | None = None
    """Zone of times that have none, such as Europe/Berlin; None: UTC."""
    day_order: Literal["day-first", "month-first"] | None = None
    """What dates such as 09/10/2026 begin with; None: what the file proves."""
    source: Line | None = None
    """The system whose ids a plain table has; None: ids of plain tables."""
    same_quizzes: dict[Annotated[str, Field(min_length=1)], str | None] = Field(default_factory=dict)
    """By the title of a quiz of the file, that of the quiz in lmskit that it is; None: it is a new quiz."""
    new_quizzes: bool = False
    """Whether a quiz of the file whose title is nearly that of a quiz in lmskit is another quiz."""
    rename: bool = False
    """Whether people who are found by an id are renamed although they share neither name nor address with their row."""
    all_students: bool = False
    """Whether all people of a list without roles are students."""
    notify: bool = False
    """Whether new enrollments are pending until a message that confirms them is accepted."""
    withdraw_missing: bool = False
    """Whether students who are enrolled and missing from the file are withdrawn."""
    withdraw_at_most: Annotated[int, Field(ge=0)] | None = None
    """How many of them, as the person typed; None: as many as need no confirmation."""
    remove_missing: bool = False
    """Whether results count no longer that students have at quizzes of the file though no row names them."""
    remove_at_most: Annotated[int, Field(ge=0)] | None = None
    """Of how many students, as the person typed; None: as many as need no confirmation."""
