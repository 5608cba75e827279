"""What only administrators may do. The database decides; this says it in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lmskit.errors import NotPermittedError
from lmskit.queries.login import signed_in
from lmskit.vocabulary import Role


@contextmanager
def administrators_only(doing: str) -> Iterator[None]:
    """Turn the database's refusal into the error of the domain; `doing` completes "Only an administrator can …".

    Can stand above a function. The transaction has failed, as after any refusal of the database, and is rolled back by its opener.

    Raises
    ------
    NotPermittedError
        The signed-in person lacks the right.
    """
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise NotPermittedError(f"Only an administrator can {doing}. Sign in as one, or ask one to do it.") from error


def require_administrator(session: Session, *, what: str = "This notebook") -> None:
    """Refuse anybody but an administrator with a sentence; for a page that would otherwise open and refuse at its last button.

    Raises
    ------
    NotPermittedError
        The signed-in person is no administrator.
    """
    person = signed_in(session)
    if person.role is Role.SUPER_ADMIN:
        return
    who = f"{person.email}, a lecturer" if person.email else f"{person.login}, a login that is nobody's"
    raise NotPermittedError(
        f"{what} is for administrators; you are signed in as {who}. To open it as another person: lmskit lab --as EMAIL"
    )
