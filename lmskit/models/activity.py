"""What students did in a course, as logs and events of other systems say."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import EARLIEST_YEAR, LATEST_YEAR, LONGEST_TITLE
from lmskit.models.base import Base, Id, one_line, stored_enum
from lmskit.vocabulary import ActivityKind, ActivitySource


class StudentActivity(Base):
    """One thing that a student did: a row of a log, an event, or the completion of a resource.

    The fingerprint is made of that in which rows of a source differ, so that a file that is imported again, or overlaps with another one,
    adds no row twice.
    """

    __tablename__ = "student_activity"
    __table_args__ = (
        ForeignKeyConstraint(
            ["course_id", "student_id"], ["student_enrollments.course_id", "student_enrollments.student_id"], ondelete="CASCADE"
        ),
        UniqueConstraint("course_id", "student_id", "fingerprint"),
        CheckConstraint(f"length(resource) BETWEEN 1 AND {LONGEST_TITLE}", name="resource_has_a_length"),
        CheckConstraint(one_line("resource"), name="resource_is_one_line"),
        CheckConstraint("occurred_at IS NOT NULL OR source = 'moodle-completion'", name="only_a_completion_ends"),
        CheckConstraint(
            f"occurred_at >= '{EARLIEST_YEAR}-01-01 00:00:00+00' AND occurred_at < '{LATEST_YEAR + 1}-01-01 00:00:00+00'",
            name="time_is_readable",
        ),
        {"comment": "What students did, as logs and events of other systems say"},
    )

    id: Mapped[Id]
    course_id: Mapped[int]
    student_id: Mapped[int]
    source: Mapped[ActivitySource] = mapped_column(stored_enum(ActivitySource, "activity_source"))
    kind: Mapped[ActivityKind] = mapped_column(stored_enum(ActivityKind, "activity_kind"))
    resource: Mapped[str] = mapped_column(comment="What it was done with: a title, or the address of what has none")
    occurred_at: Mapped[dt.datetime | None] = mapped_column(comment="Null = a later report says that it is not completed any more")
    fingerprint: Mapped[uuid.UUID] = mapped_column(
        Uuid(), comment="MD5 of that in which rows of the source differ, such as the id of an event"
    )
