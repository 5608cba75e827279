"""The manifest of an archive: which files it has, with what in them, and from which term and revision."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

FORMAT = 1
"""Raised when an older lmskit could misunderstand a manifest."""


NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")
_KEPT = {"bigint", "integer", "smallint", "boolean", "double precision", "real", "date", "text", "timestamp with time zone"}


class _Part(BaseModel):
    # A newer lmskit may say more than this one reads.
    model_config = ConfigDict(extra="ignore", frozen=True)


class ArchivedColumn(_Part):
    """A column of a file.

    Attributes
    ----------
    name
        As in the table.
    kind
        PostgreSQL's type, such as `numeric(12,4)`.
    """

    name: str
    kind: str

    @property
    def is_kept(self) -> bool:
        """Whether Parquet keeps its values as they are; others are written as texts, as PostgreSQL writes them.

        >>> [ArchivedColumn(name="x", kind=kind).is_kept for kind in ("numeric(12,4)", "jsonb", "timestamp with time zone")]
        [True, False, True]
        """
        return self.kind in _KEPT or NUMERIC.fullmatch(self.kind) is not None


class ArchivedFile(_Part):
    """A Parquet file with the rows of one table.

    Attributes
    ----------
    file
        Its name.
    size, sha256
        Its bytes.
    rows
        Rows in it.
    columns
        Columns in order.
    checksum
        Sum over all rows of the beginning of their SHA-256, as PostgreSQL writes them; None for the evidence.
    """

    file: str
    size: int = Field(ge=0)
    sha256: str
    rows: int = Field(ge=0)
    columns: tuple[ArchivedColumn, ...]
    checksum: int | None


class ArchiveManifest(_Part):
    """What an archive is.

    Attributes
    ----------
    format
        `FORMAT`.
    lmskit, schema_revision
        The version that wrote it, and the revision of the database.
    taken_at
        Time of the snapshot, in UTC.
    term_id, term, name, starts_on, ends_on
        The term.
    courses
        Codes of its courses by their number.
    files
        By the name of their table.
    """

    format: int = FORMAT
    lmskit: str
    schema_revision: str
    taken_at: dt.datetime
    term_id: int
    term: str
    name: str
    starts_on: dt.date
    ends_on: dt.date
    courses: Mapping[int, str]
    files: Mapping[str, ArchivedFile]

    def rows_of(self, table: str) -> int:
        """Rows of a table; 0 if the archive does not have it."""
        return self.files[table].rows if table in self.files else 0
