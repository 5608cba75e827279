"""Close a term and open it again. People decide this: a term whose last day is past is open until it is closed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import TermStateError
from lmskit.models import Course, Term
from lmskit.queries.term import term_by_code
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import TermState, TermStep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session


NEXT = {
    TermState.OPEN: "To close it: lmskit term close {term}",
    TermState.CLOSED: "To open it again: lmskit term open {term}; to archive it: lmskit archive create --term {term}",
    TermState.ARCHIVED: "To bring it back: lmskit archive restore {term}",
}
"""What can be done about a term in each state that people can see."""
STEPS = {
    TermState.OPEN: (TermStep.CLOSE,),
    TermState.CLOSED: (TermStep.ARCHIVE, TermStep.OPEN),
    TermState.ARCHIVED: (TermStep.VERIFY, TermStep.RESTORE),
}
"""The same, for programs; earlier archives can be removed in any state."""


@administrators_only("close a term")
def close_term(session: Session, code: str) -> Term:
    """Close a term: enrollments, weeks, quizzes, attempts and mastery of its courses stay as they are.

    Waits for those who are writing in it.

    Raises
    ------
    TermNotFoundError
        There is no such term.
    TermStateError
        It is closed already, or a student is not yet enrolled because the message is still on its way.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    term = term_by_code(session, code)
    with steps(term):
        session.execute(text("SELECT lms.close_term(:term)"), {"term": term.id})
    session.refresh(term)
    return term


@administrators_only("open a term")
def open_term(session: Session, code: str) -> Term:
    """Open a closed term again.

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
    session.refresh(term)
    return term


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
        violated = violated_constraint(error)
        if violated == "a_closed_term_waits_for_no_message":
            raise TermStateError(
                f"The term {term.code} cannot be closed: an enrollment is pending until its message is accepted. Nothing was changed. "
                "To send what waits: lmskit mail deliver; to see it: lmskit mail list"
            ) from error
        if violated == "a_term_goes_step_by_step":
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
