"""The screen for a course's enrollments, wired to the database and to the mail server."""

from __future__ import annotations

import pandas as pd

from lmskit.db import Opener, access, snapshot, transaction
from lmskit.desks.options import course_options
from lmskit.forms.enrollment import EnrollmentScreen, Withdrawal
from lmskit.models import User
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.roster import course_roster, roster_size
from lmskit.schemas.enrollment import EnrollStudent, WithdrawFromRoster
from lmskit.services.admission import admit
from lmskit.services.enrollment import withdraw, withdraw_by_id
from lmskit.services.permission import require_administrator
from lmskit.services.transport import destination_of, transport_of


def enrollment_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> EnrollmentScreen:
    """Return the screen; it begins with `course`, or with the newest one.

    A requested enrollment is committed as pending together with its message. Then the message is delivered, which makes the
    enrollment active. Without a mail server the message is written as an .eml file; the screen says which applies.
    """
    with read() as session:
        require_administrator(session)
        known_courses = course_options(session)

    transport = transport_of(access().settings)

    def on_enroll(request: EnrollStudent) -> str:
        return admit(begin, transport, request)

    def on_withdraw(request: Withdrawal) -> str:
        with begin() as session:
            if isinstance(request, WithdrawFromRoster):
                enrollment = withdraw_by_id(session, course=request.course, student_id=request.student_id)
            else:
                enrollment = withdraw(session, course=request.course, email=request.email)
            name = session.get_one(User, enrollment.student_id).name
        return f"{name} was withdrawn from {request.course} as of {enrollment.ended_on}. The record and all attempts stay."

    def read_roster(code: str, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return course_roster(session, code, limit=limit, offset=offset), roster_size(session, code)

    def find_student(code: str, column: str, value: object) -> int | None:
        offset, total = 0, 1
        while offset < total:
            page, total = read_roster(code, MAX_PAGE, offset)
            [positions] = (page[column] == value).to_numpy().nonzero()
            if len(positions):
                return offset + int(positions[0])
            offset += MAX_PAGE
        return None

    return EnrollmentScreen(
        courses=known_courses,
        on_enroll=on_enroll,
        on_withdraw=on_withdraw,
        read_roster=read_roster,
        find_student=find_student,
        mail_destination=destination_of(access().settings),
        course=course,
    )
