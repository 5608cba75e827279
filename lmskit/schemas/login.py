"""Requests to make or change a login, and to sign in."""

import unicodedata
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator

from lmskit.limits import FEWEST_DIFFERENT, LONGEST_ADDRESS, LONGEST_PASSWORD, SHORTEST_PASSWORD
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, KnownAddress, Line, Name
from lmskit.vocabulary import Role


def _can_be_typed(password: SecretStr) -> SecretStr:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password.get_secret_value()):
        raise ValueError("A password must be made of characters that can be typed.")
    return password


def _is_good_enough(password: SecretStr) -> SecretStr:
    if not SHORTEST_PASSWORD <= len(password.get_secret_value()) <= LONGEST_PASSWORD:
        raise ValueError(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. Several words make a good one.")
    if len(set(password.get_secret_value())) < FEWEST_DIFFERENT:
        raise ValueError(f"A password has at least {FEWEST_DIFFERENT} different characters. Several words make a good one.")
    return password


def _is_the_same(again: SecretStr, validated: ValidationInfo) -> SecretStr:
    password = validated.data.get("password")
    if password is not None and again != password:
        raise ValueError("This is not the same password. Type the new one twice.")
    return again


NewPassword = Annotated[SecretStr, AfterValidator(_can_be_typed), AfterValidator(_is_good_enough)]
"""A password that a person chose."""
PasswordAgain = Annotated[SecretStr, AfterValidator(_is_the_same)]
"""The field `password` before it, typed a second time."""
TypedAddress = Annotated[Line, Field(min_length=1, max_length=LONGEST_ADDRESS)]
"""What a person types to sign in; whether it is an address makes no difference to the answer."""
TypedPassword = Annotated[SecretStr, Field(min_length=1, max_length=1000), AfterValidator(_can_be_typed)]
"""A password that proves who a person is."""


class CreateLogin(Request):
    """A login for a lecturer or an administrator, who is added with it if no person has the address yet."""

    email: Address
    family_name: Name = ""
    given_name: Name = ""
    role: Role | None = None

    @field_validator("role")
    @classmethod
    def _signs_in(cls, role: Role | None) -> Role | None:
        if role is Role.STUDENT:
            raise ValueError("Students have no login. Choose lecturer or super_admin.")
        return role


class ChooseLogin(Request):
    """The person whose login is to be changed."""

    email: Address


class CloseLogin(ChooseLogin):
    """The person whose login is to be closed, and what becomes of their courses of open terms."""

    courses_to: KnownAddress | None = None
    """The lecturer who takes them over."""
    keep_courses: bool = False
    """Whether they stay with the person, so that nobody else is responsible for them."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.courses_to is not None and self.keep_courses:
            raise ValueError("The courses go to another lecturer or stay with the person, not both.")
        return self


class ChangeAddress(Request):
    """Another address for a person; the login is renamed with it."""

    old: KnownAddress
    new: Address


class ChoosePassword(Request):
    """A new password."""

    password: NewPassword


class SignIn(Request):
    """Who signs in, and the password to prove it."""

    email: TypedAddress
    password: TypedPassword
    shared: bool = False
    """Whether the other notebooks of the same JupyterLab are signed in too."""


class ChangeOwnPassword(Request):
    """A new password for the person who knows the present one."""

    present: TypedPassword
    password: NewPassword
    again: PasswordAgain


class ChangeAtSignIn(ChangeOwnPassword):
    """The same for a person who is not signed in yet, and then is."""

    email: TypedAddress
    shared: bool = False
    """As in `SignIn`."""
