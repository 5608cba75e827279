"""Requests to add a lecturer or an administrator."""

from pydantic import field_validator

from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, FamilyName, Name
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
