"""What lecturers decide about reading advice, and the crawls that bring in materials."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import LARGEST_PARAMETERS, LONGEST_PROSE, LONGEST_URL, MOST_CRAWL_DEPTH, MOST_PASSAGES
from lmskit.models.base import Base, Id, JsonObject, WeekNumber, shallow, stored_enum, web_address
from lmskit.vocabulary import CrawlPageState, CrawlState, Decision


class ReadingDecision(Base):
    """What a person decided about a passage as advice for a week: it comes first, or it is not shown.

    It names the passage by the SHA-256 of its body, and so survives that the material is read again with the text unchanged.
    Its position among the pinned ones may change; another decision is a new row, which shows who made it.
    """

    __tablename__ = "reading_decisions"
    __table_args__ = (
        ForeignKeyConstraint(["course_id", "week_number"], ["syllabi.course_id", "syllabi.week_number"], ondelete="CASCADE"),
        ForeignKeyConstraint(["material_id", "course_id"], ["materials.id", "materials.course_id"], ondelete="CASCADE"),
        UniqueConstraint("course_id", "week_number", "material_id", "passage_checksum", name="uq_reading_decisions_course_id_passage"),
        CheckConstraint("passage_checksum ~ '^[0-9a-f]{64}$'", name="passage_checksum_is_sha256"),
        CheckConstraint("position IS NULL OR decision = 'pinned'", name="only_a_pinned_one_has_a_position"),
        CheckConstraint(f"position BETWEEN 1 AND {MOST_PASSAGES}", name="position_counts_from_one"),
        {"comment": "Passages that a person pinned to a week's advice, or banned from it"},
    )

    id: Mapped[Id]
    course_id: Mapped[int]
    week_number: Mapped[WeekNumber]
    material_id: Mapped[int]
    passage_checksum: Mapped[str] = mapped_column(comment="SHA-256 of the passage's body, hexadecimal")
    decision: Mapped[Decision] = mapped_column(stored_enum(Decision, "reading_decision"))
    position: Mapped[int | None] = mapped_column(Integer, comment="Among the pinned ones, from 1; null = after those with one")
    decided_by: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login")
    decided_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class MaterialCrawl(Base):
    """A crawl of a web site for materials of a course; it can be resumed from its row and its pages alone."""

    __tablename__ = "material_crawls"
    __table_args__ = (
        UniqueConstraint("id", "course_id"),
        CheckConstraint(web_address("start_url"), name="start_url_is_a_web_address"),
        CheckConstraint(f"length(start_url) <= {LONGEST_URL}", name="start_url_has_a_length"),
        CheckConstraint("jsonb_typeof(options) = 'object'", name="options_is_an_object"),
        CheckConstraint(shallow("options", empty="{}", levels=2, size=LARGEST_PARAMETERS), name="options_is_shallow"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="an_ended_one_has_an_end"),
        Index("ix_material_crawls_course_id", "course_id"),
        {"comment": "Crawls of web sites for materials"},
    )

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    start_url: Mapped[str]
    options: Mapped[JsonObject] = mapped_column(comment="Limits, week and the like, as lmskit.schemas.material has them")
    state: Mapped[CrawlState] = mapped_column(stored_enum(CrawlState, "crawl_state"), server_default=CrawlState.RUNNING.value)
    started_by: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login")
    started_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[dt.datetime | None]


class CrawlPage(Base):
    """An address that a crawl has found, with its result."""

    __tablename__ = "crawl_pages"
    __table_args__ = (
        ForeignKeyConstraint(["crawl_id", "course_id"], ["material_crawls.id", "material_crawls.course_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["material_id", "course_id"], ["materials.id", "materials.course_id"], ondelete="SET NULL (material_id)"),
        CheckConstraint(web_address("url"), name="url_is_a_web_address"),
        CheckConstraint(f"length(url) <= {LONGEST_URL}", name="url_has_a_length"),
        CheckConstraint(f"depth BETWEEN 0 AND {MOST_CRAWL_DEPTH}", name="depth_is_a_count"),
        CheckConstraint(f"length(finding) <= {LONGEST_PROSE}", name="finding_has_a_length"),
        CheckConstraint("state <> 'refused' OR finding IS NOT NULL", name="a_refused_one_has_a_finding"),
        Index("ix_crawl_pages_course_id_material_id", "course_id", "material_id"),
        {"comment": "Addresses found by crawls"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    crawl_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    url: Mapped[str] = mapped_column(primary_key=True)
    depth: Mapped[int] = mapped_column(Integer, comment="Links from the start")
    state: Mapped[CrawlPageState] = mapped_column(
        stored_enum(CrawlPageState, "crawl_page_state"), server_default=CrawlPageState.WAITING.value
    )
    finding: Mapped[str | None] = mapped_column(comment="Why it is not a material, or what is doubtful")
    material_id: Mapped[int | None] = mapped_column(comment="What it became; several addresses can lead to one material")
