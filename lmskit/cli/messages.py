"""Errors as one sentence: only this module of the command line catches them."""

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from lmskit.cli.exit_status import INTERRUPTED, REFUSED
from lmskit.cli.typed_as import typed_as
from lmskit.cli.wait_line import WaitLine
from lmskit.errors import LmskitError
from lmskit.progress import waits_shown
from lmskit.readable import bounded

CANNOT_BE_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
"""Numbers of errors that are the disk's: it is full, beyond a quota or a limit, read-only or broken."""


def message_for(error: Exception, command: Any = None) -> str | None:  # noqa: ANN401 - the types of Typer's own Click are private
    """The message for a person; None for a bug. It speaks of the options and arguments of `command`, if that is given.

    Examples
    --------
    >>> from lmskit.errors import CourseNotFoundError
    >>> message_for(CourseNotFoundError(course="CS1"))
    "There is no course 'CS1' among those you can see. To list them: lmskit course list"
    >>> message_for(KeyError("x")) is None
    True
    """
    if isinstance(error, LmskitError):
        return f"{str(error).removesuffix('.')} ({error.options})." if error.options else str(error)
    if isinstance(error, OSError) and error.errno in CANNOT_BE_WRITTEN:
        what = str(error.filename) if error.filename else "The output"
        return f"{what} cannot be written: {error.strerror}. Free some space there, or choose another folder, then try again."
    # Without Pydantic there is no validation error, and importing it would slow down `lmskit --help`.
    if "pydantic" in sys.modules:
        from pydantic import ValidationError  # noqa: PLC0415 - as above

        from lmskit.schemas.mistakes import one_sentence  # noqa: PLC0415 - as above

        if isinstance(error, ValidationError):
            if error.title == "Settings":
                from lmskit.settings import variable_of  # noqa: PLC0415 - as above

                return one_sentence(error, variable_of)
            return one_sentence(error, lambda field: typed_as(field, command))
    return None


def _advise(error: Exception) -> None:
    """Say how a file or text is given that was taken for options, where Click says only that there is no such option."""
    if hasattr(error, "message") and isinstance(error.message, str):
        error.message = error.message.removeprefix("Value error, ")  # as Pydantic begins it, which reads options for Typer
    option = getattr(error, "option_name", None)
    if isinstance(option, str) and not option.startswith("--") and hasattr(error, "possibilities") and hasattr(error, "message"):
        error.message += ". A text or file that begins with - comes last, after --; a file can also be named as ./-name"


STOPPED = "\nStopped. What the command reported as done is done; the transaction that was under way left nothing behind."
CALLED = "lmskit.called"
"""Under this name the context of a command line has the command that was called."""


class ErrorMessages(TyperGroup):
    """A group of commands that reports an error in one sentence on standard error, with exit status 1."""

    def main(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as below
        """Run the command line; in a log, a mistake in it is one line and not a box of 80 columns."""
        if not sys.stderr.isatty():
            self.rich_markup_mode = None
        return super().main(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the types of Typer's own Click are private
        """Run the command."""
        try:
            with waits_shown(WaitLine()):
                return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo(STOPPED, err=True)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            message = message_for(error, ctx.meta.get(CALLED))
            if message is None:
                _advise(error)
                raise
            typer.echo(bounded(message), err=True)
            raise typer.Exit(REFUSED) from None
