"""Requests about terms."""

from typing import Annotated

from pydantic import Field

from lmskit.schemas.course import NewTerm
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Line
from lmskit.vocabulary import TermStep


class CreateTerm(NewTerm):
    """A term without courses."""

    code: Code


class TakeTermStep(Request):
    """A step of a term."""

    step: TermStep
    term: str
    to: Annotated[Line, Field(min_length=1, max_length=4096)] | None = None
    """Folder or bucket for the files of an archive; None is the folder in lmskit's home."""
    from_files: bool = False
    """Whether restored rows come from the files and not from the database."""
