"""Signing in from a notebook: a form that stores nothing of what was typed, and the functions that open it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import anywidget
from pydantic import ValidationError

from lmskit.db import engine_for, sign_in
from lmskit.errors import LmskitError, LoginMissingError, NotSignedInError, SignInRefusedError
from lmskit.schemas.login import SignIn
from lmskit.schemas.mistakes import one_sentence
from lmskit.widgets.message import bug_message

if TYPE_CHECKING:
    from sqlalchemy import Engine

Result = TypeVar("Result")
HERE = Path(__file__).parent


class SignInForm(anywidget.AnyWidget):
    """A form with an address, a password and a button.

    Address and password stay in the page until the button is pressed, and then arrive as one message. No synchronised property
    ever holds them, so neither a saved notebook nor its widget state can.

    Parameters
    ----------
    on_sign_in
        Signs in and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.

    Examples
    --------
    >>> form = SignInForm(lambda request: f"You are signed in as {request.email}.")
    >>> form.receive({"email": "ada@example.org", "password": "a secret"})
    >>> form.answer
    'You are signed in as ada@example.org.'
    """

    _esm: ClassVar[str] = (HERE / "sign_in.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "sign_in.css").read_text(encoding="utf-8")

    def __init__(self, on_sign_in: Callable[[SignIn], str]) -> None:
        super().__init__()
        self.answer = ""
        self._on_sign_in = on_sign_in
        self.on_msg(lambda _widget, content, _buffers: self.receive(content))

    def receive(self, content: Any) -> None:  # noqa: ANN401 - a page can send anything
        """Answer one press of the button."""
        good = False
        try:
            sentence = self._on_sign_in(SignIn.model_validate(content))
            good = True
        except ValidationError as error:
            sentence = one_sentence(error)
        except LmskitError as error:
            sentence = str(error)
        except Exception as error:
            self._answer(bug_message(error), good=False)
            raise
        self._answer(sentence, good=good)

    def _answer(self, sentence: str, *, good: bool) -> None:
        self.answer = sentence
        self.send({"sentence": sentence, "good": good})


def sign_in_form() -> SignInForm:
    """Return the form, connected to the database."""

    def signed_in(request: SignIn) -> str:
        sign_in(request.email, request.password.get_secret_value())
        return f"You are signed in as {request.email.lower()}. Run the cell below, or this one again."

    return SignInForm(signed_in)


def signed_in_engine(person: str | None = None) -> Engine:
    """Return the engine of `person`, by default of the person who is signed in; if there is none, show the sign-in form.

    Raises
    ------
    NotSignedInError, LoginMissingError, SignInRefusedError
        As in `as_signed_in`.
    """

    def connected(engine: Engine) -> Engine:
        with engine.connect():
            return engine

    return as_signed_in(connected, person)


def as_signed_in(work: Callable[[Engine], Result], person: str | None = None) -> Result:
    """Call `work` with the engine of `person`, by default of the person who is signed in; if there is none, show the sign-in form.

    The form is shown only in a notebook that a person runs. A notebook that a program runs raises the error.

    Raises
    ------
    NotSignedInError
        No person is signed in; the form is on the screen.
    LoginMissingError, SignInRefusedError
        The same, in a notebook that a program runs.
    """
    try:
        return work(engine_for(person))
    except (LoginMissingError, NotSignedInError, SignInRefusedError) as error:
        if not person_can_type():
            raise
        _display(sign_in_form())
        reason = f" {error}" if isinstance(error, SignInRefusedError) else ""
    message = f"You are not signed in yet. Sign in with the form above, then run this cell again.{reason}"
    raise NotSignedInError(message)


def person_can_type() -> bool:
    """Whether a person runs this notebook: a front end driven by a program does not allow input."""
    interactive = sys.modules.get("IPython")
    shell: Any = interactive.get_ipython() if interactive is not None else None
    if not hasattr(shell, "get_parent"):  # a terminal, or no IPython at all
        return False
    return bool(shell.get_parent().get("content", {}).get("allow_stdin", False))


def _display(form: SignInForm) -> None:
    from IPython.display import display

    display(form)  # type: ignore[no-untyped-call]
