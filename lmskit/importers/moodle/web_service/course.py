"""A live course of Moodle without its attempts: people, quizzes, the weeks of activities, and the gradebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import LmsError
from lmskit.importers.described_course import DescribedSection, placed
from lmskit.importers.moodle.backup.course import SUBSECTION
from lmskit.importers.moodle.backup.grades import TOTALS, GradedItem
from lmskit.importers.moodle.backup.people import TEACHERS
from lmskit.importers.moodle.backup.quiz import ALMOST_ZERO
from lmskit.importers.moodle.web_service.functions import (
    CONTENTS,
    COURSE,
    GRADES,
    OWN_COURSES,
    PEOPLE,
    QUIZZES,
    UPDATES,
    MoodleFunctions,
)
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.record import Position
from lmskit.importers.text_cell import one_line
from lmskit.importers.web_service.json_record import decimal_of, field_of, integer_of, moment_of, object_in, records_of, text_of
from lmskit.importers.web_service.rights import MissingRights
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from typing import Any

    from lmskit.importers.described_course import ChosenWeek
    from lmskit.importers.record import PersonKey
    from lmskit.importers.web_service.known import KnownCourse

PAGE = 100
"""People of a page."""
STUDENT = "student"


@dataclass(frozen=True, slots=True)
class LivePerson:
    """A person of the course as Moodle shows them to the user of the token: a teacher sees no user names."""

    id: int
    username: str
    sis_id: str
    email: str
    family_name: str
    given_name: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def role(self) -> Role | None:
        """As what the person is in the course; None if neither as student nor as teacher."""
        if TEACHERS.intersection(self.roles):
            return Role.LECTURER
        return Role.STUDENT if STUDENT in self.roles else None


@dataclass(frozen=True, slots=True)
class LiveQuiz:
    """What a quiz is; points of its questions are scaled to its maximum."""

    id: int
    module: int
    """The number of its activity in the course."""
    title: str
    maximum: float
    sum_of_points: float
    closes_at: dt.datetime | None

    @property
    def key(self) -> str:
        """As a backup of the course has it."""
        return f"quiz:{self.id}"

    @property
    def ratio(self) -> float:
        """Points of the quiz for one point of its questions."""
        return self.maximum / self.sum_of_points if self.sum_of_points >= ALMOST_ZERO else 0.0


@dataclass(frozen=True, slots=True)
class LiveGrade:
    """A grade in the gradebook."""

    user: int
    item: GradedItem
    points: float | None
    feedback: str
    submitted_at: dt.datetime | None
    """Of a quiz: when the last of the student's attempts ended."""


@dataclass(frozen=True, slots=True)
class LiveCourse:
    """A course, as it was when it was read."""

    id: int
    site: str
    short_name: str
    full_name: str
    people: tuple[LivePerson, ...]
    suspended: frozenset[int]
    quizzes: tuple[LiveQuiz, ...]
    weeks: dict[tuple[str, int], int]
    """By the kind of an activity and its number."""
    grades: tuple[LiveGrade, ...]
    lacking: str | None
    """Why it is not certain that these are all people; None if it is."""


@dataclass
class CourseReading:
    """Reads a course.

    Attributes
    ----------
    functions
        Of the Moodle.
    short_name
        Of the course.
    rights
        Collects what the user of the token may not do.
    step
        Is called with each step.
    chosen
        What a person says that sections are, by their numbers.
    """

    functions: MoodleFunctions
    short_name: str
    rights: MissingRights
    step: Callable[[str], None]
    chosen: Mapping[int, ChosenWeek | None]

    def read(self) -> LiveCourse:
        """Read the course.

        Raises
        ------
        LmsError
            There is no such course, or functions or rights are missing.
        """
        self.step("Reading what the course is")
        user = self.functions.require_functions()
        course = self._course()
        number = integer_of(course, "id", COURSE)
        weeks: dict[tuple[str, int], int] = self.rights.ask(lambda: self._weeks(number), {})
        quizzes: tuple[LiveQuiz, ...] = self.rights.ask(lambda: self._quizzes(number), ())
        self.rights.ask(lambda: self.functions.call(UPDATES, courseid=number, since=2**31 - 1), None)
        self.step("Reading people")
        people: tuple[LivePerson, ...] = self.rights.ask(lambda: self._people(number), ())
        suspended: frozenset[int] = self.rights.ask(lambda: frozenset(sorted(self._people_ids(number))), frozenset())
        count = self.rights.ask(lambda: self._count(user, number), None) if self.functions.has_count else None
        self.step("Reading grades")
        grades: tuple[LiveGrade, ...] = self.rights.ask(lambda: self._grades(number), ())
        self.rights.require_none()
        return LiveCourse(
            number,
            self.functions.site,
            one_line(_plain(text_of(course, "shortname", COURSE))),
            one_line(_plain(text_of(course, "fullname", COURSE))),
            people,
            suspended,
            quizzes,
            weeks,
            grades,
            _lacking(people, grades, count),
        )

    def _course(self) -> dict[str, Any]:
        answer = object_in(self.functions.call(COURSE, field="shortname", value=self.short_name), COURSE)
        found = [each for each in records_of(answer.get("courses"), COURSE) if text_of(each, "shortname", COURSE)]
        if len(found) != 1:
            raise LmsError(
                f"{self.functions.client.name} has no course with the short name {self.short_name!r} that the user of the token sees. "
                "Check the name, and whether the course has been deleted; if it differs from the code in lmskit: --short-name NAME"
            )
        return found[0]

    def _weeks(self, course: int) -> dict[tuple[str, int], int]:
        """The week of each activity: that of its section, as in a backup of the course."""
        sections = records_of(self.functions.call(CONTENTS, courseid=course), CONTENTS)
        outer = {
            integer_of(module, "instance", CONTENTS): integer_of(section, "section", CONTENTS)
            for section in sections
            for module in records_of(section.get("modules"), CONTENTS)
            if text_of(module, "modname", CONTENTS) == SUBSECTION
        }
        numbers = [_section(section, outer) for section in sections]
        described = [
            DescribedSection(Position("course", number), number, _plain(text_of(section, "name", CONTENTS)))
            for number, section in zip(numbers, sections, strict=True)
            if number > 0 and not text_of(section, "component", CONTENTS)
        ]
        week_of = placed(sorted(described, key=lambda each: each.number), self.chosen).week_of
        return {
            (text_of(module, "modname", CONTENTS), integer_of(module, "instance", CONTENTS)): week_of[number]
            for number, section in zip(numbers, sections, strict=True)
            if number in week_of
            for module in records_of(section.get("modules"), CONTENTS)
        }

    def _quizzes(self, course: int) -> tuple[LiveQuiz, ...]:
        answer = object_in(self.functions.call(QUIZZES, courseids=[course]), QUIZZES)
        return tuple(
            LiveQuiz(
                integer_of(quiz, "id", QUIZZES),
                integer_of(quiz, "coursemodule", QUIZZES),
                _plain(text_of(quiz, "name", QUIZZES)),
                decimal_of(quiz, "grade", QUIZZES) or 0.0,
                decimal_of(quiz, "sumgrades", QUIZZES) or 0.0,
                moment_of(quiz, "timeclose", QUIZZES),
            )
            for quiz in records_of(answer.get("quizzes"), QUIZZES)
        )

    def _people(self, course: int) -> tuple[LivePerson, ...]:
        return tuple(
            LivePerson(
                integer_of(user, "id", PEOPLE),
                text_of(user, "username", PEOPLE).lower(),
                text_of(user, "idnumber", PEOPLE),
                text_of(user, "email", PEOPLE),
                text_of(user, "lastname", PEOPLE),
                text_of(user, "firstname", PEOPLE),
                tuple(sorted(text_of(role, "shortname", PEOPLE) for role in records_of(user.get("roles"), PEOPLE))),
                tuple(_plain(text_of(group, "name", PEOPLE)) for group in records_of(user.get("groups"), PEOPLE)),
            )
            for user in self._users(course)
        )

    def _people_ids(self, course: int) -> list[int]:
        return [integer_of(user, "id", PEOPLE) for user in self._users(course, {"name": "onlysuspended", "value": 1})]

    def _users(self, course: int, *options: dict[str, object]) -> list[dict[str, Any]]:
        """Ask page by page until one has nobody new: a short page need not be the last one."""
        found: dict[int, dict[str, Any]] = {}
        asked = 0
        while True:
            page = [{"name": "limitfrom", "value": asked}, {"name": "limitnumber", "value": PAGE}, {"name": "sortby", "value": "id"}]
            users = records_of(self.functions.call(PEOPLE, courseid=course, options=[*options, *page]), PEOPLE)
            new = {number: user for user in users if (number := integer_of(user, "id", PEOPLE)) not in found}
            if not new:
                return list(found.values())
            found |= new
            asked += len(users)

    def _count(self, user: int, course: int) -> int | None:
        courses = records_of(self.functions.call(OWN_COURSES, userid=user, returnusercount=1), OWN_COURSES)
        own = next((each for each in courses if integer_of(each, "id", OWN_COURSES) == course), None)
        return None if own is None or own.get("enrolledusercount") is None else integer_of(own, "enrolledusercount", OWN_COURSES)

    def _grades(self, course: int) -> tuple[LiveGrade, ...]:
        answer = object_in(self.functions.call(GRADES, courseid=course), GRADES)
        items: dict[int, GradedItem] = {}
        found = []
        for student in records_of(answer.get("usergrades"), GRADES):
            user = integer_of(student, "userid", GRADES)
            for cell in records_of(student.get("gradeitems"), GRADES):
                number = integer_of(cell, "id", GRADES)
                if number not in items:
                    items[number] = _item(cell, number)
                if items[number].kind not in TOTALS and items[number].span > 0 and not items[number].is_outcome:
                    feedback = plain_text(text_of(cell, "feedback", GRADES), "html").text
                    submitted = moment_of(cell, "gradedatesubmitted", GRADES)
                    found.append(LiveGrade(user, items[number], decimal_of(cell, "graderaw", GRADES), feedback, submitted))
        return tuple(found)


def _section(section: dict[str, Any], outer: dict[int, int]) -> int:
    """The number of a section; of one within another section, that of the other."""
    if text_of(section, "component", CONTENTS):
        return outer.get(integer_of(section, "itemid", CONTENTS), 0)
    return integer_of(section, "section", CONTENTS)


def _item(cell: dict[str, Any], number: int) -> GradedItem:
    return GradedItem(
        id=number,
        line=number,
        name=_plain(text_of(cell, "itemname", GRADES)),
        kind=text_of(cell, "itemtype", GRADES),
        module=text_of(cell, "itemmodule", GRADES),
        instance=integer_of(cell, "iteminstance", GRADES),
        number=integer_of(cell, "itemnumber", GRADES),
        grade_type="",
        low=decimal_of(cell, "grademin", GRADES) or 0.0,
        high=decimal_of(cell, "grademax", GRADES) or 0.0,
        is_hidden=bool(field_of(cell, "gradeishidden", GRADES)),
    )


def _lacking(people: tuple[LivePerson, ...], grades: tuple[LiveGrade, ...], count: int | None) -> str | None:
    """Say why these may not be all people; None if it is certain that they are.

    Where groups are separate, the list and the gradebook lack the same people; the count does not.
    """
    if count is None:
        return (
            f"Moodle does not say how many people the course has (it does so if the token's service has {OWN_COURSES}, and its user is "
            "enrolled in the course)"
        )
    if len(people) < count:
        return f"Moodle says that the course has {count:,} people, and has listed {len(people):,}"
    known = {person.id for person in people}
    unlisted = {grade.user for grade in grades} - known
    return f"Moodle's gradebook has {len(unlisted):,} students who are not in its list of people" if unlisted else None


def lacking_roles(course: LiveCourse, keys: Mapping[int, PersonKey], known: KnownCourse) -> str | None:
    """Say of students of lmskit that Moodle lists in another role, such as one of the site's own, that they may still be students."""
    others = [person.id for person in course.people if person.role is None and person.id in keys]
    count = sum(known.student(keys[number]) is not None for number in others)
    if not count:
        return None
    students = "1 person who is a student" if count == 1 else f"{count:,} people who are students"
    return f"Moodle lists {students} in lmskit, and neither as student nor as teacher"


def _plain(markup: str) -> str:
    """Return a name as it was typed: Moodle sends names as HTML."""
    return one_line(plain_text(markup, "html").text)
