"""What keeps others, or the server's housekeeping, waiting: sessions, prepared transactions, replication slots."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from lmskit.db.blocking import PREPARED, OpenSession, Queues, Wait, clock_time, read_queues
from lmskit.queries.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from sqlalchemy.orm import Session

IDLE_LIMIT = dt.timedelta(minutes=5)
"""How long a transaction may be idle; it holds its locks and keeps the server from removing old rows."""
RUNNING_LIMIT = dt.timedelta(minutes=10)
"""How long a statement may run before it is reported. A time-out would not help: every person can lift it in their session."""
WAITING_LIMIT = dt.timedelta(minutes=1)
"""How long others may wait for a session that is at work."""
MOST_WAITING = 5
"""Sessions that wait for the same one and are named."""
MOST_WAL = 1 << 30
"""Bytes of the write-ahead log that a replication slot may keep."""

_HIDDEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND state IS NULL AND pid <> pg_backend_pid()
"""
_PREPARED = "SELECT gid, owner, prepared FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared"
_SLOTS = """
SELECT slot_name, coalesce(CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS bigint), 0) AS kept,
    xmin IS NOT NULL OR catalog_xmin IS NOT NULL AS keeps_rows
FROM pg_replication_slots WHERE NOT active AND NOT pg_is_in_recovery() ORDER BY slot_name
"""


def queues(session: Session) -> Queues:
    """Return who waits for whom in this database at this moment, and every open session but this one."""
    cursor = cast("psycopg.Cursor[Any]", session.connection().connection.cursor())
    with closing(cursor):
        return read_queues(cursor)


def hidden_sessions(session: Session) -> int:
    """Return how many sessions of others this login may not see in detail."""
    return int(session.execute(text(_HIDDEN)).scalar_one())


def session_findings(session: Session) -> Iterator[Finding]:
    """Check whether anything holds up others, or keeps the server from removing old rows."""
    found = [*_session_findings(queues(session)), *_prepared(session), *_slots(session)]
    yield from found
    hidden = hidden_sessions(session)
    if hidden:
        shown = "One session" if hidden == 1 else f"{hidden} sessions"
        yield note("sessions", f"{shown} of others could not be checked. As superuser: GRANT pg_read_all_stats TO lmskit_admin")
    elif not found:
        yield well("sessions", "No session waits for another, and no transaction was left open.")


def _session_findings(now: Queues) -> Iterator[Finding]:
    heads = list(dict.fromkeys(head for wait in now.waits for head in now.heads(wait.pid)))
    for head in heads:
        waiting = now.waiting_for(head)
        found = now.sessions.get(head)
        if found is not None:
            yield _blocking(now, found, waiting)
        elif head != PREPARED:
            yield note(f"session {head}", f"{_waiting(now, waiting)} for the session {head}, which has ended meanwhile.")
    for found in now.sessions.values():
        if found.pid not in heads and not any(wait.pid == found.pid for wait in now.waits):
            yield from _open(now, found)


def _blocking(now: Queues, found: OpenSession, waiting: list[Wait]) -> Finding:
    holds = f" and holds {found.holds}" if found.holds else ""
    longest = max((now.read_at - wait.since for wait in waiting if wait.since is not None), default=dt.timedelta(0))
    kind = wrong if found.is_idle or longest > WAITING_LIMIT else note
    return kind(f"session {found.pid}", f"{_what(found)}{holds}. {_waiting(now, waiting)} for it. {_end(found)}")


def _waiting(now: Queues, waiting: list[Wait]) -> str:
    names = []
    for wait in waiting[:MOST_WAITING]:
        who = now.sessions.get(wait.pid)
        since = f" since {clock_time(wait.since)}" if wait.since is not None else ""
        names.append(f"{who.login if who else 'a session that has ended'} (session {wait.pid}){since}")
    more = f" and {len(waiting) - MOST_WAITING} more" if len(waiting) > MOST_WAITING else ""
    verb = "wait" if len(waiting) > 1 else "waits"
    return f"{', '.join(names)}{more} {verb}"


def _open(now: Queues, found: OpenSession) -> Iterator[Finding]:
    """Report a session for which nobody waits, if it stands in the way of others or may do so soon."""
    name = f"session {found.pid}"
    since, lasts = (now.read_at - (moment or now.read_at) for moment in (found.since, found.began))
    rows = " It keeps the server from removing old rows." if found.keeps_rows else ""
    holds = f" It holds {found.holds}, for which nobody waits yet." if found.holds else ""
    if found.is_idle and since > IDLE_LIMIT:
        yield wrong(name, f"{_what(found)}.{holds}{rows} {_end(found)}")
    elif (found.is_idle and found.holds) or (found.state == "active" and since > RUNNING_LIMIT) or lasts > IDLE_LIMIT:
        yield note(name, f"{_what(found)}.{holds}{rows} {_end(found)}")


def _what(found: OpenSession) -> str:
    if found.is_idle and found.since is not None and found.began is not None:
        return f"{found.login} has a transaction open since {clock_time(found.began)}, idle since {clock_time(found.since)}"
    if found.state == "active" and found.since is not None:
        return f"{found.login} has been running one statement since {clock_time(found.since)}"
    return f"{found.login} has a session open" + (f", its transaction since {clock_time(found.began)}" if found.began is not None else "")


def _end(found: OpenSession) -> str:
    return f"To {found.advice}"


def _prepared(session: Session) -> Iterator[Finding]:
    for gid, owner, prepared in session.execute(text(_PREPARED)):
        yield wrong(
            "prepared transaction",
            f"{owner} prepared the transaction {gid!r} at {clock_time(prepared)} and has not ended it. It holds its locks without "
            f"a session, and keeps the server from removing old rows. To end it, as superuser: ROLLBACK PREPARED {gid!r}",
        )


def _slots(session: Session) -> Iterator[Finding]:
    for slot in session.execute(text(_SLOTS)):
        kept = f"{slot.kept / (1 << 20):,.0f} MB of the write-ahead log" + (" and old rows" if slot.keeps_rows else "")
        yield (wrong if slot.kept > MOST_WAL else note)(
            "replication slot",
            f"The replication slot {slot.slot_name} is not in use and keeps {kept}. "
            f"If nothing needs it any more, as superuser: SELECT pg_drop_replication_slot({slot.slot_name!r})",
        )
