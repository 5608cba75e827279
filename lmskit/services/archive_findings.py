"""Whether the files of archived terms are where the database says, for `lmskit doctor`."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from lmskit.archives.store import MANIFEST
from lmskit.models import Archive, Term
from lmskit.queries.finding import well, wrong
from lmskit.rounding import count_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from lmskit.queries.finding import Finding

NAME = "archives"


def archives_in_use(session: Session) -> list[tuple[str, str, str, dt.datetime | None]]:
    """Code of the term, location, SHA-256 of the manifest and time of the first erasure since, of each archive; lecturers see none."""
    columns = "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('lms.archives') AND attname = 'outdated_at'"
    if not session.scalar(text(columns)) or not session.scalar(text("SELECT has_table_privilege('lms.archives', 'SELECT')")):
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


def _checksum(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
