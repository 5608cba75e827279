"""Sessions of people who have nothing but the code of an invitation."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lmskit.db.access import Access, access
from lmskit.db.transaction import transaction
from lmskit.errors import InvitationRefusedError, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session


@contextmanager
def invited(selector: str, secret: str) -> Iterator[Session]:
    """Open a session with the login of a code; commit when the block ends, roll back if it raises. Who this process acts as stays.

    Raises
    ------
    InvitationRefusedError
        The server does not have the code, or not any more.
    """
    own = Access(access().settings)
    try:
        try:
            engine = own.sign_in(f"invitation:{selector}", secret)
        except SignInRefusedError:
            raise InvitationRefusedError from None
        with transaction(engine) as session:
            yield session
    finally:
        own.dispose()
