"""What holds for single students at a quiz."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import EARLIEST_YEAR, LATEST_YEAR
from lmskit.models.base import Base


class QuizException(Base):
    """What holds for one student at a quiz instead of what holds for all: the student is excused, or has more time."""

    __tablename__ = "quiz_exceptions"
    __table_args__ = (
        ForeignKeyConstraint(["quiz_id", "course_id"], ["quizzes.id", "quizzes.course_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["course_id", "student_id"], ["student_enrollments.course_id", "student_enrollments.student_id"], ondelete="CASCADE"
        ),
        CheckConstraint("excused OR due_on IS NOT NULL", name="says_something"),
        CheckConstraint("excused OR excused_by_format IS NULL", name="a_format_excuses"),
        CheckConstraint(f"due_on BETWEEN '{EARLIEST_YEAR}-01-01' AND '{LATEST_YEAR}-12-31'", name="due_on_is_a_readable_day"),
        Index("ix_quiz_exceptions_course_id_student_id", "course_id", "student_id"),
        Index("ix_quiz_exceptions_quiz_id", "quiz_id", postgresql_using="hash"),
        {"comment": "What holds for one student at a quiz instead of what holds for all"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quiz_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    student_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    excused: Mapped[bool] = mapped_column(comment="The attempts of the student at the quiz are no evidence")
    due_on: Mapped[dt.date | None] = mapped_column(comment="The last day for this student; null = that of the quiz")
    excused_by_format: Mapped[str | None] = mapped_column(
        comment="The format of the file that excused the student; null = a person did, or the student is not excused"
    )
    granted_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
