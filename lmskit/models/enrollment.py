"""Enrollments: the students of each course."""

import datetime as dt

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.models.base import Base, stored_enum
from lmskit.models.course import RowOrigin
from lmskit.models.user import UserRole
from lmskit.vocabulary import EnrollmentStatus, Origin, Role

Status = stored_enum(EnrollmentStatus, "enrollment_status")


class Enrollment(Base):
    """One student in one course.

    Rows are not deleted when a student leaves: leaving sets `status`, so the history survives every
    re-import. Only a new request whose message the mail server refused is deleted.
    """

    __tablename__ = "student_enrollments"
    __table_args__ = (
        ForeignKeyConstraint(["student_id", "student_role"], ["users.id", "users.role"], ondelete="RESTRICT"),
        CheckConstraint("ended_on >= started_on", name="ends_after_it_starts"),
        CheckConstraint("isfinite(started_on) AND isfinite(coalesce(ended_on, started_on))", name="days_are_finite"),
        CheckConstraint("ended_on IS NULL OR status IN ('withdrawn', 'completed')", name="only_an_ended_one_has_an_end"),
        CheckConstraint("request_sequence >= 1", name="request_sequence_counts_from_one"),
        CheckConstraint("previous_status IS NULL OR status = 'pending'", name="only_a_pending_one_remembers"),
        Index("ix_student_enrollments_student_id", "student_id", postgresql_using="hash"),
        {"comment": "One student's place in one course"},
    )

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    student_id: Mapped[int] = mapped_column(primary_key=True)
    student_role: Mapped[Role] = mapped_column(UserRole, Computed("'student'::user_role", persisted=True))
    status: Mapped[EnrollmentStatus] = mapped_column(Status)
    previous_status: Mapped[EnrollmentStatus | None] = mapped_column(
        Status, comment="While pending: what it returns to if the mail server refuses; null for a new place"
    )
    request_sequence: Mapped[int] = mapped_column(
        Integer, server_default=text("1"), comment="Raised with each new request, so that someone who left can come back"
    )
    origin: Mapped[Origin] = mapped_column(RowOrigin)
    started_on: Mapped[dt.date] = mapped_column(comment="First day, inclusive; may lie before the term")
    ended_on: Mapped[dt.date | None] = mapped_column(comment="Last day, inclusive; null while active, and where the source names no day")
