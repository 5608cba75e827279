"""One sentence for the person at the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import ipywidgets as widgets

from lmskit.errors import LmskitError

KINDS = ("lmskit-good", "lmskit-bad", "lmskit-note", "lmskit-plain")


class Message:
    """A line that tells how something went; it takes no room while there is nothing to tell.

    It is a label, so a name or an address that is repeated in it stays text, whatever it contains.
    """

    def __init__(self) -> None:
        self.view = widgets.Label("", layout=widgets.Layout(width="auto", display="none"))
        self.view.add_class("lmskit-text")
        self.view.add_class("lmskit-message")

    @property
    def value(self) -> str:
        """The sentence that is shown; empty when there is none."""
        return str(self.view.value)

    def good(self, sentence: str) -> None:
        """Tell that something was done."""
        self._tell(sentence, "lmskit-good")

    def bad(self, sentence: str) -> None:
        """Tell that something could not be done, and why."""
        self._tell(sentence, "lmskit-bad")

    def neutral(self, sentence: str) -> None:
        """Tell something that is neither success nor failure."""
        self._tell(sentence, "lmskit-plain")

    def warn(self, sentence: str) -> None:
        """Tell or ask something that should not be overlooked before going on."""
        self._tell(sentence, "lmskit-note")

    def clear(self) -> None:
        """Tell nothing."""
        self.view.value = ""
        self.view.layout.display = "none"

    def _tell(self, sentence: str, kind: str) -> None:
        for other in KINDS:
            self.view.remove_class(other)
        self.view.add_class(kind)
        self.view.value = sentence
        self.view.layout.display = None


@contextmanager
def errors_told(message: Message) -> Iterator[None]:
    """Tell in `message` what stops the work within; the block ends there, and what follows it goes on.

    A bug keeps its traceback. JupyterLab shows what happens behind a button only in its log, so the message says that there is something.
    """
    try:
        yield
    except LmskitError as error:
        message.bad(str(error))
    except Exception as error:
        message.bad(f"lmskit made a mistake here ({type(error).__name__}). The details are in View ▸ Show Log Console.")
        raise
