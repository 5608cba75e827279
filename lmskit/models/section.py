"""Parts of a course's students, such as sections and groups."""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import LONGEST_SOURCE, LONGEST_TITLE
from lmskit.models.base import Base, Id, one_line, stored_enum
from lmskit.vocabulary import SectionKind


class Section(Base):
    """A part of the students of a course; a student can be in several."""

    __tablename__ = "sections"
    __table_args__ = (
        UniqueConstraint("id", "course_id"),
        UniqueConstraint("course_id", "kind", "name"),
        CheckConstraint(f"length(name) BETWEEN 1 AND {LONGEST_TITLE}", name="name_has_a_length"),
        CheckConstraint(one_line("name"), name="name_is_one_line"),
        CheckConstraint(f"length(source) BETWEEN 1 AND {LONGEST_SOURCE}", name="source_has_a_length"),
        {"comment": "Parts of the students of a course"},
    )

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    kind: Mapped[SectionKind] = mapped_column(stored_enum(SectionKind, "section_kind"))
    name: Mapped[str]
    source: Mapped[str] = mapped_column(comment="The system whose file named it first")


class SectionMember(Base):
    """A student of a course who is in one of its sections or groups."""

    __tablename__ = "section_members"
    __table_args__ = (
        ForeignKeyConstraint(["section_id", "course_id"], ["sections.id", "sections.course_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["course_id", "student_id"], ["student_enrollments.course_id", "student_enrollments.student_id"], ondelete="CASCADE"
        ),
        Index("ix_section_members_course_id_student_id", "course_id", "student_id"),
        {"comment": "Who is in which section or group"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    section_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    student_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
