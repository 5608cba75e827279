"""What only administrators may do. The database decides; this says it in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

from lmskit.errors import NotPermittedError


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
