"""Requests to add a lecturer or an administrator, to change a person, and to merge and split people."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from lmskit.limits import LONGEST_EXTERNAL_ID, LONGEST_SOURCE
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, FamilyName, Line, Name, visible_text
from lmskit.vocabulary import FORMER_ADDRESS, Role

_SYSTEM = re.compile(rf"[a-z][a-z0-9-]{{0,{LONGEST_SOURCE - 1}}}", re.ASCII)


def _outside_id(typed: str) -> str:
    system, colon, external_id = typed.partition(":")
    if not colon or not _SYSTEM.fullmatch(system):
        raise ValueError("Write it as SYSTEM:ID, such as sis:0047110; a system has small letters, digits and hyphens.")
    if not 1 <= len(external_id.strip()) <= LONGEST_EXTERNAL_ID:
        raise ValueError(f"The id after {system}: has 1 to {LONGEST_EXTERNAL_ID} characters.")
    return f"{system}:{external_id.strip()}"


def _not_address(typed: str) -> str:
    if typed.startswith(f"{FORMER_ADDRESS}:"):
        raise ValueError("Former addresses come from a merge or a change. To change the address, give the new one.")
    return typed


Who = Annotated[Line, Field(min_length=1)]
"""The address or number of a person, or an id of another system as SYSTEM:ID."""
OutsideId = Annotated[Line, AfterValidator(visible_text), AfterValidator(_outside_id)]
"""The id that another system gives a person, as SYSTEM:ID."""


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
    """Another name or address for anyone, and ids of other systems; what is None stays as it is."""

    person: Who
    email: Address | None = None
    family_name: FamilyName | None = None
    given_name: Name | None = None
    preferred_name: Name | None = None
    add_id: tuple[Annotated[OutsideId, AfterValidator(_not_address)], ...] = ()
    """Imports find the person by them."""
    remove_id: tuple[OutsideId, ...] = ()

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.email is self.family_name is self.given_name is self.preferred_name is None and not self.add_id and not self.remove_id:
            raise ValueError("Say what to change: the family, given or preferred name, the address, or an id of another system.")
        return self


class MergePeople(Request):
    """Two people who are one."""

    kept: Who
    removed: Who


class SplitPerson(Request):
    """A person of whom two are made again."""

    receipt: Annotated[int, Field(gt=0)]
