"""The form in which a person who is signed in sets a new password."""

from __future__ import annotations

from lmskit.db import Opener, snapshot
from lmskit.db.typed_secret import with_password
from lmskit.desks.sign_in_form import NEW, PRESENT, go_on
from lmskit.errors import NotPermittedError, SignInRefusedError
from lmskit.queries.login import signed_in
from lmskit.schemas.login import ChangeOwnPassword
from lmskit.services.login import change_own_password
from lmskit.widgets import Panel, SecretForm


def password_desk(*, keep: bool = False, read: Opener = snapshot) -> SecretForm:
    """Return the form; with `keep`, the passfile of this machine has the new password, even if it had none before.

    Raises
    ------
    NotPermittedError
        The login that is used belongs to no person.
    """
    with read() as session:
        me = signed_in(session)
    if me.email is None:
        raise NotPermittedError(f"You are signed in as {me.login}, which belongs to no person. Sign in as yourself: lmskit.sign_out()")
    email = me.email

    def change(request: ChangeOwnPassword) -> str:
        password = request.password.get_secret_value()
        with with_password(email, request.present.get_secret_value()) as session:
            change_own_password(session, password=password)
        go_on(email, password, keep=keep)
        return f"{email} has a new password. You are still signed in."

    panel = Panel(
        f"Change the password of {email}",
        "Change the password",
        (PRESENT, *NEW),
        ChangeOwnPassword,
        change,
        beside={SignInRefusedError: "present"},
    )
    return SecretForm(panel)
