"""Archive a term: write its rows to files, read the files back, then move the rows.

Killed at any moment, each row is in the live table or in that of archived rows, and the files of an archive that the database knows
are whole: they get their name when all of them are on the disk, and the rows move afterwards, in one transaction.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lmskit.archives.parquet import write_frame, write_rows
from lmskit.archives.store import archive_name, checksum_of, store_with
from lmskit.errors import ArchiveError, LmskitError, TermNotFoundError, TermStateError
from lmskit.progress import Progress, silent
from lmskit.queries.archive import (
    TERM_TABLES,
    TermTable,
    columns_of,
    courses_of,
    current_archive,
    earlier_archives,
    pin_formats,
    rows_of,
    term_content,
)
from lmskit.queries.evidence import course_evidence
from lmskit.queries.provenance import database_time, schema_revision
from lmskit.queries.term import term_by_code
from lmskit.schemas.archive import ArchivedColumn, ArchivedFile, ArchiveManifest
from lmskit.services.archive_comparison import compare_with_files, difference
from lmskit.services.archive_report import ArchiveReport
from lmskit.services.permission import administrators_only
from lmskit.services.term import require_state, steps
from lmskit.vocabulary import TermState

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lmskit.archives.store import ArchiveStore, NewArchive
    from lmskit.db import Opener
    from lmskit.models import Term

EVIDENCE = "evidence"
"""The file of the evidence, which lmskit computes from attempts and quizzes, as others could not."""
_EVIDENCE_KINDS = {
    "student_id": "bigint",
    "course_id": "bigint",
    "week_number": "bigint",
    "score": "double precision",
    "max_score": "double precision",
    "submitted_at": "timestamp with time zone",
}


@dataclass(frozen=True)
class KnownArchive:
    """Files that the database knows by a number, with the SHA-256 of their manifest's file."""

    number: int
    manifest: ArchiveManifest
    location: str
    sha256: str


def create_archive(write: Opener, read: Opener, store: ArchiveStore, code: str, *, progress: Progress = silent) -> ArchiveReport:
    """Archive a closed term whose last day is past.

    Its enrollments, weeks and quizzes stay where they are, and are in the files too, so that the files can be understood without the
    database. Afterwards screens, reports and queries read the archived rows as before, under the same policies.

    Parameters
    ----------
    write, read
        Open a transaction, and a snapshot.
    store
        Where the files go.
    code
        Of the term.
    progress
        Receives the name of each step.

    Raises
    ------
    TermNotFoundError
        There is no such term.
    TermStateError
        It is not closed, or its last day is not past.
    ArchiveError
        The files cannot be written, or differ from the rows when they are read back. The term is as it was.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with read() as session:
        require_archivable(session, code)
        now = database_time(session)
    files = _written_and_compared(write, read, store.new(archive_name(code, now)), code, progress)
    with _removed_unless_used(write, store, files):
        progress("Moving the rows", 0, None)
        with write() as session:
            move_to_archive(session, files)
    return ArchiveReport(files.manifest, files.location)


@administrators_only("archive a term")
def require_archivable(session: Session, code: str) -> None:
    """Refuse a term that cannot be archived now, before long work; the database looks again.

    Raises
    ------
    TermNotFoundError
        There is no such term.
    TermStateError
        It is not closed, or its last day is not past.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    term = term_by_code(session, code)
    current_archive(session, term.id)  # lecturers, who may not ask this, are refused too
    require_state(term, TermState.CLOSED)
    if term.ends_on >= database_time(session).date():
        raise TermStateError(f"The last day of the term {code}, {term.ends_on}, is not past. Nothing was changed; archive it afterwards.")


def rewrite_archive(
    write: Opener,
    read: Opener,
    code: str,
    work: Path,
    *,
    to: ArchiveStore | None = None,
    outdated: bool = False,
    progress: Progress = silent,
) -> ArchiveReport:
    """Write the files of an archived term anew from the database, and remove all earlier ones of the term.

    For files that are lost or damaged, and after a person was erased. Copies elsewhere are not touched. The new ones go to the store `to`,
    by default where the present ones are. `work` is a folder of this machine for files on their way to or from a bucket. With `outdated`,
    of the earlier ones only those are removed that have what was erased.

    Raises
    ------
    TermNotFoundError, TermStateError
        There is no such term, or it is not archived.
    ArchiveError
        As for `create_archive`; the earlier files are as they were.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with read() as session, administrators_only("write the files of an archive anew"):
        known = known_archive(session, code)
        store = store_with(known.location, work=work) if to is None else to
        now = database_time(session)
    files = _written_and_compared(write, read, store.new(archive_name(code, now)), code, progress)
    with _removed_unless_used(write, store, files), write() as session:
        _use_other_files(session, files)
    try:
        prune_archives(write, code, work, outdated=outdated)
    except ArchiveError as error:
        raise ArchiveError(
            f"The new files of {code} are in {files.location}. Earlier ones remain: {error} Then: lmskit archive prune {code}"
        ) from error
    return ArchiveReport(files.manifest, files.location)


def move_to_archive(session: Session, files: KnownArchive) -> None:
    """Move the rows of a closed term, and compare the moved ones with the manifest; the caller commits.

    Raises
    ------
    TermStateError
        The term is not closed any more.
    ArchiveError
        The rows are not those of the files: the term was opened, and rows were changed meanwhile.
    """
    manifest = files.manifest
    term = _same_term(session, manifest)
    pin_formats(session)
    with steps(term), _found_by_the_database():
        session.execute(text("SELECT lms.archive_term(:term, :archive)"), {"term": term.id, "archive": files.number})
    _refuse_changed_rows(session, term, manifest, f"lmskit archive create --term {manifest.term}")


def _use_other_files(session: Session, files: KnownArchive) -> None:
    term = _same_term(session, files.manifest)
    pin_formats(session)
    with steps(term), _found_by_the_database():
        session.execute(text("SELECT lms.replace_archive(:term, :archive)"), {"term": term.id, "archive": files.number})
    _refuse_changed_rows(session, term, files.manifest, f"lmskit archive rewrite {files.manifest.term}")


def prune_archives(write: Opener, code: str, work: Path, *, outdated: bool = False) -> int:
    """Remove the files of a term that it does not need, and return how many archives that were: earlier ones, and unfinished ones.

    `work` is a folder of this machine for files on their way to or from a bucket. With `outdated`, only those are removed that have what
    was erased.

    Raises
    ------
    TermNotFoundError
        There is no such term.
    ArchiveError
        A folder or bucket cannot be used; what was removed before is forgotten.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with write() as session, administrators_only("remove the files of an archive"):
        earlier = earlier_archives(session, term_by_code(session, code).id, outdated=outdated)
    removed = 0
    for number, location in earlier:
        with write() as session:
            # Who wants to use these files waits for this transaction, and finds them gone.
            if session.scalar(text("SELECT lms.forget_archive(:archive)"), {"archive": number}):
                store_with(location, work=work).remove(location)
                removed += 1
    return removed


@contextmanager
def _removed_unless_used(write: Opener, store: ArchiveStore, files: KnownArchive) -> Iterator[None]:
    """Remove files again that were refused, or whose work was cancelled: they may have rows that the database no longer has.

    Where it is not known whether they are used, since the connection was lost, the database removes none that are.
    """
    try:
        yield
    except BaseException:
        # Where they cannot be removed, the database goes on knowing them.
        with suppress(LmskitError), write() as session:
            if session.scalar(text("SELECT lms.forget_archive(:archive)"), {"archive": files.number}):
                store.remove(files.location)
        raise


@contextmanager
def _found_by_the_database() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != "P0002":
            raise
        raise ArchiveError("Another command removed the files before they were used. Nothing was changed; try again.") from error


def _same_term(session: Session, manifest: ArchiveManifest) -> Term:
    try:
        term = term_by_code(session, manifest.term)
    except TermNotFoundError as error:
        raise ArchiveError(f"No term is called {manifest.term} any more. Nothing was changed; archive it under its name.") from error
    if term.id != manifest.term_id:
        raise ArchiveError(f"The files are of another term that was called {manifest.term} too. Nothing was changed; archive it again.")
    return term


def _refuse_changed_rows(session: Session, term: Term, manifest: ArchiveManifest, again: str) -> None:
    session.refresh(term)
    different = difference(session, manifest, archived=True)
    if (term.code, term.name, term.starts_on, term.ends_on) != (manifest.term, manifest.name, manifest.starts_on, manifest.ends_on):
        different = "terms"
    if different is None:
        # The other tables are in the files too: an enrollment that was erased meanwhile may have had no attempt.
        for table in TERM_TABLES:
            file = manifest.files[table.name]
            found = term_content(session, table, file.columns, manifest.courses)
            if (found.rows, found.checksum) != (file.rows, file.checksum):
                different = table.name
                break
    if different is not None:
        raise ArchiveError(f"The rows of {different} changed after the files were written. Nothing was changed; try again: {again}")


def known_archive(session: Session, code: str) -> KnownArchive:
    """What the database knows of the archive of an archived term.

    Raises
    ------
    TermNotFoundError, TermStateError
        There is no such term, or it is not archived.
    ArchiveError
        Its archive is not in the database.
    """
    term = term_by_code(session, code)
    archive = current_archive(session, term.id)
    require_state(term, TermState.ARCHIVED)
    if archive is None:
        raise ArchiveError(f"The database does not know where the files of {code} are. Restore a backup of before.")
    return KnownArchive(archive.id, ArchiveManifest.model_validate(archive.manifest), archive.location, archive.sha256)


def _written_and_compared(
    write: Opener, read: Opener, new: AbstractContextManager[NewArchive], code: str, progress: Progress
) -> KnownArchive:
    """Write the rows of a term as one snapshot has them, and read the files back; they have their name when this returns.

    The database notes them just before, so that files of a process that ends here are not forgotten.
    """
    with new as archive:
        with read() as session:
            pin_formats(session)
            manifest = _written(session, archive.folder, term_by_code(session, code), progress)
        with write() as session:
            compare_with_files(session, archive.folder, manifest, progress)
        sha256 = archive.complete(manifest)
        with write() as session:
            named = {"term": manifest.term_id, "location": archive.location, "sha256": sha256}
            number = session.scalar(
                text("SELECT lms.note_archive(:term, :location, :sha256, CAST(:manifest AS jsonb))"),
                named | {"manifest": manifest.model_dump_json()},
            )
        return KnownArchive(int(number or 0), manifest, archive.location, sha256)


def _written(session: Session, folder: Path, term: Term, progress: Progress) -> ArchiveManifest:
    taken_at = database_time(session)
    courses = courses_of(session, term.id)
    files: dict[str, ArchivedFile] = {}
    for number, table in enumerate(TERM_TABLES):
        progress(f"Writing {table.name}", number, len(TERM_TABLES) + 1)
        files[table.name] = _table_file(session, folder, table, courses)
    progress("Writing the evidence", len(TERM_TABLES), len(TERM_TABLES) + 1)
    files[EVIDENCE] = _evidence_file(session, folder, courses)
    return ArchiveManifest(
        lmskit=importlib.metadata.version("lmskit"),
        schema_revision=schema_revision(session),
        taken_at=taken_at.astimezone(dt.UTC),
        term_id=term.id,
        term=term.code,
        name=term.name,
        starts_on=term.starts_on,
        ends_on=term.ends_on,
        courses=courses,
        files=files,
    )


def _table_file(session: Session, folder: Path, table: TermTable, courses: Mapping[int, str]) -> ArchivedFile:
    columns = columns_of(session, table.name)
    path = folder / f"{table.name}.parquet"
    try:
        n_rows = write_rows(path, columns, rows_of(session, table, columns, courses))
    except psycopg.DataError as error:
        raise ArchiveError(
            f"A row of {table.name} cannot be written to a file: {' '.join(str(error).split())}. Nothing was changed; correct it first."
        ) from error
    content = term_content(session, table, columns, courses)
    if n_rows != content.rows:
        raise ArchiveError(f"{path.name} has {n_rows:,} rows, and {table.name} has {content.rows:,}. Nothing was changed; try again.")
    return _described(path, columns, content.rows, content.checksum)


def _evidence_file(session: Session, folder: Path, courses: Mapping[int, str]) -> ArchivedFile:
    frame = course_evidence(session, list(courses))
    path = folder / f"{EVIDENCE}.parquet"
    write_frame(path, frame)
    columns = tuple(ArchivedColumn(name=name, kind=_EVIDENCE_KINDS[name]) for name in frame.columns)
    return _described(path, columns, len(frame), None)


def _described(path: Path, columns: tuple[ArchivedColumn, ...], n_rows: int, checksum: int | None) -> ArchivedFile:
    return ArchivedFile(file=path.name, size=path.stat().st_size, sha256=checksum_of(path), rows=n_rows, columns=columns, checksum=checksum)
