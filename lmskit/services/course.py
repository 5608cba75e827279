"""Setting up a course and changing it: its term if that is new, the course and the weeks of its syllabus, together or not at all."""

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
from lmskit.queries.course import course_by_code
from lmskit.queries.person import person_by_email
from lmskit.schemas.course import ChangeCourse, CourseAsSeen, CreateCourse, NewTerm
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import Origin, Role


@administrators_only("create courses")
def create_course(session: Session, request: CreateCourse) -> Course:
    """Add a course with its syllabus.

    Raises
    ------
    CourseExistsError
        The code is taken.
    LecturerNotFoundError
        Nobody has the lecturer's address, or the person is no lecturer.
    NewTermNeededError
        There is no such term, and the request does not describe it.
    TermExistsError
        The request describes a term that exists with another name or other days.
    NotPermittedError
        The signed-in person is no administrator.
    """
    lecturer = person_by_email(session, request.lecturer)
    if lecturer is None or lecturer.role is not Role.LECTURER:
        raise LecturerNotFoundError(email=request.lecturer)
    course = Course(
        code=request.code,
        module_code=request.module_code,
        title=request.title,
        term_id=_term(session, request.term, request.new_term).id,
        lecturer_id=lecturer.id,
        origin=Origin.FORM,
    )
    try:
        with session.begin_nested():
            session.add(course)
    except IntegrityError as error:
        match violated_constraint(error):
            case "uq_courses_code":
                raise CourseExistsError(course=request.code) from error
            case "fk_courses_lecturer_id_lecturer_role":  # the person's role has changed since it was read
                raise LecturerNotFoundError(email=request.lecturer) from error
            case _:
                raise
    session.add_all(
        Syllabus(course_id=course.id, week_number=week.week_number, topic=week.topic, objectives=week.objectives) for week in request.weeks
    )
    session.flush()
    return course


@dataclass(frozen=True)
class CourseChange:
    """What became of a course: whether it has another title, and the numbers of the weeks that are new, different or gone."""

    retitled: bool
    added: tuple[int, ...]
    changed: tuple[int, ...]
    removed: tuple[int, ...]

    def sentence(self) -> str:
        """Say it to a person.

        Examples
        --------
        >>> CourseChange(retitled=True, added=(3, 4), changed=(), removed=(1,)).sentence()
        'It has a new title. Added: weeks 3, 4. Removed: week 1.'
        """
        parts = ["It has a new title."] if self.retitled else []
        for word, weeks in (("Added", self.added), ("Changed", self.changed), ("Removed", self.removed)):
            if weeks:
                parts.append(f"{word}: week{'s' if len(weeks) > 1 else ''} {', '.join(map(str, weeks))}.")
        return " ".join(parts) or "Nothing was different."


@administrators_only("change courses")
def change_course(session: Session, request: ChangeCourse) -> CourseChange:
    """Give a course another title and other weeks. Quizzes, materials and mastery stay with the number of their week.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    ChangedMeanwhileError
        It is no longer as it was seen.
    WeekInUseError
        A week that has quizzes or materials would be removed.
    NotPermittedError
        The signed-in person is no administrator.
    """
    found = select(Course).where(Course.id == course_by_code(session, request.course).id)
    course = session.scalars(found.with_for_update(key_share=True).execution_options(populate_existing=True)).one()
    # Locked whole: a quiz that is being added to a week meanwhile holds its row, so it is waited for and then seen.
    rows = select(Syllabus).where(Syllabus.course_id == course.id).order_by(Syllabus.week_number)
    stored = {row.week_number: row for row in session.scalars(rows.with_for_update().execution_options(populate_existing=True))}
    now = CourseAsSeen(title=course.title, weeks=tuple((row.week_number, row.topic, row.objectives) for row in stored.values()))
    if request.seen not in {None, now}:
        raise ChangedMeanwhileError(what=course.code)
    wanted = {week.week_number: week for week in request.weeks}
    removed = tuple(number for number in stored if number not in wanted)
    for number in removed:
        _require_unused(session, course, number)
        session.delete(stored[number])
    kept = [(number, row) for number, row in stored.items() if number in wanted]
    changed = tuple(number for number, row in kept if (row.topic, row.objectives) != (wanted[number].topic, wanted[number].objectives))
    for number in changed:
        stored[number].topic, stored[number].objectives = wanted[number].topic, wanted[number].objectives
    added = tuple(number for number in wanted if number not in stored)
    session.add_all(
        Syllabus(course_id=course.id, week_number=number, topic=wanted[number].topic, objectives=wanted[number].objectives)
        for number in added
    )
    course.title = request.title
    session.flush()
    return CourseChange(retitled=now.title != request.title, added=added, changed=changed, removed=removed)


def _require_unused(session: Session, course: Course, week: int) -> None:
    """Refuse to remove a week that something belongs to: the database would remove that with it."""
    belongings = []
    for model, noun, plural in ((Quiz, "quiz", "quizzes"), (Material, "material", "materials")):
        count = session.scalar(select(func.count()).select_from(model).where(model.course_id == course.id, model.week_number == week)) or 0
        if count:
            belongings.append(f"{count} {noun if count == 1 else plural}")
    if belongings:
        verb = "belongs" if belongings in (["1 quiz"], ["1 material"]) else "belong"
        raise WeekInUseError(course=course.code, week=week, belongings=f"{' and '.join(belongings)} {verb}")


def _term(session: Session, code: str, described: NewTerm | None) -> Term:
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
    found = session.scalars(select(Term).where(Term.code == code)).one_or_none()
    if found is None:
        raise NewTermNeededError(term=code)
    if described is not None and (found.name, found.starts_on, found.ends_on) != (described.name, described.starts_on, described.ends_on):
        raise TermExistsError(term=code)
    return found
