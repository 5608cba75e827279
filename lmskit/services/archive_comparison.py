"""Compare the files of an archive with their manifest, and the rows of the database with both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.archives.parquet import read_rows
from lmskit.db.bulk import copy_rows, stage
from lmskit.errors import ArchiveError
from lmskit.queries.archive import MOVED, TERM_TABLES, columns_of, courses_of, pin_formats, staged_content, term_content

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lmskit.progress import Progress
    from lmskit.schemas.archive import ArchivedFile, ArchiveManifest

STAGED = "archive_rows"
"""The temporary table that the rows of a file are read into."""


def difference(session: Session, manifest: ArchiveManifest, *, archived: bool) -> str | None:
    """The first table whose rows of the term, archived or not, are not those of the manifest, or are not in one table; None if none is.

    Rows with columns that a later revision changed are counted and not compared.
    """
    courses = courses_of(session, manifest.term_id)
    for table in MOVED:
        file = manifest.files[table.name]
        now = columns_of(session, table.name)
        shared = [column for column in file.columns if column in now]
        found = term_content(session, table, shared, courses, archived=archived)
        is_equal = found.checksum == file.checksum or len(shared) < len(file.columns)
        if found.rows != file.rows or not is_equal or term_content(session, table, shared, courses, archived=not archived).rows:
            return table.name
    return None


def compare_with_files(session: Session, folder: Path, manifest: ArchiveManifest, progress: Progress) -> None:
    """Read every file back, and compare what PostgreSQL makes of it with what it was written from.

    Raises
    ------
    ArchiveError
        A file has other rows.
    """
    pin_formats(session)
    tables = [table for table in TERM_TABLES if table.name in manifest.files]
    for number, table in enumerate(tables):
        progress(f"Reading {table.name} back", number, len(tables))
        file = manifest.files[table.name]
        stage_file(session, folder, file)
        found = staged_content(session, STAGED, file.columns)
        session.execute(text(f"DROP TABLE pg_temp.{STAGED}"))
        if (found.rows, found.checksum) != (file.rows, file.checksum):
            raise ArchiveError(
                f"{file.file} does not have the rows that it was written from. Nothing was changed; is the disk in order? Try again."
            )


def stage_file(session: Session, folder: Path, file: ArchivedFile) -> None:
    """Copy the rows of a file into a temporary table with the types that its columns had in the database."""
    stage(session, STAGED, {column.name: column.kind for column in file.columns})
    copy_rows(session, STAGED, [column.name for column in file.columns], read_rows(folder / file.file, file.columns))
