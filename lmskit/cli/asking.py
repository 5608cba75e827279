"""What a command asks for on the terminal; without one it says which option or argument gives it."""

import getpass
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from lmskit.errors import InputError


def asked(label: str, *, instead: str, hidden: bool = False, twice: bool = False, default: str | None = None) -> str:
    """Return what the person types.

    Parameters
    ----------
    label
        What is asked for.
    instead
        What gives it where there is no terminal, such as ``--email ADDRESS``.
    hidden
        Whether what is typed is not shown; it is then never read from anything but a terminal.
    twice
        Whether it has to be typed twice.
    default
        What an empty line means; by default it is asked for again.

    Raises
    ------
    InputError
        There is no terminal, and standard input has no line left.
    """
    try:
        with _ctrl_c(), warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            typed = typer.prompt(label, hide_input=hidden, confirmation_prompt=twice, default=default, show_default=False)
            return str(typed)
    except (getpass.GetPassWarning, typer.Abort):
        if sys.stdin.isatty():
            raise
        typer.echo()  # the line on which it was asked
        what = f"{label[:1].lower()}{label[1:]}" if label[1:2].islower() else label
        message = f"There is no terminal to ask for the {what}. Give it by: {instead}"
        raise InputError(message) from None


def confirmed(question: str, *, instead: str) -> None:
    """Go on if the person says yes; otherwise end the command.

    Raises
    ------
    InputError
        There is no terminal, and standard input has no line left.
    """
    try:
        is_agreed = agreed(question)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo()
        message = f"There is no terminal to confirm this. Nothing was changed. To go on without being asked: {instead}"
        raise InputError(message) from None
    if not is_agreed:
        raise typer.Abort


def agreed(question: str) -> bool:
    """Whether the person says yes."""
    with _ctrl_c():
        return typer.confirm(question)


@contextmanager
def _ctrl_c() -> Iterator[None]:
    """Let Ctrl-C at a question end the command as it does at any other time: Typer makes it the same `Abort` as the end of the input."""
    try:
        yield
    except typer.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise
