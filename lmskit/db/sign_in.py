"""Signing in to this process with an address and a password, and out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.db import identity
from lmskit.db.connection import login_url
from lmskit.db.engine import dispose_engines, engine_at
from lmskit.errors import NotSignedInError, SignInRefusedError

if TYPE_CHECKING:
    from sqlalchemy import Engine

REFUSED = (
    "The address and the password do not belong to an open login here. Check both; "
    "an administrator can make a login (lmskit login create EMAIL) or set a new password (lmskit passwd EMAIL)."
)
"""One sentence for a wrong password, an unknown address, a person without a login and a closed login: which it is, is nobody's business."""


def sign_in(email: str, password: str) -> Engine:
    """Sign in; from here on this process acts as that person wherever nobody else is named.

    The password is kept in memory, for further connections, and nowhere else.

    Raises
    ------
    SignInRefusedError
        Address and password do not belong to an open login; whoever was signed in before still is.
    UnreachableError
        The server cannot be reached.
    """
    try:
        before = identity.current()
    except NotSignedInError:
        before = None
    email = email.strip().lower()
    url = login_url(email)
    engine = engine_at(url)
    engine.dispose()  # a connection from an earlier time would prove nothing about this password
    identity.assume(identity.Identity(email, str(url.username), password))
    try:
        with engine.connect():
            return engine
    except SignInRefusedError:
        identity.assume(before)
        raise SignInRefusedError(REFUSED) from None
    except BaseException:
        identity.assume(before)
        raise


def sign_out() -> None:
    """Forget who is signed in, and close the connections that are not in use."""
    identity.give_up()
    dispose_engines()
