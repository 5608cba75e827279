"""Create a term, close it and open it again. People decide this: a term whose last day is past is open until it is closed."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import TermCodeInUseError, TermStateError
from lmskit.models import Course, Term
from lmskit.queries.term import NEXT, term_by_code
from lmskit.rounding import count_text
from lmskit.services.permission import administrators_only
from lmskit.services.term_enrollments import EndedEnrollments, end_enrollments, resume_enrollments
from lmskit.vocabulary import TermState, TermStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session

    from lmskit.schemas.term import CreateTerm

STEPS = {
    TermState.OPEN: (TermStep.CLOSE,),
    TermState.CLOSED: (TermStep.ARCHIVE, TermStep.OPEN),
    TermState.ARCHIVED: (TermStep.VERIFY, TermStep.RESTORE),
}
"""What can be done about a term in each state that people can see; earlier archives can be removed in any state."""


@dataclass(frozen=True)
class ClosedTerm:
    """A term that was closed, and the enrollments that ended."""

    term: Term
    ended: EndedEnrollments

    @property
    def sentence(self) -> str:
        """The same in words."""
        return f"The term {self.term.code} is closed. {self.ended.sentence}".rstrip()


@dataclass(frozen=True)
class OpenedTerm:
    """A term that was opened again, and how many enrollments are active again."""

    term: Term
    resumed: int

    @property
    def sentence(self) -> str:
        """The same in words."""
        resumed = f"{count_text(self.resumed, 'enrollment')} {'is' if self.resumed == 1 else 'are'} active again, as before it was closed."
        return f"The term {self.term.code} is open. {resumed if self.resumed else ''}".rstrip()


@administrators_only("create a term")
def create_term(session: Session, request: CreateTerm) -> Term:
    """Add a term without courses.

    Raises
    ------
    TermCodeInUseError
        There is a term with this code.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    term = Term(code=request.code, name=request.name, starts_on=request.starts_on, ends_on=request.ends_on)
    try:
        with session.begin_nested():
            session.add(term)
    except IntegrityError as error:
        if violated_constraint(error) != "uq_terms_code":
            raise
        raise TermCodeInUseError(term=request.code) from error
    return term


@administrators_only("close a term")
def close_term(session: Session, code: str) -> ClosedTerm:
    """Close a term: weeks, quizzes, attempts and mastery of its courses stay as they are, and its enrollments end.

    Active enrollments are completed with the last day of the term, or today if that comes first; pending ones are withdrawn, and their
    messages are not sent. Waits for those who are writing in the term.

    Raises
    ------
    TermNotFoundError
        There is no such term.
    TermStateError
        It is closed already, or the message of a pending enrollment is being sent at this moment.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    term = term_by_code(session, code)
    ended = EndedEnrollments(completed=0, withdrawn=0)
    with steps(term):
        # Those who are writing hold the term's row; those who come later wait, and are refused then.
        state = session.scalar(select(Term.state).where(Term.id == term.id).with_for_update())
        if state is TermState.OPEN:
            ended = end_enrollments(session, term, today=today())
        session.execute(text("SELECT lms.close_term(:term)"), {"term": term.id})
    session.expire_all()  # SQL ended enrollments that the session may have
    session.refresh(term)
    return ClosedTerm(term, ended)


@administrators_only("open a term")
def open_term(session: Session, code: str) -> OpenedTerm:
    """Open a closed term again; the enrollments that closing completed are active again, those that it withdrew stay withdrawn.

    Raises
    ------
    TermNotFoundError
        There is no such term.
    TermStateError
        It is open already, or archived.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    term = term_by_code(session, code)
    with steps(term):
        session.execute(text("SELECT lms.reopen_term(:term)"), {"term": term.id})
        resumed = resume_enrollments(session, term)
    session.expire_all()
    session.refresh(term)
    return OpenedTerm(term, resumed)


def today() -> dt.date:
    """The day on which a term is closed, in UTC as all stored times."""
    return dt.datetime.now(dt.UTC).date()


def in_closed_terms(session: Session, courses: Sequence[int]) -> dict[int, str]:
    """Why the courses of closed and archived terms are left as they are, by number; a sentence."""
    statement = (
        select(Course.id, Term.code, Term.state)
        .join(Term, Term.id == Course.term_id)
        .where(Course.id.in_(courses), Term.state != TermState.OPEN)
    )
    return {
        number: f"Its term {code} is {state}, so its estimates and fits stay as they are."
        for number, code, state in session.execute(statement)
    }


@contextmanager
def steps(term: Term) -> Iterator[None]:
    """Say what is missing where the database refuses a step of a term.

    Raises
    ------
    TermStateError
        See the functions of this module.
    """
    try:
        yield
    except IntegrityError as error:
        if violated_constraint(error) == "a_term_goes_step_by_step":
            found = str(getattr(getattr(error.orig, "diag", None), "message_detail", None) or term.state)
            raise TermStateError(_other_state(term.code, found)) from error
        raise


def require_state(term: Term, wanted: TermState) -> None:
    """Refuse a term in another state, before long work; the database looks again.

    Raises
    ------
    TermStateError
        It is in another state.
    """
    if term.state is not wanted:
        raise TermStateError(_other_state(term.code, term.state))


def _other_state(code: str, found: str) -> str:
    advice = {state.value: advice for state, advice in NEXT.items()}.get(found, "To list the terms: lmskit term list").format(term=code)
    return f"The term {code} is {found}. Nothing was changed. {advice}"
