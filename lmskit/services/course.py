"""Setting up a course and changing it: a new term, the course and the weeks of its syllabus, together or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import (
    ChangedMeanwhileError,
    CourseExistsError,
    LecturerNotFoundError,
    NewTermNeededError,
    TermExistsError,
    WeekInUseError,
)
from lmskit.models import Course, Material, Quiz, Syllabus, Term
from lmskit.queries.code import is_code
from lmskit.queries.leading import led_course_by_code
from lmskit.queries.person import lecturer_by_email
from lmskit.schemas.course import ChangeCourse, CourseAsSeen, CreateCourse, NewTerm, SyllabusWeek
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import Origin


@administrators_only("create courses")
def create_course(session: Session, request: CreateCourse) -> Course:
    """Add a course with its syllabus.

    Raises
    ------
    CourseExistsError
        The code is taken.
    LecturerNotFoundError
        No person has the lecturer's address, or the person is not a lecturer.
    NewTermNeededError
        There is no such term, and the request does not describe a new one.
    TermExistsError
        The request describes a term that exists with another name or other dates.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    lecturer = lecturer_by_email(session, request.lecturer)
    course = Course(
        code=request.code,
        module_code=request.module_code,
        title=request.title,
        term_id=_term(session, request.term, request.new_term).id,
        lecturer_id=lecturer.id,
        origin=Origin.FORM,
    )
    add_course(session, course, lecturer=request.lecturer)
    session.add_all(_syllabus_row(course, week) for week in request.weeks)
    session.flush()
    return course


def add_course(session: Session, course: Course, *, lecturer: str) -> None:
    """Add the row of a course whose lecturer has this address.

    Raises
    ------
    CourseExistsError
        The code is taken.
    LecturerNotFoundError
        The person who was to be responsible is not a lecturer any more.
    """
    try:
        with session.begin_nested():
            session.add(course)
    except IntegrityError as error:
        match violated_constraint(error):
            case "uq_courses_code":
                raise CourseExistsError(course=course.code) from error
            case "fk_courses_lecturer_id_lecturer_role":  # the person's role has changed since it was read
                raise LecturerNotFoundError(email=lecturer) from error
            case _:
                raise


@dataclass(frozen=True)
class CourseChange:
    """Changes to a course: whether its title changed, and the numbers of the weeks that were added, changed or removed."""

    retitled: bool
    added: tuple[int, ...]
    changed: tuple[int, ...]
    removed: tuple[int, ...]

    def sentence(self) -> str:
        """Describe the change in a sentence.

        Examples
        --------
        >>> CourseChange(retitled=True, added=(3, 4), changed=(), removed=(1,)).sentence()
        'It has a new title. Added: weeks 3, 4. Removed: week 1.'
        """
        parts = ["It has a new title."] if self.retitled else []
        for word, weeks in (("Added", self.added), ("Changed", self.changed), ("Removed", self.removed)):
            if weeks:
                parts.append(f"{word}: week{'s' if len(weeks) > 1 else ''} {', '.join(map(str, weeks))}.")
        return " ".join(parts) or "Nothing was changed."


@administrators_only("change courses")
def change_course(session: Session, request: ChangeCourse) -> CourseChange:
    """Change the title and the weeks of a course. Quizzes, materials and mastery keep their week number.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    ChangedMeanwhileError
        Another person changed it since the request's form was opened.
    WeekInUseError
        The request removes a week that has quizzes or materials.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course, stored = _locked(session, request.course)
    if request.seen not in {None, _as_seen(course, stored)}:
        raise ChangedMeanwhileError(what=course.code)
    wanted = {week.week_number: week for week in request.weeks}
    change = CourseChange(
        retitled=course.title != request.title,
        added=tuple(number for number in wanted if number not in stored),
        changed=tuple(number for number, row in stored.items() if number in wanted and _differs(row, wanted[number])),
        removed=tuple(number for number in stored if number not in wanted),
    )
    for number in change.removed:
        _require_unused(session, course, number)
        session.delete(stored[number])
    for number in change.changed:
        stored[number].topic, stored[number].objectives = wanted[number].topic, wanted[number].objectives
    session.add_all(_syllabus_row(course, wanted[number]) for number in change.added)
    course.title = request.title
    session.flush()
    return change


def _locked(session: Session, code: str) -> tuple[Course, dict[int, Syllabus]]:
    """The course and its weeks by number, as stored now, locked until the transaction ends.

    The weeks are locked for update: a transaction that is adding a quiz to a week holds that week's row, so this one waits
    for it and then sees the quiz.
    """
    found = select(Course).where(Course.id == led_course_by_code(session, code).id)
    course = session.scalars(found.with_for_update(key_share=True).execution_options(populate_existing=True)).one()
    weeks = select(Syllabus).where(Syllabus.course_id == course.id).order_by(Syllabus.week_number)
    rows = session.scalars(weeks.with_for_update().execution_options(populate_existing=True))
    return course, {row.week_number: row for row in rows}


def _as_seen(course: Course, stored: Mapping[int, Syllabus]) -> CourseAsSeen:
    return CourseAsSeen(title=course.title, weeks=tuple((number, row.topic, row.objectives) for number, row in stored.items()))


def _differs(row: Syllabus, week: SyllabusWeek) -> bool:
    return (row.topic, row.objectives) != (week.topic, week.objectives)


def default_topic(week: int) -> str:
    """The topic of a week of which nothing says one.

    Examples
    --------
    >>> default_topic(3)
    'Week 3'
    """
    return f"Week {week}"


def _syllabus_row(course: Course, week: SyllabusWeek) -> Syllabus:
    return Syllabus(course_id=course.id, week_number=week.week_number, topic=week.topic, objectives=week.objectives)


def _require_unused(session: Session, course: Course, week: int) -> None:
    """Refuse to remove a week that has quizzes or materials: the database would delete them with it."""
    belongings = []
    for model, noun, plural in ((Quiz, "quiz", "quizzes"), (Material, "material", "materials")):
        count = session.scalar(select(func.count()).select_from(model).where(model.course_id == course.id, model.week_number == week)) or 0
        if count:
            belongings.append(f"{count} {noun if count == 1 else plural}")
    if belongings:
        verb = "belongs" if belongings in (["1 quiz"], ["1 material"]) else "belong"
        raise WeekInUseError(course=course.code, week=week, belongings=f"{' and '.join(belongings)} {verb}")


def _term(session: Session, code: str, described: NewTerm | None) -> Term:
    """The term of this code; it is created if it is new and described."""
    if described is not None:
        term = Term(code=code, name=described.name, starts_on=described.starts_on, ends_on=described.ends_on)
        try:
            with session.begin_nested():
                session.add(term)
        except IntegrityError as error:
            if violated_constraint(error) != "uq_terms_code":
                raise
        else:
            return term
    found = session.scalars(select(Term).where(is_code(Term.code, code))).one_or_none()
    if found is None:
        raise NewTermNeededError(term=code)
    if described is not None and (found.name, found.starts_on, found.ends_on) != (described.name, described.starts_on, described.ends_on):
        raise TermExistsError(term=code)
    return found
