"""Requests to enrol a student in a course and to withdraw one."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from lmskit.limits import LONGEST_ADDRESS
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code, Line, Name


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class EnrollStudent(Request):
    """Enrol the person with this address; a person who is not in lmskit yet needs a name."""

    course: Code
    email: Address
    family_name: Name = ""
    """Only used for a person who is not in lmskit yet; others keep their name."""
    given_name: Name = ""


class WithdrawStudent(Request):
    """Withdraw a student by address, which may be one that receives no mail, as imported addresses can be."""

    course: Code
    email: Annotated[Line, StringConstraints(min_length=3, max_length=LONGEST_ADDRESS), BeforeValidator(_lower)]


class WithdrawFromRoster(Request):
    """Withdraw a student who was chosen from the roster and may have no address."""

    course: Code
    student_id: Annotated[int, Field(ge=1)]
