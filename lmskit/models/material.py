"""Course materials and the passages that search finds."""

from decimal import Decimal

from pgvector.sqlalchemy import Vector
from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index, Integer, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import LONGEST_NAME, LONGEST_PROSE, LONGEST_TITLE, LONGEST_URL, MOST_PASSAGES
from lmskit.models.base import Base, CreatedAt, Id, WeekNumber, one_line, stored_enum
from lmskit.vocabulary import MaterialKind

EMBEDDING_SIZE = 384


class Material(Base):
    """A document, page or video of one week of a course."""

    __tablename__ = "materials"
    __table_args__ = (
        ForeignKeyConstraint(["course_id", "week_number"], ["syllabi.course_id", "syllabi.week_number"], ondelete="CASCADE"),
        UniqueConstraint("id", "course_id", name="uq_materials_id_course_id"),
        CheckConstraint(f"length(title) BETWEEN 1 AND {LONGEST_TITLE}", name="title_has_a_length"),
        CheckConstraint(one_line("title"), name="title_is_one_line"),
        CheckConstraint("url ~ '^https?://'", name="url_is_a_web_address"),
        CheckConstraint(f"length(url) <= {LONGEST_URL}", name="url_has_a_length"),
        CheckConstraint("checksum ~ '^[0-9a-f]{64}$'", name="checksum_is_sha256"),
        CheckConstraint("num_nonnulls(url, checksum) > 0", name="has_an_address_or_a_checksum"),
        Index("ix_materials_course_id_week_number", "course_id", "week_number"),
        {"comment": "Documents, pages and videos of a course week"},
    )

    id: Mapped[Id]
    course_id: Mapped[int]
    week_number: Mapped[WeekNumber]
    kind: Mapped[MaterialKind] = mapped_column(stored_enum(MaterialKind, "material_kind"))
    title: Mapped[str]
    url: Mapped[str | None]
    checksum: Mapped[str | None] = mapped_column(comment="SHA-256 of the content, hexadecimal")
    created_at: Mapped[CreatedAt]


class MaterialPassage(Base):
    """A passage of a material: what a search hit shows, with its page or minute.

    There is no index on the text vector or the embedding: under row security neither could be used,
    and a shared index would reveal passages of other lecturers. Search reads the rows of one course.
    """

    __tablename__ = "material_passages"
    __table_args__ = (
        ForeignKeyConstraint(["material_id", "course_id"], ["materials.id", "materials.course_id"], ondelete="CASCADE"),
        CheckConstraint("ordinal >= 1", name="ordinal_counts_from_one"),
        CheckConstraint(f"ordinal <= {MOST_PASSAGES} AND page <= {MOST_PASSAGES}", name="ordinal_and_page_have_an_end"),
        CheckConstraint(f"length(body) <= {LONGEST_PROSE}", name="body_has_a_length"),
        CheckConstraint(f"length(embedding_model) BETWEEN 1 AND {LONGEST_NAME}", name="embedding_model_has_a_length"),
        CheckConstraint("num_nonnulls(page, minute) <= 1", name="stands_on_a_page_or_at_a_minute"),
        CheckConstraint("page >= 1", name="page_counts_from_one"),
        CheckConstraint("minute >= 0 AND minute < 'Infinity'", name="minute_is_a_time"),
        CheckConstraint("(embedding IS NULL) = (embedding_model IS NULL)", name="an_embedding_names_its_model"),
        Index("ix_material_passages_course_id", "course_id"),
        {"comment": "Passages of materials, with page or minute"},
    )

    material_id: Mapped[int] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    course_id: Mapped[int]
    page: Mapped[int | None] = mapped_column(Integer, comment="Of a PDF, from 1")
    minute: Mapped[Decimal | None] = mapped_column(Numeric(8, 2), comment="Of a video, from 0")
    body: Mapped[str]
    body_vector: Mapped[str] = mapped_column(TSVECTOR, Computed("to_tsvector('english'::regconfig, body)", persisted=True))
    embedding: Mapped[list[float] | None] = mapped_column(Vector(EMBEDDING_SIZE))
    embedding_model: Mapped[str | None] = mapped_column(comment="Vectors of different models are never compared")
