"""Invitations and whether they were accepted. Administrators read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased

from lmskit.listings import INVITATIONS
from lmskit.models import Invitation, User
from lmskit.queries.frame import rows
from lmskit.queries.login import SERVER_ROLES
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


@INVITATIONS.documented
def invitations(session: Session, *, only_open: bool = False, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Invitations, newest first; or only those that can still be accepted.

    {columns}
    """
    return INVITATIONS.table(invitation_rows(session, only_open=only_open, limit=limit, offset=offset))


def invitation_rows(session: Session, *, only_open: bool = False, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `invitations`, for a list in the terminal."""
    person = aliased(User)
    inviter = select(person.email).where(person.db_role == Invitation.invited_by).scalar_subquery()
    statement = (
        select(
            Invitation.id.label("invitation"),
            User.name.label("name"),
            User.email,
            User.role,
            _STATE.label("state"),
            func.coalesce(inviter, Invitation.invited_by).label("invited_by"),
            Invitation.created_at,
            Invitation.expires_at,
            Invitation.accepted_at,
        )
        .join(User, User.id == Invitation.person_id)
        .outerjoin(SERVER_ROLES, SERVER_ROLES.c.rolname == Invitation.login)
        .order_by(Invitation.id.desc())
    )
    if only_open:
        statement = statement.where(_STATE == "open")
    return rows(session, paged(statement, limit, offset))


def count_invitations(session: Session, *, only_open: bool = False) -> int:
    """The number of rows on all pages of `invitations`."""
    statement = select(func.count()).select_from(Invitation).outerjoin(SERVER_ROLES, SERVER_ROLES.c.rolname == Invitation.login)
    return session.scalar(statement.where(_STATE == "open") if only_open else statement) or 0


def has_open_invitation(session: Session, person: User) -> bool:
    """Whether a person has an invitation that can still be accepted."""
    found = select(Invitation.id).outerjoin(SERVER_ROLES, SERVER_ROLES.c.rolname == Invitation.login)
    return session.scalar(select(found.where(Invitation.person_id == person.id, _STATE == "open").exists())) or False


_STATE = case(
    (Invitation.accepted_at.is_not(None), "accepted"),
    (Invitation.revoked_at.is_not(None), "revoked"),
    (Invitation.expires_at <= func.clock_timestamp(), "expired"),
    # As after a backup was restored: on another server there is no such login, and on the same one it was used since.
    (and_(Invitation.login.is_not(None), SERVER_ROLES.c.rolcanlogin.is_not(True)), "void"),
    else_="open",
)
