"""What only administrators may do. The database decides; this module puts its refusal into a sentence.

Everything that only an administrator may do uses `administrators_only`. A page that would otherwise open, and refuse at its last
button, calls `require_administrator` first.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lmskit.errors import NotPermittedError
from lmskit.queries.login import signed_in
from lmskit.vocabulary import Role


@contextmanager
def administrators_only(action: str) -> Iterator[None]:
    """Turn the database's refusal into a `NotPermittedError`; `action` completes "Only an administrator can …".

    Also works as a decorator. As after any error of the database, the transaction has failed and must be rolled back.

    Raises
    ------
    NotPermittedError
        The signed-in person lacks the right.
    """
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        if not isinstance(error.orig if isinstance(error, DBAPIError) else error, psycopg.errors.InsufficientPrivilege):
            raise
        raise NotPermittedError(f"Only an administrator can {action}. Sign in as one, or ask one to do it.") from error


def require_administrator(session: Session) -> None:
    """Refuse to open a notebook for a person who is not an administrator.

    Raises
    ------
    NotPermittedError
        The signed-in person is not an administrator.
    """
    person = signed_in(session)
    if person.role is Role.SUPER_ADMIN:
        return
    who = f"{person.email}, a lecturer" if person.email else f"{person.login}, a login that belongs to no person"
    raise NotPermittedError(
        f"Only an administrator can use this notebook. You are signed in as {who}. To open it as another person: lmskit lab --as EMAIL"
    )
