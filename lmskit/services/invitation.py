"""Invitations: a person sets the password of their own login with a code that holds once.

The code reaches the database as verifier alone, and the server checks it like a password: `migrations/sql/0038_invitations_up.sql`
"""

import datetime as dt
from dataclasses import dataclass, replace

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from lmskit.db import Opener, access, scram_verifier, violated_constraint
from lmskit.errors import (
    FamilyNameNeededError,
    InventedAddressError,
    InvitationRefusedError,
    LoginClosedError,
    NoInvitationError,
    OtherRoleError,
    PersonNotFoundError,
)
from lmskit.models import Invitation, User
from lmskit.queries.invitation import has_open_invitation
from lmskit.queries.login import login_is_open
from lmskit.queries.person import person_by_email
from lmskit.readable import minute
from lmskit.schemas.invitation import CreateInvitation, InvitationCode
from lmskit.schemas.login import ChangeAddress
from lmskit.schemas.text import is_invented
from lmskit.services.delivery import deliver_one
from lmskit.services.login import change_address
from lmskit.services.outbox import enqueue_invitation
from lmskit.services.permission import administrators_only
from lmskit.services.person import add_person, stored_form
from lmskit.services.transport import Transport
from lmskit.vocabulary import Role


@dataclass(frozen=True)
class Invited:
    """An invitation that was made, of a person who has a login already if `has_login`."""

    email: str
    role: Role
    expires_at: dt.datetime
    has_login: bool
    former_email: str | None = None
    """The address before, if the invitation gave the person another one."""
    message_id: int | None = None
    """The message that will bring the code; None if the code was given."""

    @property
    def sentence(self) -> str:
        """What the person can do, and until when; without a full stop."""
        return f"{self.email} {'can set a new password' if self.has_login else 'is invited'} until {minute(self.expires_at)}"


@dataclass(frozen=True)
class SentInvitation:
    """An invitation, and how its code reaches the person.

    Attributes
    ----------
    made
        The invitation.
    code
        To be shown once; None if it goes by mail.
    unsent
        Why the message was not sent, as sentences; empty if it was, and for a code that is shown.
    """

    made: Invited
    code: InvitationCode | None = None
    unsent: tuple[str, ...] = ()


def invite(begin: Opener, transport: Transport | None, request: CreateInvitation) -> SentInvitation:
    """Invite a person, and send the code by mail; without a transport, return it to be shown once. See `create_invitation`."""
    code = InvitationCode.made() if transport is None else None
    at = access().server
    with at.moving_logins() as move, begin() as session:
        made = create_invitation(session, request, code=code, server="" if at.external is None else f"postgresql://{at.name}")
        move(made.former_email, made.email)
    if transport is None or made.message_id is None:
        return SentInvitation(made, code)
    report = deliver_one(begin, transport, made.message_id)
    if report.sent:
        return SentInvitation(made)
    failed = [*report.refused, *report.given_up, *report.postponed]
    reasons = (*(f"{unsent.recipient}: {unsent.reason}" for unsent in failed), report.stopped or "The code was not sent.")
    return SentInvitation(made, unsent=reasons)


@administrators_only("invite people")
def create_invitation(session: Session, request: CreateInvitation, *, code: InvitationCode | None, server: str = "") -> Invited:
    """Invite a lecturer or an administrator; an earlier invitation of the person is revoked.

    A person with a login keeps it, and their password, until the code is used: it then sets a new one.
    Without a code, one is made when the message about it is sent; `server` is the address that the message names.

    Raises
    ------
    FamilyNameNeededError
        No person has the address, and the request has no family name.
    OtherRoleError
        The person is a student, or has another role than the request.
    InventedAddressError
        The address is one that an import invented, and the request has no other.
    LoginClosedError
        The login of the person is closed.
    PersonExistsError, OwnLoginError
        The other address belongs to a person already, or it is for the login that this session uses.
    """
    person, former_email = _invited_person(session, request)
    is_open = login_is_open(session, person)
    if is_open is False:
        raise LoginClosedError(email=str(person.email))
    statement = text("SELECT lms.invite(:person, :valid, :selector, :verifier)")
    shown = {"selector": None, "verifier": None} if code is None else {"selector": code.selector, "verifier": scram_verifier(code.secret)}
    try:
        with session.begin_nested():
            number = session.scalars(statement, {"person": person.id, "valid": request.valid, **shown}).one()
    except IntegrityError as error:
        if violated_constraint(error) != "the_login_is_open":
            raise
        raise LoginClosedError(email=str(person.email)) from error
    expires_at = session.get_one(Invitation, number).expires_at
    has_login = is_open is not None
    made = Invited(str(person.email), person.role, expires_at=expires_at, has_login=has_login, former_email=former_email)
    if code is not None:
        return made
    name = f"{person.shown_given_name} {person.family_name}".strip()
    context = {"name": name, "expires": minute(expires_at), "server": server}
    message = enqueue_invitation(session, number, person_id=person.id, recipient=made.email, context=context)
    return replace(made, message_id=message.id)


@administrators_only("revoke invitations")
def asked_before_revoking(session: Session, email: str) -> str:
    """The question to ask before an invitation is revoked. Errors as in `revoke_invitation`."""
    if not has_open_invitation(session, _staff_member(session, email)):
        raise NoInvitationError(email=email)
    return f"Revoke the invitation of {email}? Its code stops working; a password stays as it is."


@administrators_only("revoke invitations")
def revoke_invitation(session: Session, email: str) -> None:
    """Revoke the open invitation of a person: its code stops working.

    Raises
    ------
    PersonNotFoundError
        No lecturer or administrator has the address.
    NoInvitationError
        The person has no open invitation.
    """
    person = _staff_member(session, email)
    if not session.scalar(text("SELECT lms.revoke_invitation(:person)"), {"person": person.id}):
        raise NoInvitationError(email=email)


def _staff_member(session: Session, email: str) -> User:
    person = person_by_email(session, email)
    if person is None or person.role is Role.STUDENT:
        raise PersonNotFoundError(email=email)
    return person


def accept_invitation(session: Session, *, password: str, email: str | None = None) -> str:
    """Set the password of the person whose code this session signed in with, once; return their address.

    The person has a login from then on, and earlier sessions of theirs are ended.

    Raises
    ------
    InvitationRefusedError
        The code was used or revoked, or expired, since the session began; it is not that of the person with the address `email`, if one
        is given; or the session is not one of a code.
    """
    if email is not None and not session.scalar(text("SELECT lms.code_is_of(:email)"), {"email": email}):
        raise InvitationRefusedError
    try:
        with session.begin_nested():
            return str(session.scalar(text("SELECT lms.accept_invitation(:verifier, :hash)"), stored_form(password)))
    except IntegrityError as error:
        if violated_constraint(error) not in {"the_invitation_is_open", "the_invitation_has_not_expired"}:
            raise
        raise InvitationRefusedError from error
    except ProgrammingError as error:  # used or revoked since the session began, so that its login has lost the right
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        raise InvitationRefusedError from error


def _invited_person(session: Session, request: CreateInvitation) -> tuple[User, str | None]:
    """The person who is invited, added or with another address if the request says so, and then their former one."""
    if request.address is None and is_invented(request.email):
        raise InventedAddressError(email=request.email)
    person = person_by_email(session, request.email)
    if person is None:
        if not request.family_name:
            raise FamilyNameNeededError(email=request.email)
        added = add_person(
            session,
            email=request.address or request.email,
            family_name=request.family_name,
            given_name=request.given_name,
            role=request.role or Role.LECTURER,
        )
        return added, None
    if person.role is Role.STUDENT or request.role not in {None, person.role}:
        raise OtherRoleError(email=request.email, role=person.role)
    if request.address not in {None, request.email}:
        former = person.email
        return change_address(session, ChangeAddress(old=request.email, new=str(request.address))), former
    return person, None
