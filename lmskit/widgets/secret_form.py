"""A form for a notebook of which nothing that is typed is stored in the notebook: to sign in, or to set a password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets
from pydantic import ValidationError

from lmskit.errors import InputError, LmskitError
from lmskit.schemas.mistakes import mistakes, one_sentence
from lmskit.schemas.request import Request
from lmskit.widgets.message import bug_message

HERE = Path(__file__).parent


@dataclass(frozen=True)
class SecretInput:
    """An input of a panel.

    Attributes
    ----------
    name
        Of the field in the request.
    label
        What a person reads above it.
    type, autocomplete
        Of the HTML element; the second says to a browser's store of passwords what it is.
    hint
        What a person reads below it.
    """

    name: str
    label: str
    type: str = "password"
    autocomplete: str = "new-password"
    hint: str = ""


@dataclass(frozen=True)
class Panel:
    """What a form asks for at a time.

    Attributes
    ----------
    title, button
        What a person reads above and on the button.
    inputs
        In the order in which they are read.
    request
        What is typed becomes one of this class.
    on_submit
        Does the work and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.
    link
        The button that leads to this panel from the others.
    shares
        Whether to ask if the other notebooks of the same JupyterLab are to be signed in too (`shared` in the request).
    beside
        The input beside which the sentence of such an error is shown.
    """

    title: str
    button: str
    inputs: tuple[SecretInput, ...]
    request: type[Request]
    on_submit: Callable[[Any], str]
    link: str = ""
    shares: bool = False
    beside: Mapping[type[LmskitError], str] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """What the page needs to draw it."""
        inputs = [asdict(each) for each in self.inputs]
        return {"title": self.title, "button": self.button, "inputs": inputs, "link": self.link, "shares": self.shares}

    def label(self, name: str) -> str:
        """What a person reads above the input of this name."""
        return next((each.label for each in self.inputs if each.name == name), name)


class SecretForm(anywidget.AnyWidget):
    """One panel at a time, with a button, and with buttons that lead to the others.

    What is typed stays in the page until the button is pressed, and then arrives as one message. No synchronised property ever holds
    it, so neither a saved notebook nor its widget state can.

    Parameters
    ----------
    panels
        The first one is shown first.

    Examples
    --------
    >>> from lmskit.schemas.login import ChoosePassword
    >>> password = SecretInput("password", "New password")
    >>> form = SecretForm(Panel("Choose a password", "Choose", (password,), ChoosePassword, lambda request: "It is chosen."))
    >>> form.receive({"panel": 0, "values": {"password": "short"}})
    >>> form.problems
    {'password': 'A password has 12 to 200 characters. Several words make a good one.'}
    >>> form.receive({"panel": 0, "values": {"password": "several words in a row"}})
    >>> form.answer
    'It is chosen.'
    """

    _esm: ClassVar[str] = (HERE / "secret_form.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "secret_form.css").read_text(encoding="utf-8")

    panels = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, *panels: Panel) -> None:
        super().__init__(panels=[panel.shown() for panel in panels])
        self.answer = ""
        self.problems: dict[str, str] = {}
        self._panels = panels
        self.on_msg(lambda _widget, content, _buffers: self.receive(content))

    def receive(self, content: Any) -> None:  # noqa: ANN401 - a page can send anything
        """Answer one press of the button."""
        number, panel = 0, self._panels[0]
        try:
            number, panel, values = self._pressed(content)
            self._answer(number, panel.on_submit(panel.request.model_validate(values)), good=True)
        except ValidationError as error:
            self._answer(number, one_sentence(error, panel.label), problems=mistakes(error))
        except LmskitError as error:
            beside = panel.beside.get(type(error))
            self._answer(number, str(error), problems={} if beside is None else {beside: str(error)})
        except Exception as error:
            self._answer(number, bug_message(error))
            raise

    def _pressed(self, content: Any) -> tuple[int, Panel, Any]:  # noqa: ANN401 - as above
        """The panel whose button was pressed, and what was typed into it."""
        match content:
            case {"panel": int(number), "values": values} if 0 <= number < len(self._panels):
                return number, self._panels[number], values
        raise InputError("The page has sent something that this form does not have. Run the cell again.")

    def _answer(self, number: int, sentence: str, *, good: bool = False, problems: Mapping[str, str] | None = None) -> None:
        self.answer, self.problems = sentence, dict(problems or {})
        self.send({"panel": number, "sentence": sentence, "good": good, "problems": self.problems})
