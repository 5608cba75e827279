"""Which backups are kept: one for each of the last 7 days, 4 weeks and 12 months that have any, the newest, and the last verified one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

DAILY, WEEKLY, MONTHLY = 7, 4, 12


@dataclass(frozen=True, order=True)
class Dated:
    """A backup as retention sees it.

    Attributes
    ----------
    taken_at
        Time of its snapshot, in UTC.
    name
        Its name.
    is_verified
        Whether it was restored and found equal.
    """

    taken_at: dt.datetime
    name: str
    is_verified: bool


def kept(backups: Iterable[Dated]) -> set[str]:
    """Return the names of the backups to keep.

    Of a period the newest verified backup is kept, or the newest if none is verified. Days, weeks (from Monday) and months are those of
    UTC, and only those that have a backup count: nothing is removed because time goes by without new backups.

    Examples
    --------
    >>> days = [Dated(dt.datetime(2027, 3, day, 2), f"{day:02}", is_verified=True) for day in range(1, 32)]
    >>> sorted(kept(days))
    ['14', '21', '25', '26', '27', '28', '29', '30', '31']
    """
    newest_first = sorted(backups, reverse=True)
    found = {backup.name for backup in newest_first[:1]}
    found |= {backup.name for backup in [backup for backup in newest_first if backup.is_verified][:1]}
    periods: tuple[tuple[Callable[[Dated], Hashable], int], ...] = (
        (lambda backup: backup.taken_at.date(), DAILY),
        (lambda backup: backup.taken_at.isocalendar()[:2], WEEKLY),
        (lambda backup: (backup.taken_at.year, backup.taken_at.month), MONTHLY),
    )
    for period, most in periods:
        best: dict[Hashable, Dated] = {}
        for backup in newest_first:
            before = best.setdefault(period(backup), backup)
            if backup.is_verified and not before.is_verified:
                best[period(backup)] = backup
        found |= {backup.name for backup in list(best.values())[:most]}
    return found
