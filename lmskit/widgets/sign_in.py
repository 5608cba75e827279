"""A sign-in form for a notebook: nothing that is typed into it is stored in the notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets
from pydantic import ValidationError

from lmskit.errors import LmskitError
from lmskit.schemas.login import SignIn
from lmskit.schemas.mistakes import one_sentence
from lmskit.widgets.message import bug_message

HERE = Path(__file__).parent


class SignInForm(anywidget.AnyWidget):
    """A form with an address, a password and a button.

    Address and password stay in the page until the button is pressed, and then arrive as one message. No synchronised property
    ever holds them, so neither a saved notebook nor its widget state can.

    Parameters
    ----------
    on_sign_in
        Signs in and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.
    can_share
        Whether to ask if the other notebooks of the same JupyterLab are to be signed in too.

    Examples
    --------
    >>> form = SignInForm(lambda request: f"You are signed in as {request.email}.")
    >>> form.receive({"email": "ada@example.org", "password": "a secret"})
    >>> form.answer
    'You are signed in as ada@example.org.'
    """

    _esm: ClassVar[str] = (HERE / "sign_in.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "sign_in.css").read_text(encoding="utf-8")

    can_share = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, on_sign_in: Callable[[SignIn], str], *, can_share: bool = False) -> None:
        super().__init__(can_share=can_share)
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
