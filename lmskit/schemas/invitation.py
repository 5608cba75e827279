"""Requests to invite a person and to accept an invitation, and the code that goes from one to the other."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, InstanceOf, field_validator

from lmskit.limits import LONGEST_INVITATION
from lmskit.schemas.login import NewPassword, PasswordAgain
from lmskit.schemas.request import Request
from lmskit.schemas.text import Address, KnownAddress, Name
from lmskit.vocabulary import Role

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: without letters that are taken for another letter or a digit."""
SELECTOR, SECRET, GROUP = 8, 24, 4
"""Characters that name the invitation, that prove it (120 random bits), and between two hyphens."""
USUAL_DAYS = 7
"""After which an invitation expires, unless another number is given."""


@dataclass(frozen=True)
class InvitationCode:
    """A code that holds once. Of `secret` only a verifier is stored; `selector` says whose it is to the database alone.

    With 120 random bits no number of tries finds one, so nobody can be locked out by tries either.
    """

    selector: str
    secret: str = field(repr=False)

    @classmethod
    def made(cls) -> InvitationCode:
        """A new code."""
        text = "".join(secrets.choice(ALPHABET) for _ in range(SELECTOR + SECRET))
        return cls(text[:SELECTOR], text[SELECTOR:])

    @classmethod
    def read(cls, typed: str) -> InvitationCode:
        """The code that a person typed, with or without hyphens and blanks, in capitals or not.

        Raises
        ------
        ValueError
            It has another length or other characters than a code.

        Examples
        --------
        >>> InvitationCode.read("ABCD-EFGH " + "0000-" * 5 + "OIL1").secret[-4:]
        '0111'
        """
        text = "".join(typed.lower().replace("-", " ").split()).translate(str.maketrans("oil", "011"))
        if len(text) != SELECTOR + SECRET or not set(text) <= set(ALPHABET):
            raise ValueError(f"A code has {SELECTOR + SECRET} letters and digits, in groups of {GROUP}. Copy all of it.")
        return cls(text[:SELECTOR], text[SELECTOR:])

    @property
    def shown(self) -> str:
        """The code as a person reads and types it."""
        text = (self.selector + self.secret).upper()
        return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def _read(typed: Any) -> Any:  # noqa: ANN401 - whatever pydantic was given
    return InvitationCode.read(typed) if isinstance(typed, str) else typed


class CreateInvitation(Request):
    """Let a lecturer or an administrator set their own password; a person who is new is added."""

    email: KnownAddress
    family_name: Name = ""
    given_name: Name = ""
    role: Role | None = None
    address: Address | None = None
    """Another address for the person, such as the real one of a lecturer whose address an import invented."""
    days: Annotated[int, Field(ge=1, le=LONGEST_INVITATION)] = USUAL_DAYS

    @field_validator("role")
    @classmethod
    def _signs_in(cls, role: Role | None) -> Role | None:
        if role is Role.STUDENT:
            raise ValueError("Students have no login. Choose lecturer or super_admin.")
        return role

    @property
    def valid(self) -> dt.timedelta:
        """How long the code holds."""
        return dt.timedelta(days=self.days)


class RevokeInvitation(Request):
    """The person whose invitation is to be revoked."""

    email: KnownAddress


class EnterCode(Request):
    """A code that a person typed."""

    code: Annotated[InstanceOf[InvitationCode], BeforeValidator(_read)]


class AcceptInvitation(EnterCode):
    """A code, and the password that its person chose."""

    email: KnownAddress | None = None
    """Whose code it is; with that of another person, it is refused."""
    password: NewPassword


class AcceptByForm(AcceptInvitation):
    """The same in a form, in which the person is then signed in."""

    email: KnownAddress
    again: PasswordAgain
    shared: bool = False
    """Whether the other notebooks of the same JupyterLab are signed in too."""
