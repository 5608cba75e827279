"""The next term, wired to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lmskit.db import PATIENT, Opener, retried, snapshot, transaction
from lmskit.desks.options import lecturer_options, term_options
from lmskit.errors import ConflictError
from lmskit.forms.next_term import CopyPreview, NextTermScreen, NextTermWork, Options
from lmskit.queries.course import course_by_code, courses_of_term
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.term import terms
from lmskit.rounding import MISSING, count_text
from lmskit.services.course_copy import NOT_COPIED_SENTENCE, copied, copy_as_shown
from lmskit.services.permission import require_administrator
from lmskit.services.staff import staff_members
from lmskit.services.term import create_term
from lmskit.vocabulary import TermState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.models import Term
    from lmskit.schemas.course_copy import CopyCourse, CopyTerm
    from lmskit.schemas.term import CreateTerm
    from lmskit.services.copied_course import CopiedCourse, CopiedTerm


def next_term_desk(*, begin: Opener = transaction, read: Opener = snapshot) -> NextTermScreen:
    """Return the screen that creates a term and copies courses into it; a preview does the work and undoes it."""
    with read() as session:
        require_administrator(session)

    def create(request: CreateTerm) -> str:
        def work() -> Term:
            with begin() as session:
                return create_term(session, request)

        created = retried(work, idempotent=False)
        return f"The term {created.code} was created: {created.starts_on} to {created.ends_on}."

    def offered_terms() -> tuple[Options, Options]:
        with read() as session:
            labels, listed = term_options(session), terms(session, limit=MAX_PAGE)
        are_open = set(listed[listed["state"] == TermState.OPEN]["code"])
        return labels, [(label, code) for label, code in labels if code in are_open]

    def courses(term: str) -> Options:
        with read() as session:
            return [(f"{course.code} · {course.title}", course.code) for course in courses_of_term(session, term)]

    def staff(term: str, course: str) -> Options:
        with read() as session:
            chosen = [course_by_code(session, course)] if course else courses_of_term(session, term)
            found = {email: role for each in chosen for email, role in staff_members(session, each.id)}
        return [(f"{email} ({role})" if course else email, email) for email, role in sorted(found.items())]

    def lecturers() -> Options:
        with read() as session:
            return lecturer_options(session)

    shown: dict[str, Sequence[str]] = {}

    def ask(request: CopyCourse | CopyTerm) -> CopyPreview:
        with begin() as session:
            tried = copied(session, request, dry_run=True)
        if not tried.copied:
            raise ConflictError(" ".join([f"There is nothing to copy into {request.term}.", *tried.left_out_sentences]))
        shown.clear()
        shown[request.model_dump_json()] = tried.sentences
        question = f"Copy {count_text(len(tried.copied), 'course')} into {tried.copied[0].to_term.code}? {NOT_COPIED_SENTENCE}"
        return CopyPreview(" ".join([question, *_caveats(tried)]), _table(tried.copied))

    def copy(request: CopyCourse | CopyTerm) -> CopyPreview:
        done = _copied(begin, request, shown.get(request.model_dump_json(), ()))
        sentence = f"{count_text(len(done.copied), 'course')} copied into {done.copied[0].to_term.code}."
        return CopyPreview(" ".join([sentence, *_caveats(done)]), _table(done.copied))

    work = NextTermWork(create=create, terms=offered_terms, courses=courses, staff=staff, lecturers=lecturers, ask=ask, copy=copy)
    return NextTermScreen(work)


def _copied(begin: Opener, request: CopyCourse | CopyTerm, shown: Sequence[str]) -> CopiedTerm:
    def work() -> CopiedTerm:
        with begin() as session:
            return copy_as_shown(session, request, shown)

    return retried(work, lock_attempts=PATIENT, idempotent=False)


def _caveats(done: CopiedTerm) -> list[str]:
    return [*(caveat for course in done.copied for caveat in course.caveats), *done.left_out_sentences]


def _table(courses: Sequence[CopiedCourse]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Course": course.source,
                "Copy": course.code,
                "Responsible": course.lecturer,
                "Weeks": course.rows.weeks,
                "Quizzes": course.rows.quizzes,
                "Due from": _day(course.rows.first_due),
                "Due until": _day(course.rows.last_due),
                "Materials": course.rows.materials,
                "Staff": ", ".join(f"{email} ({role})" for email, role in course.staff) or MISSING,
            }
            for course in courses
        ]
    )


def _day(day: object) -> str:
    return MISSING if day is None else str(day)
