"""The staff of courses, beside the lecturer who is responsible."""

import datetime as dt

from sqlalchemy import Computed, ForeignKey, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.models.base import Base, stored_enum
from lmskit.models.user import UserRole
from lmskit.vocabulary import Role, StaffRole


class CourseStaff(Base):
    """A person's right to a course beside the lecturer who is responsible, who is in `courses` alone.

    As with courses, a foreign key to (id, role) ensures that the person is a lecturer, and so has a login of that group.
    """

    __tablename__ = "course_staff"
    __table_args__ = (
        ForeignKeyConstraint(["person_id", "person_role"], ["users.id", "users.role"], ondelete="CASCADE"),
        Index("ix_course_staff_person_id", "person_id", postgresql_using="hash"),
        {"comment": "Who works in a course beside the lecturer who is responsible"},
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_role: Mapped[Role] = mapped_column(UserRole, Computed("'lecturer'::user_role", persisted=True))
    role: Mapped[StaffRole] = mapped_column(stored_enum(StaffRole, "staff_role"))
    granted_by: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login")
    granted_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
