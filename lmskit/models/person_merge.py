"""People who were merged into others."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.models.base import Base, Id, JsonObject


class PersonMerge(Base):
    """A person who was merged into another one, with a picture of both before; the row goes when they are split again.

    It goes with the person who was kept, too: what names a person is erased with them.
    """

    __tablename__ = "person_merges"
    __table_args__ = (
        CheckConstraint("kept_id <> removed_id", name="are_two_people"),
        CheckConstraint("jsonb_typeof(picture) = 'object'", name="picture_is_an_object"),
        Index("ix_person_merges_kept_id", "kept_id"),
        {"comment": "People who were merged into others, and how both were before"},
    )

    id: Mapped[Id] = mapped_column(comment="The number of the receipt")
    kept_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    removed_id: Mapped[int] = mapped_column(unique=True, comment="The id that the row of users had; no foreign key, since that row is gone")
    picture: Mapped[JsonObject] = mapped_column(comment="Rows of both before, and of the kept one afterwards")
    merged_by: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login")
    merged_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
