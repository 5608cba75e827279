"""Texts of messages that administrators wrote."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import LONGEST_PROSE, LONGEST_TITLE
from lmskit.models.base import Base, Id, one_line


class MessageText(Base):
    """A text that messages have: the welcome of a course or of all courses, or a message to students of a course."""

    __tablename__ = "message_texts"
    __table_args__ = (
        CheckConstraint("kind IN ('welcome', 'message')", name="kind_is_known"),
        CheckConstraint("kind = 'welcome' OR course_id IS NOT NULL", name="a_message_has_a_course"),
        CheckConstraint("language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'", name="language_is_a_tag"),
        CheckConstraint(f"length(subject) BETWEEN 1 AND {LONGEST_TITLE}", name="subject_has_a_length"),
        CheckConstraint(one_line("subject"), name="subject_is_one_line"),
        CheckConstraint(f"length(body) BETWEEN 1 AND {LONGEST_PROSE}", name="body_has_a_length"),
        CheckConstraint(one_line(r"translate(body, E'\n\t', '')"), name="body_has_line_breaks_only"),
        Index(
            "uq_message_texts_course_id", "course_id", unique=True, postgresql_where="kind = 'welcome'", postgresql_nulls_not_distinct=True
        ),
        Index("ix_message_texts_course_id", "course_id", postgresql_using="hash"),
        {"comment": "Texts of messages that administrators wrote"},
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(comment="welcome = confirms enrollments, one text for a course; message = sent once to students")
    course_id: Mapped[int | None] = mapped_column(
        ForeignKey("courses.id", ondelete="CASCADE"), comment="Null = of all courses that have no welcome of their own"
    )
    language: Mapped[str] = mapped_column(comment="Of the text, as BCP 47 has it")
    subject: Mapped[str] = mapped_column(comment="With placeholders in braces, as in the body")
    body: Mapped[str]
