"""A live course of Canvas without its results: people with their sections, assignments, and the weeks of modules."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmskit.errors import LmsAnswerError, LmsError
from lmskit.importers.canvas.web_service.calls import (
    ASSIGNMENTS,
    COURSE,
    COURSES,
    ENROLLMENTS,
    MODULE_ITEMS,
    MODULES,
    SECTIONS,
    USERS,
    CanvasCalls,
)
from lmskit.importers.described_course import DescribedSection, course_address, placed
from lmskit.importers.record import Position
from lmskit.importers.text_cell import one_line
from lmskit.importers.web_service.json_record import decimal_of, field_of, instant_of, integer_of, object_in, records_of, text_of
from lmskit.importers.web_service.rights import MissingRights
from lmskit.limits import LONGEST_TITLE
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from lmskit.importers.described_course import ChosenWeek

PRESENT = frozenset({"active", "invited", "creation_pending"})
"""States of those whom Canvas counts as students of a course."""
STATES = (*sorted(PRESENT), "inactive", "completed")
NOT_GRADED = "not_graded"
_ID = re.compile(r"[0-9]{1,20}(?:~[0-9]{1,20})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A person of the course as Canvas shows them to the user of the token."""

    id: str
    name: str
    """The family name first, with a comma behind it."""
    sis_id: str
    email: str
    role: Role
    status: EnrollmentStatus = EnrollmentStatus.ACTIVE
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedAssignment:
    """An assignment of which Canvas keeps a score; the gradebook has a column for it."""

    id: str
    title: str
    maximum: float | None
    """None if it has no points."""
    quiz: str
    """The number of the classic quiz that it is; empty for anything else."""
    week: int | None
    due_on: dt.date | None


@dataclass(frozen=True, slots=True)
class ListedCourse:
    """A course, as it was when it was read."""

    id: str
    address: str
    """Where the course is, without a scheme."""
    title: str
    people: tuple[ListedPerson, ...]
    n_teachers_without_address: int
    assignments: tuple[ListedAssignment, ...]
    lacking: str | None
    """Why it is not certain that these are all students; None if it is."""


@dataclass
class CourseListing:
    """Reads a course.

    Attributes
    ----------
    calls
        Of the Canvas.
    name
        Of the course: its number, its code, or its number in the student-information system.
    is_number
        Whether the name is the number that its address has.
    rights
        Collects what the user of the token may not read.
    step
        Is called with each step.
    chosen
        What a person says that modules are, by their numbers.
    """

    calls: CanvasCalls
    name: str
    is_number: bool
    rights: MissingRights
    step: Callable[[str], None]
    chosen: Mapping[int, ChosenWeek | None]
    _ids: dict[str, str] = field(default_factory=dict, init=False)

    def read(self) -> ListedCourse:
        """Read the course.

        Raises
        ------
        LmsError
            There is no such course, or several, or the user of the token may not see it.
        """
        self.step("Reading what the course is")
        may = self.rights.ask
        course: dict[str, Any] = may(self._course, {})
        self.rights.require_none()
        self.step("Reading people")
        sections: dict[str, str] = may(self._sections, {})
        students: tuple[ListedPerson, ...] = may(lambda: self._students(sections), ())
        teachers: list[ListedPerson] = may(self._teachers, [])
        self.step("Reading assignments")
        weeks: dict[tuple[str, str], int] = may(self._weeks, {})
        assignments: tuple[ListedAssignment, ...] = may(lambda: self._assignments(weeks), ())
        known = tuple(teacher for teacher in teachers if teacher.email)
        return ListedCourse(
            self._ids["course_id"],
            course_address(self.calls.client.name, f"courses/{self._ids['course_id']}"),
            one_line(text_of(course, "name", COURSE)),
            (*students, *known),
            len(teachers) - len(known),
            assignments,
            _lacking(course, students),
        )

    def _course(self) -> dict[str, Any]:
        self._ids = {"course_id": self.name if self.is_number else self._number()}
        return self.calls.one(COURSE, self._ids, include=["total_students"])

    def _number(self) -> str:
        states = ["unpublished", "available", "completed"]
        found = [
            id_of(course, "id", COURSES)
            for course in self.calls.listed(COURSES, {}, state=states)
            if self.name in {text_of(course, "course_code", COURSES), text_of(course, "sis_course_id", COURSES)}
        ]
        if len(found) == 1:
            return found[0]
        canvas = self.calls.client.name
        if found:
            raise LmsError(f"{canvas} has several courses with the code {self.name!r}: {', '.join(found)}. Say which: --course CODE=NUMBER")
        raise LmsError(
            f"{canvas} has no course with the code {self.name!r} among those of the user of the token. Check the code, and whether the "
            "course has been deleted; or give the number that its address has: --course CODE=NUMBER"
        )

    def _sections(self) -> dict[str, str]:
        listed = self.calls.listed(SECTIONS, self._ids)
        return {id_of(section, "id", SECTIONS): one_line(text_of(section, "name", SECTIONS)) for section in listed}

    def _students(self, sections: Mapping[str, str]) -> tuple[ListedPerson, ...]:
        """The students, each with all of their enrollments: a student of two sections has two."""
        found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for enrollment in self.calls.listed(ENROLLMENTS, self._ids, type=["StudentEnrollment"], state=STATES):
            found[id_of(enrollment, "user_id", ENROLLMENTS)].append(enrollment)
        return tuple(_student(number, enrollments, sections) for number, enrollments in found.items())

    def _teachers(self) -> list[ListedPerson]:
        listed = self.calls.listed(USERS, self._ids, enrollment_type=["teacher"], include=["email"])
        return [
            ListedPerson(
                id_of(user, "id", USERS),
                _name(user, USERS),
                text_of(user, "sis_user_id", USERS),
                text_of(user, "email", USERS),
                Role.LECTURER,
            )
            for user in listed
        ]

    def _weeks(self) -> dict[tuple[str, str], int]:
        """The week of each assignment and quiz in a module: the modules of a course are its weeks, as in a cartridge."""
        modules = list(self.calls.listed(MODULES, self._ids, include=["items"]))
        named = enumerate((one_line(text_of(module, "name", MODULES)) for module in modules), 1)
        described = [DescribedSection(Position("course", nth), nth, name) for nth, name in named]
        week_of = placed(described, self.chosen).week_of
        weeks: dict[tuple[str, str], int] = {}
        for nth, module in enumerate(modules, 1):
            if nth in week_of:
                for item in self._items(module):
                    if content := text_of(item, "content_id", MODULE_ITEMS):
                        weeks.setdefault((text_of(item, "type", MODULE_ITEMS), content), week_of[nth])
        return weeks

    def _items(self, module: dict[str, Any]) -> list[dict[str, Any]]:
        """The items of a module, which Canvas leaves out of the list of modules if they are many."""
        if (items := module.get("items")) is not None:
            return records_of(items, MODULES)
        return list(self.calls.listed(MODULE_ITEMS, self._ids | {"module_id": id_of(module, "id", MODULES)}))

    def _assignments(self, weeks: Mapping[tuple[str, str], int]) -> tuple[ListedAssignment, ...]:
        return tuple(
            _assignment(each, weeks)
            for each in self.calls.listed(ASSIGNMENTS, self._ids)
            if field_of(each, "published", ASSIGNMENTS) is not False and text_of(each, "grading_type", ASSIGNMENTS) != NOT_GRADED
        )


def id_of(record: object, name: str, about: str) -> str:
    """Return an id.

    Raises
    ------
    LmsAnswerError
        It is not one of Canvas's.
    """
    found = text_of(record, name, about)
    if not _ID.fullmatch(found):
        raise LmsAnswerError(f"{about}: {name} is not an id.")
    return found


def _name(user: object, about: str) -> str:
    return text_of(user, "sortable_name", about) or text_of(user, "name", about)


def _student(number: str, enrollments: list[dict[str, Any]], sections: Mapping[str, str]) -> ListedPerson:
    states = [text_of(each, "enrollment_state", ENROLLMENTS) for each in enrollments]
    status = EnrollmentStatus.WITHDRAWN
    if not PRESENT.isdisjoint(states):
        status = EnrollmentStatus.ACTIVE
    elif "completed" in states:
        status = EnrollmentStatus.COMPLETED
    counted = [each for each, state in zip(enrollments, states, strict=True) if status is not EnrollmentStatus.ACTIVE or state in PRESENT]
    names = dict.fromkeys(sections.get(text_of(each, "course_section_id", ENROLLMENTS), "") for each in counted)
    user = object_in(enrollments[0].get("user"), ENROLLMENTS)
    sis_id = text_of(user, "sis_user_id", ENROLLMENTS) or text_of(enrollments[0], "sis_user_id", ENROLLMENTS)
    return ListedPerson(
        number,
        _name(user, ENROLLMENTS),
        sis_id,
        text_of(user, "email", ENROLLMENTS),
        Role.STUDENT,
        status,
        tuple(filter(None, names)),
    )


def _assignment(record: dict[str, Any], weeks: Mapping[tuple[str, str], int]) -> ListedAssignment:
    number = id_of(record, "id", ASSIGNMENTS)
    quiz = id_of(record, "quiz_id", ASSIGNMENTS) if text_of(record, "quiz_id", ASSIGNMENTS) else ""
    due_at = instant_of(record, "due_at", ASSIGNMENTS)
    title = one_line(text_of(record, "name", ASSIGNMENTS)) or f"Assignment {number}"
    return ListedAssignment(
        number,
        title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…",
        decimal_of(record, "points_possible", ASSIGNMENTS),
        quiz,
        weeks.get(("Quiz", quiz), weeks.get(("Assignment", number))),
        None if due_at is None else due_at.date(),
    )


def _lacking(course: dict[str, Any], students: tuple[ListedPerson, ...]) -> str | None:
    """Say why these may not be all students; None if nothing says so."""
    if field_of(course, "total_students", COURSE) is None:
        return "Canvas does not say how many students the course has"
    total = integer_of(course, "total_students", COURSE)
    listed = sum(student.status is EnrollmentStatus.ACTIVE for student in students)
    if listed < total:
        return f"Canvas says that the course has {total:,} students, and has listed {listed:,}"
    return None
