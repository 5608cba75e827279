"""Whether the files of archived terms are where the database says, for `lmskit doctor`."""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from lmskit.archives.store import MANIFEST
from lmskit.errors import ArchiveError
from lmskit.models import Archive, Term
from lmskit.queries.archive import archive_locations
from lmskit.queries.finding import note, well, wrong
from lmskit.rounding import count_text
from lmskit.services.unknown_archives import stores_of, unknown_among

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from lmskit.queries.finding import Finding

NAME = "archives"


def _sees_archives(session: Session) -> bool:
    columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('lms.archives') AND attname = 'outdated_at'"
    return bool(session.scalar(text(columns)) and session.scalar(text("SELECT has_table_privilege('lms.archives', 'SELECT')")))


def archives_in_use(session: Session) -> list[tuple[str, str, str, dt.datetime | None]]:
    """Code of the term, location, SHA-256 of the manifest and time of the first erasure since, of each archive; lecturers see none."""
    if not _sees_archives(session):
        return []
    statement = (
        select(Term.code, Archive.location, Archive.sha256, Archive.outdated_at)
        .join(Term, Term.id == Archive.term_id)
        .where(Archive.ended_at.is_(None))
        .order_by(Archive.id)
    )
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(statement)]


def archive_findings(found: list[tuple[str, str, str, dt.datetime | None]]) -> Iterator[Finding]:
    """Look for the manifest of each archive in a folder, without a transaction; `lmskit archive verify` reads all."""
    for code, location, sha256, outdated_at in found:
        if outdated_at is not None:
            yield wrong(
                NAME,
                f"The files of the archived term {code} have rows that were erased on {outdated_at:%Y-%m-%d}. To write them anew, without "
                f"these rows, and to remove the present ones: lmskit archive rewrite {code}",
            )
            return
        if "://" not in location and _checksum(Path(location) / MANIFEST) != sha256:
            yield wrong(
                NAME,
                f"The files of the archived term {code} are not in {location}, or were changed. Is its disk connected? The rows are in the "
                f"database; to write the files anew: lmskit archive rewrite {code}",
            )
            return
    if found:
        yield well(
            NAME,
            f"The manifests of {count_text(len(found), 'archived term')} are in order. To compare all files: lmskit archive verify TERM",
        )


def files_not_needed(session: Session) -> list[tuple[str, dt.datetime | None]]:
    """Code of the term and time of the first erasure since, of files that a term does not need; lecturers see none."""
    if not _sees_archives(session):
        return []
    statement = (
        select(Term.code, func.min(Archive.outdated_at))
        .join(Term, Term.id == Archive.term_id)
        .where(Archive.ended_at.is_not(None))
        .group_by(Term.code)
        .order_by(Term.code)
    )
    return [(row[0], row[1]) for row in session.execute(statement)]


def locations_in_sight(session: Session) -> list[str] | None:
    """Where archives are, as the database knows; None for lecturers, who see none."""
    return archive_locations(session) if _sees_archives(session) else None


def leftover_findings(not_needed: list[tuple[str, dt.datetime | None]], known: list[str] | None, work: Path) -> Iterator[Finding]:
    """Findings about files that no term needs, and about archives in folders of this machine that the database does not know.

    `work` is lmskit's own folder of archives. Buckets are not looked into.
    """
    for code, outdated_at in not_needed:
        if outdated_at is not None:
            sentence = f"Files that the term {code} does not need have rows that were erased on {outdated_at:%Y-%m-%d}."
            yield wrong(NAME, f"{sentence} To remove them: lmskit archive prune {code}")
        else:
            sentence = f"The term {code} has files that it does not need: of an earlier archive, or of one that was not finished."
            yield note(NAME, f"{sentence} To remove them: lmskit archive prune {code}")
    if known is None:
        return
    found: list[str] = []
    for store in stores_of([location for location in known if "://" not in location], work):
        with suppress(ArchiveError):  # a disk that is not connected was said above
            found += store.found()
    unknown = unknown_among(found, known)
    if unknown:
        yield note(
            NAME,
            f"{count_text(len(unknown), 'archive')} in the folders of archives, in no row of the database: from before a backup was "
            "restored, or of another database. No erasure reaches them. To see them, and to remove them: lmskit archive prune --unknown",
        )


def _checksum(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
