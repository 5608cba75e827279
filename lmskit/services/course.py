"""Setting up a course: its term if that is new, the course and the weeks of its syllabus, together or not at all."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import CourseExistsError, LecturerNotFoundError, NewTermNeededError, TermExistsError
from lmskit.models import Course, Syllabus, Term
from lmskit.queries.person import person_by_email
from lmskit.schemas.course import CreateCourse, NewTerm
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
