"""What can be refused, as one sentence: the only place where the command line catches an error."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from lmskit.errors import LmskitError


def sentence_for(error: Exception) -> str | None:
    """The sentence for a person; None for a bug.

    Examples
    --------
    >>> from lmskit.errors import CourseNotFoundError
    >>> sentence_for(CourseNotFoundError(course="CS1"))
    "There is no course 'CS1' among those you can see. To list them: lmskit course list"
    >>> sentence_for(KeyError("x")) is None
    True
    """
    if isinstance(error, LmskitError):
        return str(error)
    # Who has not loaded Pydantic cannot have got a validation error from it.
    if "pydantic" in sys.modules:
        from pydantic import ValidationError

        from lmskit.schemas.mistakes import one_sentence

        if isinstance(error, ValidationError):
            return one_sentence(error)
    return None


class Refusals(TyperGroup):
    """A group of commands that says what it refuses in a sentence on standard error, with exit status 1."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the types of Typer's own Click are private
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            sentence = sentence_for(error)
            if sentence is None:
                raise
            typer.echo(sentence, err=True)
            raise typer.Exit(1) from None
