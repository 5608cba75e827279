"""Requests to create or change a course."""

import datetime as dt
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from lmskit.errors import WeekNotFoundError
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.schemas.course_outline import CourseOutline
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code, Prose, Title

TeachingWeek = Annotated[int, Field(ge=FIRST_WEEK, le=LAST_WEEK)]


class SyllabusWeek(Request):
    """One week of a course."""

    week_number: TeachingWeek
    topic: Title
    objectives: Prose = ""


class NewTerm(Request):
    """A teaching period that does not exist yet."""

    name: Title
    starts_on: dt.date
    ends_on: dt.date

    @field_validator("ends_on")
    @classmethod
    def _ends_after_it_starts(cls, ends_on: dt.date, validated: ValidationInfo) -> dt.date:
        starts_on = validated.data.get("starts_on")
        if starts_on is not None and ends_on <= starts_on:
            raise ValueError("The last day of the term must come after its first day.")
        return ends_on


def _each_week_once(weeks: tuple[SyllabusWeek, ...]) -> tuple[SyllabusWeek, ...]:
    twice = sorted(number for number, times in Counter(week.week_number for week in weeks).items() if times > 1)
    if twice:
        raise ValueError(f"Week {twice[0]} is given more than once. Give each week number once.")
    return tuple(sorted(weeks, key=lambda week: week.week_number))


SyllabusWeeks = Annotated[tuple[SyllabusWeek, ...], Field(max_length=LAST_WEEK), AfterValidator(_each_week_once)]
"""The weeks of a course, each number once; in their order."""


class CreateCourse(Request):
    """A course with the weeks of its syllabus."""

    code: Code
    module_code: Code
    title: Title
    term: Code
    """Code of an existing term, unless `new_term` describes a new one."""
    lecturer: Address
    weeks: SyllabusWeeks = ()
    new_term: NewTerm | None = None


class CourseAsSeen(Request):
    """A course as a form showed it before the change; it was stored already, so it is not validated again."""

    title: str
    weeks: tuple[tuple[int, str, str], ...]
    """Number, topic and objectives of each week, in order."""


class ChangeCourse(Request):
    """A new title and new weeks for a course; a week that is left out is removed."""

    course: Code
    title: Title
    weeks: SyllabusWeeks
    seen: CourseAsSeen | None = None
    """If it is given, the course is changed only if it is still as it was seen."""


class CourseChanges(Request):
    """What to change in a course; what is not named stays."""

    course: Code
    title: Title | None = None
    weeks: SyllabusWeeks = ()
    """Weeks that are new, or have another topic; the objectives of a week that the course has stay."""
    remove_weeks: tuple[TeachingWeek, ...] = ()

    def of(self, stored: CourseOutline) -> ChangeCourse:
        """The whole course as it is to be, which is refused if the course is not as `stored` any more.

        Raises
        ------
        WeekNotFoundError
            A week that is to be removed is not in the course.
        """
        weeks = {number: {"topic": topic, "objectives": objectives} for number, topic, objectives in stored.weeks}
        for number in self.remove_weeks:
            if weeks.pop(number, None) is None:
                raise WeekNotFoundError(course=stored.code, week=number)
        for week in self.weeks:
            weeks[week.week_number] = weeks.get(week.week_number, {}) | {"topic": week.topic}
        title = stored.title if self.title is None else self.title
        seen = CourseAsSeen(title=stored.title, weeks=stored.weeks)
        values = [{"week_number": number, **texts} for number, texts in weeks.items()]
        return ChangeCourse.model_validate({"course": stored.code, "title": title, "weeks": values, "seen": seen})
