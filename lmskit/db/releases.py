"""Releases of PostgreSQL and pgvector: the oldest that lmskit works with, and the oldest without a known hole that plain SQL reaches.

Lecturers have plain SQL, so a hole that needs nothing else is open to each of them. When a release appears, read its notes: raise
`looked_at`, and the release itself if it mends such a hole. A test fails while the embedded server is newer than `looked_at`.

Sources: https://www.postgresql.org/docs/release/ and the changelog of pgvector.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

OLDEST_MAJOR = 16
"""Of PostgreSQL; older ones lack membership options of roles."""
OLDEST_VECTOR = (0, 8)
"""Of pgvector: iterative index scans."""


@dataclass(frozen=True)
class SafeRelease:
    """The oldest release of a line without a known hole that a login of lmskit can reach with SQL.

    Attributes
    ----------
    number
        Such as (18, 6).
    released
        The day on which it appeared.
    mends
        What it mends, by the numbers of the reports.
    looked_at
        The newest release of the line whose notes have been read for this.
    """

    number: tuple[int, ...]
    released: date
    mends: str
    looked_at: tuple[int, ...]

    @property
    def name(self) -> str:
        """The number as people write it, such as 18.6."""
        return shown(self.number)


_AUGUST_2026 = date(2026, 8, 13)
_MENDED_IN_AUGUST_2026 = (
    "SQL that executes code in the server (CVE-2026-16239, CVE-2026-14669, CVE-2026-14664), "
    "and cached plans that ignore a changed role (CVE-2026-14666)"
)
SAFE_POSTGRES = {
    16: SafeRelease((16, 15), _AUGUST_2026, _MENDED_IN_AUGUST_2026, looked_at=(16, 15)),
    17: SafeRelease((17, 11), _AUGUST_2026, _MENDED_IN_AUGUST_2026, looked_at=(17, 11)),
    18: SafeRelease((18, 6), _AUGUST_2026, _MENDED_IN_AUGUST_2026, looked_at=(18, 6)),
}
"""By major version. Of one that is not listed nothing is known."""
SAFE_VECTOR = SafeRelease(
    (0, 8, 2), date(2026, 2, 25), "an index build that shows rows of other tables or stops the server (CVE-2026-3172)", looked_at=(0, 8, 7)
)
"""0.8.7 of 2026-10-01 mends a further overflow in building an index. Of lmskit's logins only administrators could reach it, with temporary
tables; it does not raise the bar as long as no wheel has it."""


def release(text: str) -> tuple[int, ...]:
    """Return a release as numbers.

    Examples
    --------
    >>> release("0.8.6")
    (0, 8, 6)
    >>> release("18.6 (Debian 18.6-1.pgdg13+1)")
    (18, 6)
    """
    numbers: list[int] = []
    for part in text.split(maxsplit=1)[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def postgres_release(number: int) -> tuple[int, int]:
    """Return a release of PostgreSQL from its `server_version_num`.

    Examples
    --------
    >>> postgres_release(180006)
    (18, 6)
    """
    return number // 10_000, number % 10_000


def shown(numbers: tuple[int, ...]) -> str:
    """Return a release as people write it."""
    return ".".join(map(str, numbers))


def hole_in_postgres(found: tuple[int, int]) -> str | None:
    """Return what is known against a release of PostgreSQL, as a part of a sentence, or None.

    Examples
    --------
    >>> hole_in_postgres((18, 4))
    'PostgreSQL 18.6 of 2026-08-13 mends SQL that executes code in the server (...'
    >>> hole_in_postgres((18, 6))
    """
    return _hole("PostgreSQL", found, SAFE_POSTGRES.get(found[0]))


def hole_in_vector(found: tuple[int, ...]) -> str | None:
    """Return what is known against a release of pgvector, as a part of a sentence, or None."""
    return _hole("pgvector", found, SAFE_VECTOR)


def _hole(product: str, found: tuple[int, ...], safe: SafeRelease | None) -> str | None:
    if safe is None or found >= safe.number:
        return None
    return f"{product} {safe.name} of {safe.released.isoformat()} mends {safe.mends}"
