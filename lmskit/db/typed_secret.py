"""Sessions that a person opens with what they have just typed. Who this process acts as stays."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lmskit.db.access import Access, access
from lmskit.db.transaction import transaction
from lmskit.errors import InvitationRefusedError, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

LOGINS_OF_CODES = "invitation:"
"""How the logins begin with which codes of invitations are used."""


@contextmanager
def invited(selector: str, secret: str) -> Iterator[Session]:
    """Open a session with the login of a code; commit when the block ends, roll back if it raises.

    Raises
    ------
    InvitationRefusedError
        The server does not have the code, or not any more.
    """
    with _access_apart() as apart:
        try:
            engine = apart.sign_in(f"{LOGINS_OF_CODES}{selector}", secret)
        except SignInRefusedError:
            raise InvitationRefusedError from None
        with transaction(engine) as session:
            yield session


@contextmanager
def with_password(email: str, password: str) -> Iterator[Session]:
    """Open a session as the person who has this password; commit when the block ends, roll back if it raises.

    Raises
    ------
    SignInRefusedError
        Address and password do not belong to an open login.
    """
    with _access_apart() as apart, transaction(apart.sign_in(email, password)) as session:
        yield session


@contextmanager
def _access_apart() -> Iterator[Access]:
    apart = Access(access().settings)
    try:
        yield apart
    finally:
        apart.dispose()
