"""What `lmskit doctor` says of backups."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.backups.repository import file_part
from lmskit.errors import BackupError
from lmskit.queries.finding import Finding, note, well, wrong
from lmskit.rounding import count_text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.backups.repository import BackupRepository

NAME = "backup"
OLDEST = dt.timedelta(hours=26)
"""A nightly backup, its verification, and a night on which it took longer."""
MAKE_ONE = "To make one: lmskit backup create --verify. To have it made every night: lmskit service print backup"
_OWN_DATA = "SELECT EXISTS (SELECT FROM lms.courses WHERE origin <> 'simulation') OR EXISTS (SELECT FROM lms.import_runs)"


def has_own_data(session: Session) -> bool:
    """Whether the database has more than a demonstration: a course or an import that cannot be made again."""
    return bool(session.execute(text(_OWN_DATA)).scalar_one())


def backup_finding(repository: BackupRepository, database: str, *, own_data: bool, now: dt.datetime) -> Finding:
    """Check that a backup that was verified is younger than 26 hours.

    Parameters
    ----------
    repository
        Where backups are kept.
    database
        The name of the database.
    own_data
        Whether the database has more than a demonstration.
    now
        The time.
    """
    try:
        found = repository.backups(file_part(database))
    except BackupError as error:
        return note(NAME, f"Backups were not checked. {error}")
    verified = [backup for backup in found if backup.verification is not None]
    if not found and not own_data:
        return note(NAME, f"There is no backup in {repository.address}. {MAKE_ONE}")
    if not verified:
        what = f"None of {count_text(len(found), 'backup')} in {repository.address} is verified" if found else "There is no backup"
        where = "" if found else f" in {repository.address}; if another machine makes them, LMSKIT_BACKUPS says where"
        return wrong(NAME, f"{what}{where}. {MAKE_ONE}")
    age = now - verified[0].taken_at
    hours = count_text(int(age.total_seconds() // 3600), "hour")
    if age > OLDEST:
        return wrong(NAME, f"The newest verified backup in {repository.address} is {hours} old, and should be younger than 26. {MAKE_ONE}")
    return well(NAME, f"The newest verified backup is {hours} old: {verified[0].name}")
