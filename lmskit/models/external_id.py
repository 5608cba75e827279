"""The ids of people, terms, courses and quizzes in other systems."""

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import LONGEST_EXTERNAL_ID, LONGEST_SOURCE
from lmskit.models.base import Base, Id, stored_enum, visible
from lmskit.vocabulary import EntityKind


class ExternalId(Base):
    """The id that a source system gives one of our entities; it names one entity only."""

    __tablename__ = "external_ids"
    __table_args__ = (
        UniqueConstraint("source", "kind", "external_id", name="uq_external_ids_source_kind_external_id"),
        ForeignKeyConstraint(
            ["quiz_id", "course_id"], ["quizzes.id", "quizzes.course_id"], ondelete="CASCADE", name="fk_external_ids_quiz_id_course_id"
        ),
        CheckConstraint(
            "CASE kind WHEN 'person' THEN person_id IS NOT NULL AND num_nonnulls(term_id, course_id, quiz_id) = 0"
            " WHEN 'term' THEN term_id IS NOT NULL AND num_nonnulls(person_id, course_id, quiz_id) = 0"
            " WHEN 'course' THEN course_id IS NOT NULL AND num_nonnulls(person_id, term_id, quiz_id) = 0"
            " WHEN 'quiz' THEN num_nonnulls(quiz_id, course_id) = 2 AND num_nonnulls(person_id, term_id) = 0 END",
            name="names_one_entity_of_its_kind",
        ),
        CheckConstraint(
            f"length(source) BETWEEN 1 AND {LONGEST_SOURCE} AND length(external_id) BETWEEN 1 AND {LONGEST_EXTERNAL_ID}",
            name="id_has_a_length",
        ),
        CheckConstraint(visible("external_id"), name="id_is_visible"),
        Index("ix_external_ids_person_id", "person_id", postgresql_where="person_id IS NOT NULL"),
        Index("ix_external_ids_term_id", "term_id", postgresql_where="term_id IS NOT NULL"),
        Index("ix_external_ids_course_id_quiz_id", "course_id", "quiz_id", postgresql_where="course_id IS NOT NULL"),
        {"comment": "Ids of other systems"},
    )

    id: Mapped[Id]
    source: Mapped[str] = mapped_column(comment="The system the id comes from, such as oulad")
    kind: Mapped[EntityKind] = mapped_column(stored_enum(EntityKind, "entity_kind"))
    external_id: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    term_id: Mapped[int | None] = mapped_column(ForeignKey("terms.id", ondelete="CASCADE"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    quiz_id: Mapped[int | None]
