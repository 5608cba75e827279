"""Mastery estimates, one for each student and week."""

import datetime as dt

from sqlalchemy import CheckConstraint, Float, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.models.base import Base, JsonObject, WeekNumber, stored_enum
from lmskit.vocabulary import Level


class EstimateColumns:
    """The columns of an estimate, live or archived."""

    student_id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(primary_key=True)
    week_number: Mapped[WeekNumber] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[Level] = mapped_column(stored_enum(Level, "mastery_level"))
    value: Mapped[float | None] = mapped_column(Float(53), comment="0-1; null where the rule has too little evidence for one")
    low: Mapped[float | None] = mapped_column(Float(53), comment="Lower end of the central 90 % interval; null where the rule has none")
    high: Mapped[float | None] = mapped_column(Float(53))
    n_evidence: Mapped[int] = mapped_column(Integer, comment="Graded questions, or attempts where only totals are known")
    rule: Mapped[str]
    parameters: Mapped[JsonObject]
    computed_at: Mapped[dt.datetime]


class TopicPerformance(EstimateColumns, Base):
    """A student's mastery of one week, derived from evidence by a rule; a week without evidence has no row.

    Written only by the mastery refresh, so it can be thrown away and computed again. A query reads the estimates of archived terms too.
    """

    __tablename__ = "topic_performance"
    __table_args__ = (
        ForeignKeyConstraint(
            ["course_id", "student_id"], ["student_enrollments.course_id", "student_enrollments.student_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["course_id", "week_number"], ["syllabi.course_id", "syllabi.week_number"], ondelete="CASCADE"),
        CheckConstraint("value BETWEEN 0 AND 1", name="value_is_a_fraction"),
        CheckConstraint("(low IS NULL) = (high IS NULL) AND (low IS NULL OR value IS NOT NULL)", name="interval_has_two_ends_and_a_value"),
        CheckConstraint("low >= 0 AND low <= value AND value <= high AND high <= 1", name="interval_holds_the_value"),
        CheckConstraint("(value IS NULL) = (level = 'not_assessed')", name="a_level_has_a_value"),
        CheckConstraint("n_evidence >= 1", name="there_is_evidence"),
        CheckConstraint("jsonb_typeof(parameters) = 'object'", name="parameters_is_an_object"),
        PrimaryKeyConstraint("course_id", "student_id", "week_number"),
        Index("ix_topic_performance_course_id_week_number", "course_id", "week_number"),
        {"comment": "Mastery by student, course and week; derived"},
    )


class ArchivedEstimate(EstimateColumns, Base):
    """A student's mastery of one week of an archived term; its table inherits from the live one, which reads it under its own policies.

    Only the functions that archive and restore a term write it. The checks are inherited.
    """

    __tablename__ = "archived_estimates"
    __table_args__ = (
        ForeignKeyConstraint(
            ["course_id", "student_id"], ["student_enrollments.course_id", "student_enrollments.student_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["course_id", "week_number"], ["syllabi.course_id", "syllabi.week_number"], ondelete="CASCADE"),
        PrimaryKeyConstraint("course_id", "student_id", "week_number"),
        Index("ix_archived_estimates_course_id_week_number", "course_id", "week_number"),
        {"comment": "Mastery of archived terms; topic_performance reads it too", "postgresql_inherits": "topic_performance"},
    )
