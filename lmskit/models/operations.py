"""Operations: messages to send, imports and how they read files, the audit trail, archives, erasures."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, func, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.limits import LARGEST_PARAMETERS
from lmskit.models.base import Base, CreatedAt, Id, JsonObject, shallow, stored_enum
from lmskit.vocabulary import ImportStatus, OutboxStatus


class OutboxMessage(Base):
    """A message that is to be sent because of a change; written in the transaction of that change."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_is_a_count"),
        CheckConstraint("recipient ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="recipient_is_an_address"),
        CheckConstraint("recipient !~* '[.@]invalid$'", name="recipient_can_receive"),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="a_sent_one_has_a_time"),
        CheckConstraint("status <> 'refused' OR last_error IS NOT NULL", name="a_refused_one_has_a_reason"),
        Index("ix_outbox_available_at_id", "available_at", "id", postgresql_where="status = 'waiting'"),
        Index("ix_outbox_course_id_student_id", "course_id", "student_id"),
        Index("ix_outbox_student_id", "student_id"),
        {"comment": "Messages to send, written with the change they tell of"},
    )

    id: Mapped[Id]
    idem_key: Mapped[str] = mapped_column(unique=True, comment="One message per reason: enroll:<course>:<student>:<request sequence>")
    message_id: Mapped[str] = mapped_column(unique=True, comment="RFC 5322 Message-ID; the same at every try")
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    student_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    request_sequence: Mapped[int | None] = mapped_column(Integer, comment="Of the enrollment it tells of")
    recipient: Mapped[str]
    template: Mapped[str]
    context: Mapped[JsonObject]
    status: Mapped[OutboxStatus] = mapped_column(stored_enum(OutboxStatus, "outbox_status"), server_default=OutboxStatus.WAITING.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    available_at: Mapped[dt.datetime] = mapped_column(server_default=func.now(), comment="Not tried before this time")
    leased_until: Mapped[dt.datetime | None] = mapped_column(comment="Claimed by a dispatcher until then")
    sent_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    in_doubt: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="An earlier try may have arrived: it was interrupted, or its answer was lost"
    )


class ImportRun(Base):
    """One run of an importer, with the counts of its rows."""

    __tablename__ = "import_runs"
    __table_args__ = (
        CheckConstraint(
            "rows_in >= 0 AND added >= 0 AND changed >= 0 AND unchanged >= 0 AND rejected >= 0",
            name="counts_are_counts",
        ),
        CheckConstraint(
            "status NOT IN ('done', 'dry_run') OR rows_in = added + changed + unchanged + rejected", name="every_row_is_accounted_for"
        ),
        CheckConstraint("finished_at >= started_at", name="ends_after_it_starts"),
        {"comment": "Runs of importers, with what became of every row"},
    )

    id: Mapped[Id]
    format: Mapped[str]
    name: Mapped[str] = mapped_column(comment="File or folder name, without its path")
    sha256: Mapped[str | None]
    status: Mapped[ImportStatus] = mapped_column(stored_enum(ImportStatus, "import_status"))
    actor: Mapped[str] = mapped_column(server_default=text("SESSION_USER"))
    started_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[dt.datetime | None]
    rows_in: Mapped[int] = mapped_column(server_default=text("0"))
    added: Mapped[int] = mapped_column(server_default=text("0"))
    changed: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    rejected: Mapped[int] = mapped_column(server_default=text("0"))
    report: Mapped[JsonObject] = mapped_column(comment="Counts per file, rejections, oddities, skipped columns")
    audit_from: Mapped[int | None] = mapped_column(
        comment="Last entry of the audit trail before it; null = it ran before its changes were recorded, or was a dry run"
    )
    undoes: Mapped[int | None] = mapped_column(comment="The import that this run took back; null = it imported something")


class AuditEntry(Base):
    """A change to a row, by whom; appended by triggers, never changed."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_course_id", "course_id"),
        {"comment": "Who changed what; appended by triggers"},
    )

    id: Mapped[Id]
    at: Mapped[dt.datetime] = mapped_column(server_default=func.clock_timestamp())
    actor: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login, not a role it may have taken on")
    action: Mapped[str]
    table_name: Mapped[str]
    row_key: Mapped[str]
    course_id: Mapped[int | None] = mapped_column(comment="Of the changed row; no foreign key, since the entry outlives the course")
    old: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    new: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    import_run_id: Mapped[int | None] = mapped_column(
        comment="The import that made the change; null = none. No foreign key, since the entry outlives the import"
    )
    numbers: Mapped[MultiRange[int] | None] = mapped_column(
        INT8MULTIRANGE,
        comment="Which rows a counted entry counts: ids; of enrollments the students, of weeks the weeks of the course."
        " Null where no import made them",
    )


class Archive(Base):
    """Files of a term: those of an archived one, and earlier ones that are still to be removed."""

    __tablename__ = "archives"
    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hexadecimal"),
        CheckConstraint("jsonb_typeof(manifest) = 'object'", name="manifest_is_an_object"),
        Index("ix_archives_term_id", "term_id", unique=True, postgresql_where="ended_at IS NULL"),
        {"comment": "Files of terms, those in use and earlier ones"},
    )

    id: Mapped[Id]
    term_id: Mapped[int] = mapped_column(ForeignKey("terms.id", ondelete="RESTRICT"))
    location: Mapped[str] = mapped_column(comment="Folder or address of the files")
    sha256: Mapped[str] = mapped_column(comment="Of the manifest's file")
    manifest: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="As lmskit.schemas.archive has it")
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[dt.datetime | None] = mapped_column(
        server_default=func.now(), comment="Null while an archived term has these files; others can be removed"
    )
    outdated_at: Mapped[dt.datetime | None] = mapped_column(comment="When rows of the term were erased, which these files still have")


class ImportChoice(Base):
    """How files of a source are read, as a person chose the last time; the source is known by the headers of its files."""

    __tablename__ = "import_choices"
    __table_args__ = (
        CheckConstraint("source_key ~ '^[0-9a-f]{64}$'", name="source_key_is_sha256"),
        CheckConstraint("jsonb_typeof(choices) = 'object'", name="choices_are_an_object"),
        CheckConstraint(shallow("choices", empty="{}", levels=2, size=LARGEST_PARAMETERS), name="choices_is_shallow"),
        {"comment": "How files of a source are read, as a person chose the last time"},
    )

    id: Mapped[Id]
    source_key: Mapped[str] = mapped_column(unique=True, comment="SHA-256 of the headers of its files, in the order of the alphabet")
    choices: Mapped[JsonObject] = mapped_column(comment="Options of the reader by name; columns has the header of each field")
    chosen_at: Mapped[dt.datetime] = mapped_column(
        server_default=func.now(), comment="Of the last import with other choices than the one before"
    )


class Erasure(Base):
    """A person who was erased, by numbers alone: erased again after an older backup is restored.

    Written only by `erase_person`. The fingerprint keeps the number apart from that of another person, who can get the same one after a
    restore.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("fingerprint ~ '^[0-9a-f]{64}$'", name="fingerprint_is_sha256"),
        {"comment": "People who were erased, by numbers alone: so that they are erased again after an older backup is restored"},
    )

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(comment="The id that the row of users had; no foreign key, since that row is gone")
    fingerprint: Mapped[str] = mapped_column(
        comment="SHA-256 of that id and the time at which the row was made: another person can get the same id"
    )
    erased_by: Mapped[str] = mapped_column(server_default=text("SESSION_USER"), comment="The login")
    erased_at: Mapped[CreatedAt]
