"""What is needed to give a student a place in a course, and to end it."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from lmskit.limits import LONGEST_ADDRESS
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code, Line, Name


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class EnrollStudent(Request):
    """A place for the person with this address; someone new needs a name."""

    course: Code
    email: Address
    family_name: Name = ""
    """Only used for someone who is not known yet; a person who is keeps their name."""
    given_name: Name = ""


class WithdrawStudent(Request):
    """The end of a place; the address may be one that receives no mail, as imported ones can be."""

    course: Code
    email: Annotated[Line, StringConstraints(min_length=3, max_length=LONGEST_ADDRESS), BeforeValidator(_lower)]


class WithdrawFromRoster(Request):
    """The end of the place of a student who was chosen from the course's roster, and may have no address."""

    course: Code
    student_id: Annotated[int, Field(ge=1)]
