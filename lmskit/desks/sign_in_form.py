"""The form to sign in to a notebook: with a password, with the code of an invitation, or by changing the password at once."""

from __future__ import annotations

from lmskit.db import access
from lmskit.db.access import REFUSED
from lmskit.db.new_password import renew_password
from lmskit.db.typed_secret import LOGINS_OF_CODES, invited, with_password
from lmskit.errors import InvitationRefusedError, LmskitError, NotSignedInError, SignInRefusedError
from lmskit.limits import LONGEST_PASSWORD, SHORTEST_PASSWORD
from lmskit.schemas.invitation import AcceptByForm
from lmskit.schemas.login import ChangeAtSignIn, SignIn
from lmskit.services.invitation import accept_invitation
from lmskit.services.login import change_own_password
from lmskit.widgets import Panel, SecretForm, SecretInput

ADDRESS = SecretInput("email", "E-mail address", type="email", autocomplete="username")
PASSWORD = SecretInput("password", "Password", autocomplete="current-password")
CODE = SecretInput("code", "Code", type="text", autocomplete="off", hint="The newest that you were given, with or without hyphens.")
PRESENT = SecretInput("present", "Present password", autocomplete="current-password")
NEW = (
    SecretInput("password", "New password", hint=f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; several words make a good one."),
    SecretInput("again", "New password again"),
)


def sign_in_form() -> SecretForm:
    """Return the form, wired to the database."""
    shares = access().shared is not None
    return SecretForm(
        Panel("Sign in to lmskit", "Sign in", (ADDRESS, PASSWORD), SignIn, _sign_in, link="I have a password", shares=shares),
        Panel(
            "Set your password with the code of an invitation",
            "Set the password and sign in",
            (ADDRESS, CODE, *NEW),
            AcceptByForm,
            _accept,
            link="I have a code",
            shares=shares,
            beside={InvitationRefusedError: "code"},
        ),
        Panel(
            "Change your password",
            "Change the password and sign in",
            (ADDRESS, PRESENT, *NEW),
            ChangeAtSignIn,
            _change,
            link="Change my password",
            shares=shares,
            beside={SignInRefusedError: "present"},
        ),
    )


def _sign_in(request: SignIn) -> str:
    if request.email.lower().startswith(LOGINS_OF_CODES):  # which open one thing, and are nobody's own
        raise SignInRefusedError(REFUSED)
    return _signed_in(request.email.lower(), request.password.get_secret_value(), shared=request.shared)


def _accept(request: AcceptByForm) -> str:
    password = request.password.get_secret_value()
    with invited(request.code.selector, request.code.secret) as session:
        email = accept_invitation(session, password=password, email=request.email)
    return f"Your password is set. {go_on(email, password, shared=request.shared)}"


def _change(request: ChangeAtSignIn) -> str:
    password = request.password.get_secret_value()
    with with_password(request.email, request.present.get_secret_value()) as session:
        change_own_password(session, password=password)
    return f"Your password is changed. {go_on(request.email.lower(), password, shared=request.shared)}"


def go_on(email: str, password: str, *, shared: bool = False, keep: bool = False) -> str:
    """Let this notebook, and what else acts as the person on this machine, go on with a password that has just been set; say so.

    Raises
    ------
    NotSignedInError
        They cannot; the password is set all the same.
    """
    try:
        renew_password(email, password, keep=keep)
        return _signed_in(email, password, shared=shared)
    except LmskitError as error:
        message = f"Your new password is set. {error}"
        raise NotSignedInError(message) from error


def _signed_in(email: str, password: str, *, shared: bool) -> str:
    access().sign_in(email, password)
    if shared:
        access().share_sign_in()
    others = " and in the other notebooks of this JupyterLab" if shared else ""
    return f"You are signed in as {email}{others}. Choose Run ▸ Run All Cells."
