"""The staff of courses, beside the lecturer who is responsible."""

import datetime as dt

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, func, text
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
        CheckConstraint("NOT limited OR role = 'assistant'", name="only_an_assistant_is_limited"),
        Index("ix_course_staff_person_id", "person_id", postgresql_using="hash"),
        {"comment": "Who works in a course beside the lecturer who is responsible"},
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_role: Mapped[Role] = mapped_column(UserRole, Computed("'lecturer'::user_role", persisted=True))
    role: Mapped[StaffRole] = mapped_column(stored_enum(StaffRole, "staff_role"))
    granted_by: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login")
    granted_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    limited: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="Whether the person sees only students in the sections of staff_sections; none without such a section",
    )


class StaffSection(Base):
    """A section or group whose students an assistant sees; of the other students of the course a *limited* one sees nothing."""

    __tablename__ = "staff_sections"
    __table_args__ = (
        ForeignKeyConstraint(["course_id", "person_id"], ["course_staff.course_id", "course_staff.person_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["section_id", "course_id"], ["sections.id", "sections.course_id"], ondelete="CASCADE"),
        Index("ix_staff_sections_section_id", "section_id", postgresql_using="hash"),
        {"comment": "The sections and groups whose students an assistant sees who does not see all of a course"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    section_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
