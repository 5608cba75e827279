"""Signing in from a notebook: a form that leaves nothing of what was typed in it, and what opens it."""

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

if TYPE_CHECKING:
    from sqlalchemy import Engine

Result = TypeVar("Result")
HERE = Path(__file__).parent


class SignInForm(anywidget.AnyWidget):
    """Address, password, a button.

    What is typed stays in the page until the button is pressed, and then comes as one message. No synchronised property
    ever holds it, so neither a saved notebook nor its widget state can.

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

    def receive(self, content: Any) -> None:  # noqa: ANN401 - whatever a page sends
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
            self._tell(f"lmskit made a mistake here ({type(error).__name__}). The details are in View ▸ Show Log Console.", good=False)
            raise
        self._tell(sentence, good=good)

    def _tell(self, sentence: str, *, good: bool) -> None:
        self.answer = sentence
        self.send({"sentence": sentence, "good": good})


def sign_in_form() -> SignInForm:
    """Return the form, wired to the database."""

    def signed_in(request: SignIn) -> str:
        sign_in(request.email, request.password.get_secret_value())
        return f"You are signed in as {request.email.lower()}. Run the cell below, or this one again."

    return SignInForm(signed_in)


def signed_in_engine(person: str | None = None) -> Engine:
    """Return the engine of `person`, by default of whoever is signed in; where nobody is, show the sign-in form.

    Raises
    ------
    NotSignedInError, LoginMissingError, SignInRefusedError
        As in `as_signed_in`.
    """

    def tried(engine: Engine) -> Engine:
        with engine.connect():
            return engine

    return as_signed_in(tried, person)


def as_signed_in(work: Callable[[Engine], Result], person: str | None = None) -> Result:
    """Do what has to be done with the engine of `person`, by default of whoever is signed in; where nobody is, show the sign-in form.

    The form is shown where somebody sits at the notebook. A notebook that is run by a program has the sentence only.

    Raises
    ------
    NotSignedInError
        Nobody is signed in yet; the form is on the screen.
    LoginMissingError, SignInRefusedError
        The same, where there is no screen.
    """
    try:
        return work(engine_for(person))
    except (LoginMissingError, NotSignedInError, SignInRefusedError) as error:
        if not somebody_can_type():
            raise
        _display(sign_in_form())
        reason = f" {error}" if isinstance(error, SignInRefusedError) else ""
    message = f"Nobody is signed in yet. Sign in with the form above, then run this cell again.{reason}"
    raise NotSignedInError(message)


def somebody_can_type() -> bool:
    """Whether this is a notebook with a person in front of it: a front end that a program drives does not allow input."""
    interactive = sys.modules.get("IPython")
    shell: Any = interactive.get_ipython() if interactive is not None else None
    if not hasattr(shell, "get_parent"):  # a terminal, or no IPython at all
        return False
    return bool(shell.get_parent().get("content", {}).get("allow_stdin", False))


def _display(form: SignInForm) -> None:
    from IPython.display import display

    display(form)  # type: ignore[no-untyped-call]
