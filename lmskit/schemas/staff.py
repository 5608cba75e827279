"""Requests about the staff of a course."""

from typing import Self

from pydantic import model_validator

from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, KnownAddress, Title
from lmskit.vocabulary import StaffRole


class AddStaff(Request):
    """Give the lecturer with this address a role in a course, or another one."""

    course: Code
    email: KnownAddress
    role: StaffRole = StaffRole.CO_LECTURER
    sections: tuple[Title, ...] = ()
    """Names of sections and groups whose students alone an assistant sees; without any, the assistant sees all."""

    @model_validator(mode="after")
    def _limits_assistants_alone(self) -> Self:
        if self.sections and self.role is not StaffRole.ASSISTANT:
            raise ValueError("Only an assistant is limited to sections.")
        return self


class RemoveStaff(Request):
    """Take the role in a course from the person with this address."""

    course: Code
    email: KnownAddress


class HandOver(Request):
    """Make the lecturer with this address responsible for a course."""

    course: Code
    email: KnownAddress
    keep: bool = False
    """Whether the lecturer who was responsible stays as co-lecturer."""
