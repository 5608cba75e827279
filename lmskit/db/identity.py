"""Who has signed in to this process, by a password that was typed and is kept in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from lmskit.errors import NotSignedInError


@dataclass(frozen=True)
class Identity:
    """A person who has signed in."""

    email: str
    login: str
    password: str = field(repr=False)


class _SignedOut:
    """Stands in the place of a person after someone has signed out."""


_holder: Identity | _SignedOut | None = None


def current() -> Identity | None:
    """Return who has signed in; None where nobody has, so that the settings decide.

    Raises
    ------
    NotSignedInError
        Someone has signed out, so nobody else shall be taken for them.
    """
    if isinstance(_holder, _SignedOut):
        message = "You have signed out. To sign in again: lmskit.connect()"
        raise NotSignedInError(message)
    return _holder


def assume(person: Identity | None) -> None:
    """Take on the identity of a person; with None the one that the settings name."""
    global _holder  # noqa: PLW0603 - a process has one identity
    _holder = person


def give_up() -> None:
    """Forget the person and the password; until someone signs in, this process is nobody."""
    global _holder  # noqa: PLW0603 - as above
    _holder = _SignedOut()


def typed_password(login: object) -> str | None:
    """Return the password of a login whose person has signed in to this process."""
    return _holder.password if isinstance(_holder, Identity) and _holder.login == login else None
