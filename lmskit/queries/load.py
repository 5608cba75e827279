"""Who takes much of the server at this moment, and how many transaction numbers are left: what no limit of PostgreSQL divides."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.db.cluster.processes import Taken
from lmskit.queries.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

MANY_AT_WORK = 2
"""Sessions of one login that work at the same moment and are reported."""
MUCH_PROCESSOR = 2.0
"""Seconds of processor time since it began from which a session that is at work is reported."""
JUST_NOW = 2.0
"""Seconds in which `MANY_AT_WORK` new sessions of one login are reported."""
MUCH_SPACE = 256 * 1024**2
"""Bytes of memory, or of temporary files, from which a session is reported."""
MOST_NUMBERS = 1_000_000_000
"""Transaction numbers in use; the server begins to free them at a fifth of this, unless an open transaction keeps it from doing so."""
LAST_NUMBER = 2_147_000_000

_SESSIONS = """
SELECT a.pid, coalesce(u.email, a.usename) AS login, a.state = 'active' AS works,
    CAST(EXTRACT(EPOCH FROM clock_timestamp() - a.backend_start) AS float) AS seconds
FROM pg_stat_activity AS a LEFT JOIN lms.users AS u ON u.db_role = a.usename
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.usename <> session_user
ORDER BY login, a.pid
"""


def load_findings(session: Session, taken_by: Callable[[Iterable[int]], Mapping[int, Taken]] = lambda _pids: {}) -> Iterator[Finding]:
    """Name the logins whose sessions take much, and say how many transaction numbers are in use.

    Parameters
    ----------
    session
        Of an administrator; for others there are no findings, since they may not see what others do.
    taken_by
        Returns what sessions have taken, by their process number, where that is known: on the embedded server.
    """
    if not session.execute(text("SELECT has_table_privilege('lms.outbox', 'SELECT')")).scalar_one():
        return
    rows = session.execute(text(_SESSIONS)).all()
    taken = taken_by(row.pid for row in rows)
    found = [finding for login, own in groupby(rows, key=lambda row: row.login) for finding in _of_login(login, list(own), taken)]
    yield from found or [well("load", "No login takes much of the server at this moment.")]
    yield transaction_numbers(session)


def _of_login(login: str, rows: list[Row[tuple[int, str, bool, float]]], taken: Mapping[int, Taken]) -> Iterator[Finding]:
    at_work = sum(bool(row.works) for row in rows)
    new = sum(row.seconds < JUST_NOW for row in rows)
    costs = [taken.get(row.pid, Taken()) for row in rows]
    processor, memory, temporary = (sum(getattr(cost, name) for cost in costs) for name in ("processor", "memory", "temporary"))
    is_busy = any(row.works and cost.processor > MUCH_PROCESSOR for row, cost in zip(rows, costs, strict=True))
    if max(at_work, new) < MANY_AT_WORK and not is_busy and max(memory, temporary) < MUCH_SPACE:
        return
    n = len(rows)
    facts = [
        f"{login} has {n} session{'s' if n > 1 else ''}, {at_work} at work at this moment and {new} begun in the last {JUST_NOW:.0f} s"
    ]
    if taken:
        facts.append(
            f"{processor:,.0f} s of processor time used, {memory / 1024**2:,.0f} MB of memory and {temporary / 1024**2:,.0f} MB of "
            "temporary files held"
        )
    yield note("load", f"{': '.join(facts)}. To end them: lmskit doctor --end {rows[0].pid}")


def transaction_numbers(session: Session, *, most: int = MOST_NUMBERS) -> Finding:
    """Compare the transaction numbers in use with what the server has; it stops writing when they are used up."""
    used = int(session.execute(text("SELECT max(greatest(age(datfrozenxid), mxid_age(datminmxid))) FROM pg_database")).scalar_one())
    shown = f"{used / 1e6:,.0f} of {LAST_NUMBER / 1e6:,.0f} million transaction numbers are in use"
    if used < most:
        return well("transaction numbers", f"{shown}.")
    return wrong(
        "transaction numbers",
        f"{shown}; when none is left, the server stops writing. End the transactions that keep it from freeing them, then, as superuser: "
        "VACUUM (FREEZE)",
    )
