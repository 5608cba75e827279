"""Signing in from a notebook: the engine of the person who signed in, and the form to sign in where no person is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from lmskit.db import access
from lmskit.db.schema_revision import require_known_schema
from lmskit.errors import LoginMissingError, NotSignedInError, SignInRefusedError
from lmskit.settings import DEMO_ADMIN

if TYPE_CHECKING:
    from sqlalchemy import Engine

Result = TypeVar("Result")

ASKED = "This cell ran without a sign-in. Sign in with the form above, then choose Run ▸ Run All Cells."
"""It stays below the form after the sign-in, and is true then, too."""


def signed_in_engine(person: str | None = None) -> Engine:
    """Return the engine of `person`, by default of the person who is signed in; show the form to sign in if no person is.

    Raises
    ------
    NotSignedInError, LoginMissingError, SignInRefusedError
        As in `as_signed_in`.
    RevisionError
        The database is older or newer than this lmskit.
    """

    def connected(engine: Engine) -> Engine:
        require_known_schema(engine)
        with engine.connect():
            return engine

    return as_signed_in(connected, person)


def as_signed_in(work: Callable[[Engine], Result], person: str | None = None) -> Result:
    """Call `work` with the engine of `person`, by default of the person who is signed in; show the form to sign in if no person is.

    The form is shown only in a notebook that a person runs. A notebook that a program runs raises the error.

    Raises
    ------
    NotSignedInError
        No person is signed in; the form is on the screen.
    LoginMissingError, SignInRefusedError
        The same, in a notebook that a program runs.
    """
    access().default_person = DEMO_ADMIN
    try:
        return work(access().engine_for(person))
    except (LoginMissingError, NotSignedInError, SignInRefusedError) as error:
        if not person_can_type():
            raise
        _show_form()
        reason = f" {error}" if isinstance(error, SignInRefusedError) else ""
    message = f"{ASKED}{reason}"
    raise NotSignedInError(message)


def person_can_type() -> bool:
    """Whether a person runs this notebook: a front end driven by a program does not allow input."""
    interactive = sys.modules.get("IPython")
    shell: Any = interactive.get_ipython() if interactive is not None else None
    if not hasattr(shell, "get_parent"):  # a terminal, or no IPython at all
        return False
    return bool(shell.get_parent().get("content", {}).get("allow_stdin", False))


def _show_form() -> None:
    from IPython.display import display

    from lmskit.desks.sign_in_form import sign_in_form

    display(sign_in_form())  # type: ignore[no-untyped-call]
