"""Invitations: lecturers and administrators set their own password with a code that holds once."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.models.base import Base, CreatedAt, Id


class Invitation(Base):
    """A code with which one person sets the password of their own login, once and in time.

    The code signs in to a database login of its own (`login`), whose verifier the server has. That login belongs to no person and sees no
    row; it can do one thing, which is `accept_invitation`. Nothing here, in the audit trail or in the outbox is enough to know the code.
    A person has at most one invitation that is neither accepted nor revoked.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("login ~ '^u_[0-9a-f]{16}$'", name="login_is_one_of_lmskit"),
        CheckConstraint("login IS NOT NULL OR accepted_at IS NULL", name="accepted_with_a_code"),
        CheckConstraint("accepted_at IS NULL OR revoked_at IS NULL", name="accepted_or_revoked"),
        CheckConstraint("expires_at > created_at AND expires_at <= created_at + interval '30 days'", name="expires_within_30_days"),
        Index("uq_invitations_person_id", "person_id", unique=True, postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL")),
        {"comment": "Codes with which lecturers and administrators set their own password"},
    )

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    login: Mapped[str | None] = mapped_column(unique=True, comment="What the code signs in to; null until there is a code")
    invited_by: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[dt.datetime]
    accepted_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None] = mapped_column(
        comment="By an administrator, by a newer invitation, or with a change of the login or the address"
    )
