"""Enrolling everyone whom a pasted text names, in one transaction: each enrollment with its message, as one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from lmskit.errors import AlreadyEnrolledError, InputError, NameNeededError, NotAStudentError
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.person_name import read_full_name
from lmskit.queries.course import course_by_code
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.schemas.mistakes import one_sentence
from lmskit.services.enrollment import request_enrollment
from lmskit.services.pasted_people import PastedReport, meant_by
from lmskit.services.permission import administrators_only
from lmskit.services.person import add_person
from lmskit.vocabulary import EnrollmentStatus, PastedOutcome, Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.pasted_people import PastedPerson
    from lmskit.models import Course, User
    from lmskit.schemas.enrollment import EnrollPasted
    from lmskit.services.pasted_people import Meant, PastedRow
    from lmskit.vocabulary import WelcomeTime

ADVICE = "No student has this name. Give the address too."


@administrators_only("enrol students")
def enroll_pasted(session: Session, request: EnrollPasted, *, dry_run: bool = False) -> PastedReport:
    """Request an enrollment for everyone whom the text names; who cannot be enrolled is left out and reported.

    An address that no person has needs a name beside it and becomes a new student. A name alone means a student in lmskit.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    request
        The course and the text.
    dry_run
        Do the same and roll it back.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    TooManyPastedError
        The text names more people than may be pasted at once.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course = course_by_code(session, request.course)
    nested = session.begin_nested() if dry_run else None
    meant = meant_by(session, request.people)
    rows: dict[int, PastedRow] = {}
    lines: dict[tuple[int, int, str], int | None] = {}
    # In one order for everyone, so that two administrators with overlapping lists wait for each other and do not deadlock.
    for index, each in sorted(enumerate(meant), key=lambda numbered: (_order(numbered[1]), numbered[0])):
        order = _order(each)
        if each.person is None and each.entry.email is None:
            rows[index] = each.undecided(advice=ADVICE)
        elif order in lines:
            rows[index] = each.row(PastedOutcome.UNCHANGED, f"The same person as in line {lines[order]}.")
        else:
            lines[order] = each.entry.line
            rows[index] = _enrolled(session, course, each, request.welcome)
    if nested is not None:
        nested.rollback()
    return PastedReport(course.code, tuple(rows[index] for index in range(len(meant))))


def _order(meant: Meant) -> tuple[int, int, str]:
    if meant.person is not None:
        return 0, meant.person.id, ""
    return (1, 0, meant.entry.email) if meant.entry.email is not None else (2, 0, "")


def _enrolled(session: Session, course: Course, meant: Meant, welcome: WelcomeTime) -> PastedRow:
    is_new = meant.person is None
    try:
        with session.begin_nested():  # who cannot be enrolled is not added either
            person = meant.person or _new_student(session, course, meant.entry)
            name = person.name
            enrollment = request_enrollment(session, course, person, welcome=welcome)
    except AlreadyEnrolledError as error:
        return meant.row(PastedOutcome.UNCHANGED, f"Already enrolled (status: {error.status}).")
    except (NotAStudentError, InputError) as error:
        return meant.row(PastedOutcome.REFUSED, str(error))
    except ValidationError as error:
        return meant.row(PastedOutcome.REFUSED, one_sentence(error, lambda field: field.replace("_", " ")))
    if is_new:
        return replace(meant.row(PastedOutcome.NEW), name=name)
    is_back = enrollment.previous_status is EnrollmentStatus.WITHDRAWN or enrollment.request_sequence > 1
    return meant.row(PastedOutcome.RETURNS if is_back else PastedOutcome.ENROLLED)


def _new_student(session: Session, course: Course, entry: PastedPerson) -> User:
    address = str(entry.email)
    if not entry.name:
        request = EnrollStudent(course=course.code, email=address)
        raise NameNeededError(email=request.email)
    try:
        name = read_full_name(entry.name)
    except UnreadableCellError as error:
        raise InputError(f"The name {error}.") from None
    request = EnrollStudent(course=course.code, email=address, family_name=name.family, given_name=name.given)
    names = {"family_name": request.family_name, "given_name": request.given_name}
    return add_person(session, email=request.email, role=Role.STUDENT, **names)
