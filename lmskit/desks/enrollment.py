"""The screen for a course's enrollments, wired to the database and to the mail server."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pandas as pd
from sqlalchemy.orm import Session

from lmskit.db import Opener, access, retried, snapshot, transaction
from lmskit.desks.options import course_options
from lmskit.errors import LmskitError
from lmskit.forms.enrollment import EnrollmentScreen, ManyAtOnce, Withdrawal
from lmskit.forms.quiz_exception import ExceptionWork
from lmskit.forms.several import Preview
from lmskit.forms.student_message import MessagePreview, MessageWork
from lmskit.forms.submission import PartlyDone
from lmskit.listings import PASTED_PEOPLE
from lmskit.models import User
from lmskit.queries.outbox import count_due_messages
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.quiz import quiz_rows
from lmskit.queries.quiz_exception import count_quiz_exceptions, quiz_exceptions
from lmskit.queries.roster import course_roster, roster_size
from lmskit.queries.section import section_rows
from lmskit.rounding import count_text
from lmskit.schemas.enrollment import EnrollPasted, EnrollStudent, WithdrawFromRoster, WithdrawSeveral
from lmskit.schemas.written_message import SendMessage
from lmskit.services.admission import admit, over_sentence
from lmskit.services.bulk_withdrawal import withdraw_several
from lmskit.services.delivery import deliver_waiting
from lmskit.services.enrollment import welcome_due, withdraw, withdraw_by_id
from lmskit.services.message_preview import preview_to_students
from lmskit.services.pasted_enrollment import enroll_pasted
from lmskit.services.pasted_people import PastedReport
from lmskit.services.permission import require_administrator
from lmskit.services.previewed import as_previewed
from lmskit.services.quiz_exception import excuse, extend, remove_exception
from lmskit.services.student_message import Recipients, send_as_previewed
from lmskit.services.transport import destination_of, transport_of
from lmskit.vocabulary import WelcomeTime

Request = TypeVar("Request")

TIME_TO_SEND = 20.0
"""Seconds to send messages before the form answers; what waits then is sent with the outbox or `lmskit mail deliver`."""


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

    def ask_to_enroll(request: EnrollStudent) -> str:
        with read() as session:
            return _all_the_same(over_sentence(session, request.course), request.email)

    def on_withdraw(request: Withdrawal) -> str:
        sentence = retried(lambda: _withdrawn(begin, request), idempotent=False)
        return _delivered(begin, sentence) if request.notify else sentence

    def read_roster(code: str, searched: str, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            page = course_roster(session, code, search=searched or None, limit=limit, offset=offset)
            return page, roster_size(session, code, search=searched or None)

    def find_student(code: str, column: str, value: object) -> int | None:
        offset, total = 0, 1
        while offset < total:
            page, total = read_roster(code, "", MAX_PAGE, offset)
            [positions] = (page[column] == value).to_numpy().nonzero()
            if len(positions):
                return offset + int(positions[0])
            offset += MAX_PAGE
        return None

    return EnrollmentScreen(
        courses=known_courses,
        on_enroll=on_enroll,
        on_withdraw=on_withdraw,
        ask_to_enroll=ask_to_enroll,
        read_roster=read_roster,
        find_student=find_student,
        many=_many_at_once(begin, read),
        exceptions=_exceptions(begin, read),
        messages=_messages(begin, read),
        mail_destination=destination_of(access().settings),
        course=course,
    )


def _many_at_once(begin: Opener, read: Opener) -> ManyAtOnce:
    def preview_enrollment(request: EnrollPasted) -> Preview:
        with begin() as session:
            report = enroll_pasted(session, request, dry_run=True)
            over = over_sentence(session, request.course)
        return replace(_preview(report), question=_all_the_same(over, count_text(report.n_done, "student")))

    def enroll_previewed(request: EnrollPasted, preview: Preview) -> str:
        report = as_previewed(begin, partial(enroll_pasted, request=request), preview.report, what=f"the students of {request.course}")
        with read() as session:
            is_later = request.welcome is WelcomeTime.AT_START and welcome_due(session, request.course) > dt.datetime.now(dt.UTC)
        if is_later:
            return f"{_counted(report.n_done)} enrolled in {report.course}. The messages wait for the first day of the term."
        return _delivered(begin, f"{_counted(report.n_done)} enrolled in {report.course}.")

    def preview_withdrawal(request: WithdrawSeveral) -> Preview:
        with begin() as session:
            report = withdraw_several(session, request, dry_run=True)
        return replace(_preview(report), reasons=report.check.reasons)

    def withdraw_previewed(request: WithdrawSeveral, preview: Preview) -> str:
        report = as_previewed(begin, partial(withdraw_several, request=request), preview.report, what=f"the students of {request.course}")
        sentence = f"{_counted(report.n_done)} withdrawn from {report.course}. Their records and all attempts stay."
        return _delivered(begin, sentence) if request.notify else sentence

    def sections_of(code: str) -> list[tuple[str, str]]:
        kinds: dict[str, list[str]] = {}
        with read() as session:
            for row in section_rows(session, code, limit=MAX_PAGE):
                kinds.setdefault(str(row["name"]), []).append(f"the {row['kind']}")
        # A section and a group of one name are chosen together, as by the command.
        return [(f"{' and '.join(of_name)} {name}", name) for name, of_name in kinds.items()]

    return ManyAtOnce(preview_enrollment, enroll_previewed, preview_withdrawal, withdraw_previewed, sections_of)


def _messages(begin: Opener, read: Opener) -> MessageWork:
    previewed: dict[SendMessage, Recipients] = {}

    def preview(request: SendMessage) -> MessagePreview:
        previewed.clear()
        with read() as session:
            previewed[request], letter = preview_to_students(session, request)
        return MessagePreview(previewed[request].sentence, letter)

    def send(request: SendMessage) -> str:
        sent = send_as_previewed(begin, request, previewed[request])
        return _delivered(begin, sent.sentence)

    return MessageWork(preview, send)


def _delivered(begin: Opener, done: str) -> str:
    """Send what is due, for a while, and return what was done with the result; also an error, since what the messages are about is done."""
    until = time.monotonic() + TIME_TO_SEND
    try:
        sent = deliver_waiting(begin, transport_of(access().settings), go_on=lambda: time.monotonic() < until)
        with begin() as session:
            n_due = count_due_messages(session)
    except LmskitError as error:
        return PartlyDone(f"{done} Not all messages have been sent. {error}")
    if sent.stopped:
        return PartlyDone(f"{done} {sent.stopped}")
    waiting = f" {count_text(n_due, 'message')} {'waits' if n_due == 1 else 'wait'}: admin/outbox sends {'it' if n_due == 1 else 'them'}."
    return f"{done} Messages: {sent.sentence}{waiting if n_due else ''}"


def _exceptions(begin: Opener, read: Opener) -> ExceptionWork:
    def in_transaction(work: Callable[[Session, Request], str]) -> Callable[[Request], str]:
        def done(request: Request) -> str:
            with begin() as session:
                return work(session, request)

        return done

    def quizzes_of(code: str) -> list[tuple[str, str]]:
        with read() as session:
            found = quiz_rows(session, code, limit=MAX_PAGE)
        return [(f"{row['title']} · quiz {row['quiz_id']}", str(row["quiz_id"])) for row in found]

    def read_exceptions(code: str, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return quiz_exceptions(session, code, limit=limit, offset=offset), count_quiz_exceptions(session, code)

    return ExceptionWork(in_transaction(excuse), in_transaction(extend), in_transaction(remove_exception), quizzes_of, read_exceptions)


def _preview(report: PastedReport) -> Preview:
    table = PASTED_PEOPLE.shown(PASTED_PEOPLE.table(report.records()))
    if all(row.line is None for row in report.rows):  # a section or a whole course, of which nothing was pasted
        table = table[[PASTED_PEOPLE.headings[name] for name in ("name", "outcome")]]
    return Preview(table, report.counts(), report.n_done, report=report)


def _all_the_same(over: str, who: str) -> str:
    """The question before students are enrolled into a term that is over; empty if it is not."""
    return f"{over} Enrol {who} all the same?" if over else ""


def _counted(number: int) -> str:
    return f"{count_text(number, 'student')} {'was' if number == 1 else 'were'}"


def _withdrawn(begin: Opener, request: Withdrawal) -> str:
    with begin() as session:
        if isinstance(request, WithdrawFromRoster):
            enrollment = withdraw_by_id(session, course=request.course, student_id=request.student_id, notify=request.notify)
        else:
            enrollment = withdraw(session, course=request.course, who=request.email, notify=request.notify)
        name = session.get_one(User, enrollment.student_id).name
    return f"{name} was withdrawn from {request.course} as of {enrollment.ended_on}. The record and all attempts stay."
