"""Invitations, wired to the database and to the mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.db import Opener, access, snapshot, transaction
from lmskit.forms.finder import MOST_OFFERED, Options
from lmskit.forms.invitation import InvitationPage, InvitationResult, InvitationScreen, InvitationWork
from lmskit.forms.people import ROLES, STATES
from lmskit.forms.submission import PartlyDone
from lmskit.listings import INVITATIONS
from lmskit.queries.invitation import count_invitations, has_open_invitation, invitations
from lmskit.queries.login import count_logins, login_rows
from lmskit.queries.person import person_by_email
from lmskit.services.invitation import asked_before_revoking, invite, revoke_invitation
from lmskit.services.permission import require_administrator
from lmskit.services.transport import transport_of

if TYPE_CHECKING:
    from lmskit.forms.invitation import InvitationByForm
    from lmskit.schemas.invitation import RevokeInvitation


def invitation_desk(*, page: int = 1, begin: Opener = transaction, read: Opener = snapshot) -> InvitationScreen:
    """Return the screen; it begins with this page of the list. A code is created here, shown once, and stored only as verifier."""
    with read() as session:
        require_administrator(session)
    settings = access().settings

    def people(search: str) -> tuple[Options, int]:
        with read() as session:
            found, total = login_rows(session, search=search, limit=MOST_OFFERED), count_logins(session, search=search)
        states = STATES | {"open": "can sign in", "closed": "login closed"}
        return [(f"{row['name']} · {row['email']} ({states[row['state']]})", row["email"]) for row in found], total

    def listed(only_open: bool, limit: int, offset: int) -> InvitationPage:  # noqa: FBT001 - as the screen calls it
        with read() as session:
            found = invitations(session, only_open=only_open, limit=limit, offset=offset)
            total = count_invitations(session, only_open=only_open)
        shown = found.assign(role=[ROLES.get(role, role) for role in found["role"]])
        names = dict(zip(found["email"], found["name"], strict=True))
        are_open = frozenset(found["email"][found["state"] == "open"])
        table = INVITATIONS.shown(shown).drop(columns="Invitation")
        return InvitationPage(table, total, [(f"{name} · {email}", email) for email, name in names.items()], are_open)

    def is_invited(email: str) -> bool:
        with read() as session:
            person = person_by_email(session, email)
            return person is not None and has_open_invitation(session, person)

    def invite_person(request: InvitationByForm) -> InvitationResult:
        sent = invite(begin, None if request.is_shown else transport_of(settings), request)
        email = sent.made.email
        if sent.code is not None:
            hand_over = (
                "Give the code to this person alone, who chooses “I have a code” in the form to sign in of a notebook, or types into a "
                "terminal: lmskit invitation accept. Notebooks open at your JupyterHub, or, on the machine with lmskit, with: "
                f"lmskit lab --as {email}"
            )
            return InvitationResult(f"{sent.made.sentence}. {hand_over}", email, sent.code.shown)
        if not sent.unsent:
            return InvitationResult(f"{sent.made.sentence}. The code was sent by mail.", email)
        wait = "The message waits; admin/outbox sends it. To hand the code over yourself, invite again and show the code."
        return InvitationResult(PartlyDone(" ".join([f"{sent.made.sentence}.", *sent.unsent, wait])), email)

    def ask_to_revoke(request: RevokeInvitation) -> str:
        with read() as session:
            return asked_before_revoking(session, request.email)

    def revoke(request: RevokeInvitation) -> str:
        with begin() as session:
            revoke_invitation(session, request.email)
        return f"The invitation of {request.email} is revoked; its code cannot be used any more."

    mail_server = "" if settings.smtp_host is None else f"{settings.smtp_host}:{settings.mail_port}"
    return InvitationScreen(
        InvitationWork(people, listed, is_invited, invite_person, ask_to_revoke, revoke), mail_server=mail_server, page=page
    )
