"""Everything about who studies a course, on one screen: enrol, withdraw, and the roster page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.db import Opener, snapshot, transaction
from lmskit.forms.choice import course_choice, course_options
from lmskit.forms.enrollment import EnrollmentForm, Withdrawal, WithdrawalForm
from lmskit.forms.field import Field
from lmskit.forms.mail_destination import mail_destination
from lmskit.forms.roster import Read, Roster
from lmskit.models import User
from lmskit.names import display_name
from lmskit.queries.roster import course_roster, roster_size
from lmskit.schemas.enrollment import EnrollStudent, WithdrawFromRoster
from lmskit.services.admission import admit
from lmskit.services.enrollment import withdraw, withdraw_by_id
from lmskit.services.permission import require_administrator
from lmskit.services.transport import transport_of
from lmskit.settings import settings
from lmskit.widgets import ROOT, style


class EnrollmentDesk:
    """Two forms and a roster, all about the course chosen above them.

    Parameters
    ----------
    courses
        What is shown and the code, for each course.
    on_enroll, on_withdraw
        Do the work and return the sentence to show; the sentence of an `LmskitError` they raise is shown instead.
    read_roster
        See `roster.Read`.
    where_messages_go
        A sentence on it.
    course
        The code of the course to begin with; by default the first one.
    clock
        Seconds from any fixed moment.
    """

    def __init__(
        self,
        *,
        courses: Sequence[tuple[str, str]],
        on_enroll: Callable[[EnrollStudent], str],
        on_withdraw: Callable[[Withdrawal], str],
        read_roster: Read,
        where_messages_go: str = "",
        course: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.course = course_choice(courses, course)
        self.roster = Roster(read_roster)
        self.enrollment = EnrollmentForm(self._then_showing_the_student(on_enroll), course=self.course, clock=clock)
        self.withdrawal = WithdrawalForm(self._then_showing_the_student(on_withdraw), course=self.course, clock=clock)
        forms = widgets.HBox(
            [self.enrollment.view, self.withdrawal.view],
            layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 32px", align_items="flex-start"),
        )
        course_field = Field("Course", self.course, hint=where_messages_go)
        self.view = widgets.VBox([style(), course_field.view, forms, self.roster.view])
        self.view.add_class(ROOT)
        self.roster.on_shown = lambda: self.withdrawal.offer(self.roster.leavers)
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        self._course_chosen()

    def _course_chosen(self) -> None:
        self.enrollment.message.clear()
        self.withdrawal.message.clear()
        self.withdrawal.submission.withdraw_question()
        if self.course.value is None:
            self.enrollment.message.bad("There is no course yet. Set one up first, in admin/course_setup.")
        else:
            self.roster.show(self.course.value)

    def _then_showing_the_student(self, work: Callable[[Any], str]) -> Callable[[Any], str]:
        def done(request: EnrollStudent | Withdrawal) -> str:
            sentence = work(request)
            if isinstance(request, WithdrawFromRoster):
                self.roster.show_student(student_id=request.student_id)
            else:
                self.roster.show_student(email=request.email)
            return sentence

        return done


def enrollment_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> EnrollmentDesk:
    """Return the desk, wired to the database.

    A place asked for is committed as pending together with its message; then the message is delivered, and that makes the
    place active. Without a mail server a message is delivered by writing it as an .eml file; the desk says which it is.
    """
    with read() as session:
        require_administrator(session)
        offered = course_options(session)

    transport = transport_of(settings())

    def on_enroll(request: EnrollStudent) -> str:
        return admit(begin, transport, request)

    def on_withdraw(request: Withdrawal) -> str:
        with begin() as session:
            if isinstance(request, WithdrawFromRoster):
                place = withdraw_by_id(session, course=request.course, student_id=request.student_id)
            else:
                place = withdraw(session, course=request.course, email=request.email)
            person = session.get_one(User, place.student_id)
            name = display_name(person.family_name, person.given_name)
        return f"{name} was withdrawn from {request.course} as of {place.ended_on}. The record and all attempts stay."

    def read_roster(code: str, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return course_roster(session, code, limit=limit, offset=offset), roster_size(session, code)

    return EnrollmentDesk(
        courses=offered,
        on_enroll=on_enroll,
        on_withdraw=on_withdraw,
        read_roster=read_roster,
        where_messages_go=mail_destination(settings()),
        course=course,
    )
