"""The forms that set up a course and change one, wired to the database."""

from __future__ import annotations

from lmskit.db import Opener, retried, snapshot, transaction
from lmskit.desks.options import course_options, lecturer_options, term_options
from lmskit.forms.course import CourseChangeForm, CourseForm
from lmskit.queries.course import course_outline
from lmskit.rounding import count_text
from lmskit.schemas.course import ChangeCourse, CreateCourse
from lmskit.schemas.course_outline import CourseOutline
from lmskit.services.course import change_course, create_course
from lmskit.services.permission import require_administrator


def course_desk(*, begin: Opener = transaction, read: Opener = snapshot) -> CourseForm:
    """Return the form that sets up a course; it offers the terms and lecturers of the database, and earlier courses to copy."""
    with read() as session:
        require_administrator(session)
        known_terms, known_lecturers, known_courses = term_options(session), lecturer_options(session), course_options(session)

    def create(request: CreateCourse) -> str:
        def work() -> None:
            with begin() as session:
                create_course(session, request)

        retried(work, idempotent=False)
        weeks = count_text(len(request.weeks), "week")
        return f"{request.code} was created in {request.term} with {weeks}. Its lecturer is {request.lecturer}."

    def outline(code: str) -> CourseOutline:
        with read() as session:
            return course_outline(session, code)

    return CourseForm(create, terms=known_terms, lecturers=known_lecturers, courses=known_courses, read=outline)


def course_change_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> CourseChangeForm:
    """Return the form that changes a course; it begins with `course`, or with the newest one."""
    with read() as session:
        require_administrator(session)
        known_courses = course_options(session)

    def change(request: ChangeCourse) -> str:
        with begin() as session:
            done = change_course(session, request)
        return f"{request.course} was saved. {done.sentence()}"

    def outline(code: str) -> CourseOutline:
        with read() as session:
            return course_outline(session, code)

    return CourseChangeForm(change, courses=known_courses, read=outline, course=course)
