"""Verify an archive, and bring a term back from it: from the database, which has its rows, or from its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import cast, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from lmskit.archives.store import checked_manifest, store_with
from lmskit.db.bulk import connection_of
from lmskit.errors import ArchiveError
from lmskit.models import Archive
from lmskit.progress import Progress, silent
from lmskit.queries.archive import MOVED, VERIFIED_AT, columns_of, pin_formats
from lmskit.queries.term import term_by_code
from lmskit.services.archive import known_archive
from lmskit.services.archive_comparison import STAGED, compare_with_files, difference, stage_file
from lmskit.services.archive_report import ArchiveReport
from lmskit.services.archive_upgrade import upgraded
from lmskit.services.permission import administrators_only
from lmskit.services.term import steps

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lmskit.db import Opener
    from lmskit.schemas.archive import ArchiveManifest
    from lmskit.services.archive import KnownArchive


def verify_archive(write: Opener, code: str, work: Path, *, progress: Progress = silent) -> ArchiveReport:
    """Compare the files of an archived term with their manifest, and the rows in files and database with each other.

    When they were found in order is written down. `work` is a folder of this machine for files on their way from a bucket.

    Raises
    ------
    TermNotFoundError, TermStateError
        There is no such term, or it is not archived.
    ArchiveError
        Something is missing or differs; the sentence says what.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with write() as session, administrators_only("verify an archive"):
        known = known_archive(session, code)
    with store_with(known.location, work=work).fetched(known.location) as folder:
        manifest = _checked(folder, known, code)
        with write() as session:
            compare_with_files(session, folder, manifest, progress)
            if (different := difference(session, manifest, archived=True)) is not None:
                if _is_outdated(session, manifest):
                    raise ArchiveError(
                        f"The rows of {different} in the database are not those of the archive of {code}: some were erased after its files "
                        f"were written. To write the files anew: lmskit archive rewrite {code}"
                    )
                raise ArchiveError(
                    f"The rows of {different} in the database are not those of the archive of {code}, whose files are in order. "
                    f"To take them from the files: lmskit archive restore {code} --from-files"
                )
            _note_verified(session, known.number)
    return ArchiveReport(manifest, known.location)


def _checked(folder: Path, known: KnownArchive, code: str) -> ArchiveManifest:
    """The manifest of files that are as they were written; otherwise say what can be done about them, as their rows are in the database."""
    try:
        return checked_manifest(folder, known.sha256)
    except ArchiveError as error:
        raise ArchiveError(
            f"{error} The rows are in the database; to write the files anew from them: lmskit archive rewrite {code}"
        ) from error


def _note_verified(session: Session, number: int) -> None:
    document = cast(Archive.manifest, JSONB).concat(func.jsonb_build_object(VERIFIED_AT, func.statement_timestamp()))
    session.execute(update(Archive).where(Archive.id == number).values(manifest=document).execution_options(synchronize_session=False))


def restore_archive(write: Opener, code: str, work: Path, *, from_files: bool = False, progress: Progress = silent) -> ArchiveReport:
    """Bring back the rows of an archived term, which is closed then; its files stay.

    `work` is a folder of this machine for files on their way from a bucket. By default the rows come from the database and the files are
    not needed. Either way they are compared with the manifest before
    anything is committed.

    Raises
    ------
    TermNotFoundError, TermStateError
        There is no such term, or it is not archived.
    ArchiveError
        The rows are not those that were archived. Nothing was changed.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with write() as session, administrators_only("restore a term"):
        known = known_archive(session, code)
        if not from_files:
            progress("Moving the rows", 0, None)
            _move_back(session, code, known.manifest)
            return ArchiveReport(known.manifest, known.location)
    with store_with(known.location, work=work).fetched(known.location) as folder:
        progress("Looking at the files", 0, None)
        manifest = _checked(folder, known, code)
        with write() as session:
            _read_back(session, known, folder, manifest, progress)
    return ArchiveReport(manifest, known.location)


def _move_back(session: Session, code: str, manifest: ArchiveManifest) -> None:
    term = term_by_code(session, code)
    _refuse_outdated(session, manifest)
    pin_formats(session)
    with steps(term):
        session.execute(text("SELECT lms.restore_term(:term)"), {"term": term.id})
    session.expire(term)
    _compare(session, code, manifest)


def _read_back(session: Session, known: KnownArchive, folder: Path, manifest: ArchiveManifest, progress: Progress) -> None:
    code = manifest.term
    term = term_by_code(session, code)
    pin_formats(session)
    with steps(term):
        session.execute(text("SELECT lms.begin_restore(:term)"), {"term": term.id})
    # From here nobody else changes the term: what was erased from it must not come back from its files.
    _refuse_outdated(session, manifest)
    if session.scalar(select(Archive.id).where(Archive.term_id == term.id, Archive.ended_at.is_(None))) != known.number:
        raise ArchiveError(f"The files of {code} were written anew meanwhile. Nothing was changed; try again.")
    connection = connection_of(session)
    for table in MOVED:
        progress(f"Reading {table.name}", 0, None)
        file = manifest.files[table.name]
        stage_file(session, folder, file)
        values = upgraded(table.name, manifest.schema_revision, file.columns, columns_of(session, table.name))
        connection.execute(
            sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} AS r").format(
                sql.Identifier(table.name),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(values.values()),
                sql.Identifier("pg_temp", STAGED),
            )
        )
        session.execute(text(f"DROP TABLE pg_temp.{STAGED}"))
    session.execute(text("SELECT lms.finish_restore(:term)"), {"term": term.id})
    session.expire(term)
    _compare(session, code, manifest)


def _is_outdated(session: Session, manifest: ArchiveManifest) -> bool:
    """Whether rows were erased that the files of the archive still have."""
    statement = select(Archive.outdated_at).where(Archive.term_id == manifest.term_id, Archive.ended_at.is_(None))
    return session.scalar(statement) is not None


def _refuse_outdated(session: Session, manifest: ArchiveManifest) -> None:
    if _is_outdated(session, manifest):
        raise ArchiveError(
            f"Rows of the term {manifest.term} were erased after its files were written, and must not come back from them. Nothing was "
            f"changed. Write the files anew first: lmskit archive rewrite {manifest.term}"
        )


def _compare(session: Session, code: str, manifest: ArchiveManifest) -> None:
    different = difference(session, manifest, archived=False)
    if different is not None:
        raise ArchiveError(
            f"The rows of {different} are not those that were archived with {code}. Nothing was changed. "
            f"If the files are in order, take the rows from them: lmskit archive restore {code} --from-files"
        )
