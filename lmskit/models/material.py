"""Course materials and the passages that search finds."""

import datetime as dt

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import (
    LARGEST_FINDINGS,
    LARGEST_HEADINGS,
    LONGEST_FILE_NAME,
    LONGEST_HEADER,
    LONGEST_LICENCE,
    LONGEST_NAME,
    LONGEST_PROSE,
    LONGEST_TITLE,
    LONGEST_URL,
    MOST_DIMENSIONS,
    MOST_FINDINGS,
    MOST_HEADINGS_DEEP,
    MOST_PASSAGES,
)
from lmskit.models.base import Base, CreatedAt, Id, few, one_line, stored_enum, web_address
from lmskit.models.course import RowOrigin
from lmskit.text_search import configuration_expression
from lmskit.vocabulary import EmbeddingModelState, MaterialKind, MaterialState, Origin

SHA256 = "^[0-9a-f]{64}$"
LANGUAGE = "^[a-z]{2,3}$"


class MaterialFile(Base):
    """The name of a file in the store, whichever courses have it as a material.

    Lecturers see no row; they call `keep_material_file` before they write a file, and `release_material_file` before they delete one.
    Materials refer to it, so that a file is deleted only when no material of any course needs it, and by one at a time.
    """

    __tablename__ = "material_files"
    __table_args__ = (CheckConstraint(f"stored_as ~ '{SHA256}'", name="stored_as_is_sha256"), {"comment": "Files in the store, each once"})

    stored_as: Mapped[str] = mapped_column(primary_key=True, comment="From its content, but not the checksum that materials show")
    created_at: Mapped[CreatedAt]


class Material(Base):
    """A document, page or video of a course, for one of its weeks or for all."""

    __tablename__ = "materials"
    __table_args__ = (
        ForeignKeyConstraint(["course_id"], ["courses.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["course_id", "week_number"], ["syllabi.course_id", "syllabi.week_number"], ondelete="CASCADE"),
        UniqueConstraint("id", "course_id", name="uq_materials_id_course_id"),
        UniqueConstraint("course_id", "url"),
        UniqueConstraint("course_id", "file_name"),
        CheckConstraint(f"length(title) BETWEEN 1 AND {LONGEST_TITLE}", name="title_has_a_length"),
        CheckConstraint(one_line("title"), name="title_is_one_line"),
        CheckConstraint(f"language ~ '{LANGUAGE}'", name="language_is_a_code"),
        CheckConstraint(f"length(licence) BETWEEN 1 AND {LONGEST_LICENCE}", name="licence_has_a_length"),
        CheckConstraint(one_line("licence"), name="licence_is_one_line"),
        CheckConstraint(web_address("url"), name="url_is_a_web_address"),
        CheckConstraint(f"length(url) <= {LONGEST_URL}", name="url_has_a_length"),
        CheckConstraint(f"length(file_name) BETWEEN 1 AND {LONGEST_FILE_NAME}", name="file_name_has_a_length"),
        CheckConstraint(one_line("file_name"), name="file_name_is_one_line"),
        CheckConstraint(r"file_name !~ '(^|/)\.{0,2}(/|$)'", name="file_name_leads_down_a_folder"),
        CheckConstraint(f"checksum ~ '{SHA256}'", name="checksum_is_sha256"),
        CheckConstraint("num_nonnulls(url, checksum) > 0", name="has_an_address_or_a_checksum"),
        CheckConstraint(
            "checksum IS NOT NULL OR num_nonnulls(stored_as, media_type, size) = 0", name="what_is_known_of_a_file_has_a_checksum"
        ),
        CheckConstraint(f"length(media_type) BETWEEN 1 AND {LONGEST_NAME}", name="media_type_has_a_length"),
        CheckConstraint("size >= 0", name="size_is_a_count"),
        CheckConstraint(f"length BETWEEN 0 AND {MOST_PASSAGES}", name="extent_is_a_count"),
        CheckConstraint("state <> 'gone' OR url IS NOT NULL", name="only_what_has_an_address_is_gone"),
        CheckConstraint("url IS NOT NULL OR num_nonnulls(etag, last_modified, fetched_at) = 0", name="what_was_fetched_has_an_address"),
        CheckConstraint(f"length(etag) <= {LONGEST_HEADER} AND length(last_modified) <= {LONGEST_HEADER}", name="validators_have_a_length"),
        CheckConstraint(few("findings", most=MOST_FINDINGS, size=LARGEST_FINDINGS), name="findings_are_few"),
        Index("ix_materials_course_id_week_number", "course_id", "week_number"),
        Index("ix_materials_stored_as", "stored_as", postgresql_using="hash"),
        {"comment": "Documents, pages and videos of a course"},
    )

    id: Mapped[Id]
    course_id: Mapped[int]
    week_number: Mapped[int | None] = mapped_column(Integer, comment="Teaching week, 1-60; null = for the whole course")
    kind: Mapped[MaterialKind] = mapped_column(stored_enum(MaterialKind, "material_kind"))
    title: Mapped[str]
    language: Mapped[str | None] = mapped_column(comment="Of most of its text, ISO 639; null = not detected")
    licence: Mapped[str | None]
    url: Mapped[str | None]
    file_name: Mapped[str | None] = mapped_column(comment="Relative path as it was given, with slashes")
    checksum: Mapped[str | None] = mapped_column(comment="SHA-256 of the content, hexadecimal")
    stored_as: Mapped[str | None] = mapped_column(
        ForeignKey("material_files.stored_as"), comment="Name in the store; null = no file was kept"
    )
    media_type: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger, comment="Bytes")
    length: Mapped[int | None] = mapped_column(Integer, comment="Pages, slides, cells or seconds, as the kind has it")
    state: Mapped[MaterialState] = mapped_column(
        stored_enum(MaterialState, "material_state"),
        server_default=MaterialState.CURRENT.value,
        comment="gone = its address answered 404 or 410",
    )
    etag: Mapped[str | None] = mapped_column(comment="As the web server sent it")
    last_modified: Mapped[str | None] = mapped_column(comment="As the web server sent it")
    fetched_at: Mapped[dt.datetime | None] = mapped_column(comment="When the address was last asked")
    findings: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'::text[]"), comment="What was not read or is doubtful"
    )
    origin: Mapped[Origin] = mapped_column(RowOrigin, server_default=Origin.FORM.value)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class MaterialPassage(Base):
    """A passage of a material: what a search hit shows, with its page, slide, cell or second.

    A passage is written once: what changes is deleted and added again, so that no vector is that of an earlier text.
    There is no index on the text vector: under row security it could not be used, and a shared index would reveal passages of other
    lecturers. Search reads the rows of one course.
    """

    __tablename__ = "material_passages"
    __table_args__ = (
        ForeignKeyConstraint(["material_id", "course_id"], ["materials.id", "materials.course_id"], ondelete="CASCADE"),
        CheckConstraint("ordinal >= 1", name="ordinal_counts_from_one"),
        CheckConstraint(
            f"ordinal <= {MOST_PASSAGES} AND page <= {MOST_PASSAGES} AND slide <= {MOST_PASSAGES} AND cell <= {MOST_PASSAGES}",
            name="location_and_ordinal_have_an_end",
        ),
        CheckConstraint("num_nonnulls(page, slide, cell, seconds) <= 1", name="location_has_one_number"),
        CheckConstraint("page >= 1 AND slide >= 1 AND cell >= 1", name="page_slide_and_cell_count_from_one"),
        CheckConstraint("seconds >= 0 AND seconds < 'Infinity'", name="seconds_is_a_time"),
        CheckConstraint(few("headings", most=MOST_HEADINGS_DEEP, size=LARGEST_HEADINGS), name="headings_are_few"),
        CheckConstraint(f"length(body) <= {LONGEST_PROSE}", name="body_has_a_length"),
        CheckConstraint(f"language ~ '{LANGUAGE}'", name="language_is_a_code"),
        CheckConstraint(f"length(prose) <= {LONGEST_PROSE}", name="prose_has_a_length"),
        CheckConstraint("overlap >= 0 AND overlap <= length(body)", name="overlap_is_within_the_body"),
        {"comment": "Passages of materials, with page, slide, cell or second"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    material_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    page: Mapped[int | None] = mapped_column(Integer, comment="Of a PDF, from 1")
    slide: Mapped[int | None] = mapped_column(Integer, comment="Of a presentation, from 1")
    cell: Mapped[int | None] = mapped_column(Integer, comment="Of a notebook, from 1")
    seconds: Mapped[float | None] = mapped_column(Float(53), comment="Of a video, from its start")
    headings: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'::text[]"), comment="From the outermost to the nearest"
    )
    body: Mapped[str]
    language: Mapped[str | None] = mapped_column(comment="ISO 639; null = not detected")
    prose: Mapped[str | None] = mapped_column(comment="The body without code; null = there is no code in it")
    is_notes: Mapped[bool] = mapped_column(server_default=text("false"), comment="What a speaker says and the audience does not see")
    overlap: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="Characters at its start that end the passage before it"
    )
    body_vector: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(f"to_tsvector({configuration_expression('language')}, body)", persisted=True),
        comment="Words of the body, by its language",
    )


class PassageWords(Base):
    """The words of up to 64 passages of a material in one language, as search reads them; a trigger lets them follow the passages.

    A search looks its words up in one row for 64 passages. There is no index on words, as in `MaterialPassage`.
    """

    __tablename__ = "passage_words"
    __table_args__ = (
        ForeignKeyConstraint(["material_id", "course_id"], ["materials.id", "materials.course_id"], ondelete="CASCADE"),
        {"comment": "Words of up to 64 passages of a material, as search reads them; follows material_passages"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    material_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[Id]
    after_ordinal: Mapped[int] = mapped_column(Integer, comment="The passages are the 64 after this one")
    language: Mapped[str] = mapped_column(comment="Of these passages; empty = not detected")
    sizes: Mapped[list[int | None]] = mapped_column(ARRAY(Integer), comment="Bytes of each of the 64 passages; null = not in this row")
    words: Mapped[str] = mapped_column(TSVECTOR, comment="A word that is n times in passage p of the 64 has the position 64 (n - 1) + p")


class EmbeddingModel(Base):
    """A model that makes vectors of passages. Vectors of different models are never compared.

    Administrators write it: a model that everybody searches with is not one lecturer's to change.
    """

    __tablename__ = "embedding_models"
    __table_args__ = (
        UniqueConstraint("name", "dimension"),
        CheckConstraint(f"length(name) BETWEEN 1 AND {LONGEST_NAME}", name="name_has_a_length"),
        CheckConstraint(one_line("name"), name="name_is_one_line"),
        CheckConstraint(f"dimension BETWEEN 1 AND {MOST_DIMENSIONS}", name="dimension_is_one_of_a_vector"),
        CheckConstraint(f"checksum ~ '{SHA256}'", name="checksum_is_sha256"),
        CheckConstraint("state = 'retired' OR checksum IS NOT NULL", name="a_model_that_is_asked_has_a_checksum"),
        CheckConstraint("vector_dims(probe) = dimension", name="probe_has_the_dimension"),
        {"comment": "Models that make vectors of passages"},
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[int] = mapped_column(Integer, comment="Numbers in each of its vectors")
    checksum: Mapped[str | None] = mapped_column(comment="SHA-256 of what it computes with; null = unknown, from before this was kept")
    state: Mapped[EmbeddingModelState] = mapped_column(
        stored_enum(EmbeddingModelState, "embedding_model_state"), comment="filling = not every passage has its vector yet"
    )
    created_at: Mapped[CreatedAt]
    probe: Mapped[list[float] | None] = mapped_column(
        HALFVEC(), comment="Its vector of a fixed text, by which it is recognised; null = not kept yet"
    )


class PassageVector(Base):
    """The vector of a passage by one model; none while it waits to be computed.

    There is no index on vectors: a shared one would reveal passages of other lecturers, and exact search within a course is fast.
    """

    __tablename__ = "passage_vectors"
    __table_args__ = (
        ForeignKeyConstraint(
            ["course_id", "material_id", "ordinal"],
            ["material_passages.course_id", "material_passages.material_id", "material_passages.ordinal"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["model", "dimension"], ["embedding_models.name", "embedding_models.dimension"]),
        CheckConstraint("vector_dims(embedding) = dimension", name="embedding_has_the_dimension_of_its_model"),
        CheckConstraint("abs(l2_norm(embedding) - 1) <= 0.01", name="embedding_has_the_length_1"),
        {"comment": "Vectors of passages, by model"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    material_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    model: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[int] = mapped_column(Integer)
    embedding: Mapped[list[float]] = mapped_column(HALFVEC())
