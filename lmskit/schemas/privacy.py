"""Requests about everything that is kept of one person."""

from typing import Annotated

from pydantic import Field

from lmskit.limits import LONGEST_ADDRESS
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Line


class ChooseAnyPerson(Request):
    """A person, by address or by number; one who was deleted has only the number."""

    person: Annotated[Line, Field(min_length=1, max_length=LONGEST_ADDRESS)]


class ErasePerson(ChooseAnyPerson):
    """A person to erase, and how."""

    courses_to: Address | None = None
    """The lecturer who takes over the courses that the person teaches."""
    family_alone: bool = False
    """Whether the family name alone is replaced in texts too."""
    remove_files: bool = False
    """Whether reports and messages that name the person are removed."""
