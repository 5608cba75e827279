"""The course that a file or another system describes: its names, its days, and its sections as teaching weeks.

A source that describes a course needs no course to be named: the import finds it in lmskit, or makes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from lmskit.importers.week import week_named, without_week
from lmskit.limits import FIRST_WEEK, LAST_WEEK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lmskit.importers.record import PersonKey, Position

_SCHEME = re.compile(r"^[a-z]+://", re.IGNORECASE)
_MONTH = r"(?:\d{1,2}\.?[ ](?:de[ ])?[^\W\d_]+|[^\W\d_]+[ ]\d{1,2})"
_DEFAULT_NAME = re.compile(
    rf"{_MONTH}[ ][-\u2013][ ]{_MONTH}|(?:topic|thema|th[eè]me|tema|section|abschnitt|secci[oó]n)[ ]\d{{1,3}}"
    r"|new section|neuer abschnitt|nouvelle section|nueva secci[oó]n",
    re.IGNORECASE,
)
"""Names that Moodle itself gives sections in English, German, French and Spanish: the days of a week, or a number."""
NO_WEEK = "names no week, as the others do"
NO_SUCH_WEEK = f"has a number beyond the weeks {FIRST_WEEK} to {LAST_WEEK}"
CHOSEN = "was chosen to be in no week"
SAME_WEEK = "belongs to week {}, as an earlier section does"


class ChosenWeek(NamedTuple):
    """What a person says that a section is: a week, and its topic; without a topic that of the section."""

    number: int
    topic: str | None = None


class DescribedSection(NamedTuple):
    """A section, module or folder of a course, in the course's order; it is counted as a row if it is a week of its own."""

    position: Position
    number: int
    """In the course, from 1."""
    name: str
    """Empty if it has none."""
    objectives: str = ""

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.name or f"Section {self.number}"


class DescribedWeek(NamedTuple):
    """A section that is a teaching week; the topic is empty if the section has no name beside its number."""

    position: Position
    number: int
    topic: str
    objectives: str
    section: DescribedSection


class LeftOutSection(NamedTuple):
    """A section that is not a week of its own, and why."""

    section: DescribedSection
    reason: str


@dataclass(frozen=True, slots=True)
class PlacedSections:
    """The sections of a course as weeks."""

    weeks: tuple[DescribedWeek, ...]
    """In their order, each number once."""
    left_out: tuple[LeftOutSection, ...]
    week_of: Mapping[int, int]
    """The week that quizzes of a section are in, by the number of the section."""


@dataclass(frozen=True, slots=True)
class DescribedCourse:
    """A course as a source describes it."""

    position: Position
    external_id: str
    """Its id in the system, together with the site if two sites number their courses alike (`course_address`); empty if it has none."""
    code: str
    title: str
    sections: PlacedSections


@runtime_checkable
class CourseSource(Protocol):
    """Opened files, such as a `record.Source`, that describe the course to which all that is in them belongs."""

    @property
    def name(self) -> str:
        """File or folder name, without its path."""

    @property
    def described_course(self) -> DescribedCourse:
        """The course; its positions are in parts in which nothing else is counted."""

    def teachers(self) -> Iterator[PersonKey]:
        """Read who teaches the course and may edit it."""


@runtime_checkable
class IdentifiedCourse(Protocol):
    """A `record.Source` whose records are of one course of a system, which a person brings together with one in lmskit."""

    @property
    def id_of_course(self) -> str:
        """As `DescribedCourse.external_id`."""


def course_address(site: str, path: str) -> str:
    """Return the address of a course without its scheme, which a site changes without becoming another.

    Examples
    --------
    >>> course_address("https://Moodle.example.edu/", "course/view.php?id=4")
    'moodle.example.edu/course/view.php?id=4'
    """
    return f"{_SCHEME.sub('', site.strip()).strip('/').lower()}/{path}"


def site_of(address: str) -> str:
    """Return the site of a course's address; empty if it is the id of a course alone.

    Examples
    --------
    >>> site_of("moodle.example.edu/2026/course/view.php?id=4"), site_of("4")
    ('moodle.example.edu/2026', '')
    """
    return address.rpartition("/course")[0]


def first_site(addresses: Iterable[str]) -> str:
    """Return the site of the first address that has one: of a course that is known as several, the site whose quizzes came first."""
    return next(filter(None, map(site_of, addresses)), "")


def placed(sections: Sequence[DescribedSection], chosen: Mapping[int, ChosenWeek | None]) -> PlacedSections:
    """Return sections as weeks: by their names if at least half of those with a name name a week, otherwise by their numbers.

    A name that the system gives by itself does not count, since only some ways of reading a course have it.
    The n-th section of a course by weeks is its n-th week, counted from the course's first day. What a person chose for the number of a
    section comes before both; None: it is not a week.

    Examples
    --------
    >>> from lmskit.importers.record import Position
    >>> def section(number, name): return DescribedSection(Position("course", number), number, name)
    >>> named = placed([section(1, "Week 2: Sets"), section(2, "Exam"), section(3, "Week 2, laboratory")], {})
    >>> [(week.number, week.topic) for week in named.weeks], dict(named.week_of)
    ([(2, 'Sets')], {1: 2, 3: 2})
    >>> [(left.section.title, left.reason) for left in named.left_out]
    [('Exam', 'names no week, as the others do'), ('Week 2, laboratory', 'belongs to week 2, as an earlier section does')]
    >>> sections = [section(1, "Sets"), section(2, ""), section(3, "Week 7: Exam"), section(4, "End")]
    >>> numbered = placed(sections, {4: None, 2: ChosenWeek(5, "Laws")})
    >>> [(week.number, week.topic) for week in numbered.weeks]
    [(1, 'Sets'), (3, 'Week 7: Exam'), (5, 'Laws')]
    >>> dict(placed([section(1, "Week 2"), section(2, "7 September - 13 September"), section(3, "Topic 3")], {}).week_of)
    {1: 2}
    """
    named = {section.number: week_named(section.name) for section in sections if section.name and not _DEFAULT_NAME.fullmatch(section.name)}
    is_by_name = bool(named) and 2 * sum(week is not None for week in named.values()) >= len(named)
    weeks: dict[int, DescribedWeek] = {}
    left_out: list[LeftOutSection] = []
    week_of: dict[int, int] = {}
    for section in sections:
        choice = chosen.get(section.number)
        number = named.get(section.number) if is_by_name else section.number
        if section.number in chosen:
            number = None if choice is None else choice.number
        if number is None or not FIRST_WEEK <= number <= LAST_WEEK:
            why = CHOSEN if section.number in chosen else NO_WEEK if number is None else NO_SUCH_WEEK
            left_out.append(LeftOutSection(section, why))
            continue
        week_of[section.number] = number
        if number in weeks:
            left_out.append(LeftOutSection(section, SAME_WEEK.format(number)))
            continue
        own = without_week(section.name) if number == week_named(section.name) else section.name
        topic = own if choice is None or choice.topic is None else choice.topic
        weeks[number] = DescribedWeek(section.position, number, topic, section.objectives, section)
    return PlacedSections(tuple(weeks[number] for number in sorted(weeks)), tuple(left_out), week_of)
