"""Requests to enrol a student in a course and to withdraw one."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from lmskit.limits import LONGEST_ADDRESS, LONGEST_PASTED, MOST_STUDENTS
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, Code, Line, Name, Storable, Title
from lmskit.vocabulary import WelcomeTime


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class EnrollStudent(Request):
    """Enrol the person with this address; a person who is not in lmskit yet needs a name."""

    course: Code
    email: Address
    family_name: Name = ""
    """Only used for a person who is not in lmskit yet; others keep their name."""
    given_name: Name = ""
    welcome: WelcomeTime = WelcomeTime.NOW


class WithdrawStudent(Request):
    """Withdraw a student by address, which may be one that receives no mail, as imported addresses can be."""

    course: Code
    email: Annotated[Line, StringConstraints(min_length=3, max_length=LONGEST_ADDRESS), BeforeValidator(_lower)]
    notify: bool = False
    """Send the student a message about it."""


class WithdrawFromRoster(Request):
    """Withdraw a student who was chosen from the roster and may have no address."""

    course: Code
    student_id: Annotated[int, Field(ge=1)]
    notify: bool = False


Pasted = Annotated[Storable, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_PASTED)]
"""A text with addresses and names of people."""


class EnrollPasted(Request):
    """Enrol everyone whom a pasted text names."""

    course: Code
    people: Pasted
    welcome: WelcomeTime = WelcomeTime.NOW


class WithdrawSeveral(Request):
    """Withdraw everyone whom a pasted text names, who is in a section, or all students of a course: one of the three."""

    course: Code
    people: Pasted | None = None
    section: Title | None = None
    everyone: bool = False
    notify: bool = False
    at_most: Annotated[int, Field(ge=0, le=MOST_STUDENTS)] | None = None
    """Of how many students that may be, as the person confirmed; None: as many as need no confirmation."""

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if (self.people is not None) + (self.section is not None) + self.everyone != 1:
            raise ValueError("Choose one: people from a list, a section, or all students.")
        return self
