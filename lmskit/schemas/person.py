"""Requests to add a lecturer or an administrator, and to change a person."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, FamilyName, Line, Name
from lmskit.vocabulary import Role


class CreatePerson(Request):
    """A lecturer or an administrator; students have no login."""

    email: Address
    family_name: FamilyName
    given_name: Name = ""
    role: Role = Role.LECTURER

    @field_validator("role")
    @classmethod
    def _signs_in(cls, role: Role) -> Role:
        if role is Role.STUDENT:
            raise ValueError("Students have no login. Choose lecturer or super_admin.")
        return role


class AddLecturer(Request):
    """A lecturer, with or without a login."""

    email: Address
    family_name: FamilyName
    given_name: Name = ""
    with_login: bool = True


class ChangePerson(Request):
    """Another name or address for anyone; what is None stays as it is."""

    person: Annotated[Line, Field(min_length=1)]
    """The address, the number, or an id of another system as SYSTEM:ID."""
    email: Address | None = None
    family_name: FamilyName | None = None
    given_name: Name | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.email is None and self.family_name is None and self.given_name is None:
            raise ValueError("Say what to change: the family name, the given name or the address.")
        return self
