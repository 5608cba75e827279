"""One sentence for the person at the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import ipywidgets as widgets

from lmskit.errors import LmskitError
from lmskit.progress import waits_shown

KINDS = ("lmskit-good", "lmskit-bad", "lmskit-note", "lmskit-plain")


class Message:
    """A line that reports how something went; it takes no room while it is empty.

    It is a label, so a name or an address repeated in it stays text, whatever it contains.
    """

    def __init__(self) -> None:
        self.view = widgets.Label("", layout=widgets.Layout(width="auto", display="none"))
        self.view.add_class("lmskit-text")
        self.view.add_class("lmskit-message")

    @property
    def value(self) -> str:
        """The sentence that is shown; empty when no sentence is shown."""
        return str(self.view.value)

    def good(self, sentence: str) -> None:
        """Report that something was done."""
        self._show(sentence, "lmskit-good")

    def bad(self, sentence: str) -> None:
        """Report that something could not be done, and why."""
        self._show(sentence, "lmskit-bad")

    def neutral(self, sentence: str) -> None:
        """Show something that is neither success nor failure."""
        self._show(sentence, "lmskit-plain")

    def warn(self, sentence: str) -> None:
        """Show a caveat or a question that must not be overlooked before going on."""
        self._show(sentence, "lmskit-note")

    def add(self, sentence: str) -> None:
        """Show a further sentence behind what is shown, in the same way."""
        self.view.value = f"{self.view.value} {sentence}".strip()
        self.view.layout.display = None

    def clear(self) -> None:
        """Show nothing."""
        self.view.value = ""
        self.view.layout.display = "none"

    def _show(self, sentence: str, kind: str) -> None:
        for other in KINDS:
            self.view.remove_class(other)
        self.view.add_class(kind)
        self.view.value = sentence
        self.view.layout.display = None


@contextmanager
def errors_shown(message: Message, *, done: str = "") -> Iterator[None]:
    """Show an error that ends the block in `message`; an `LmskitError` ends there, a bug is raised again.

    `done` says what was done before the block and is not undone by an error: it is shown before the error's sentence.
    While the block waits for another session of the database, the message says so.
    JupyterLab shows the traceback of a button's work only in its log, so the message says where to look.
    """

    def show_wait(sentence: str | None) -> None:
        if sentence is None:
            message.clear()
        else:
            message.neutral(sentence)

    def show_error(sentence: str) -> None:
        if done:
            message.warn(f"{done} What is shown is not up to date: {sentence}")
        else:
            message.bad(sentence)

    try:
        with waits_shown(show_wait):
            yield
    except LmskitError as error:
        show_error(str(error))
    except Exception as error:
        show_error(bug_message(error))
        raise


def bug_message(error: Exception) -> str:
    """Write the sentence for an error that lmskit did not foresee.

    Examples
    --------
    >>> bug_message(ZeroDivisionError())
    'lmskit failed unexpectedly (ZeroDivisionError). The details are in View ▸ Show Log Console.'
    """
    return f"lmskit failed unexpectedly ({type(error).__name__}). The details are in View ▸ Show Log Console."
