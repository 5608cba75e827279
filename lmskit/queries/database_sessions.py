"""Who is connected, and whose session holds up others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

IDLE_LIMIT = "5 minutes"
"""How long a transaction may lie idle; it holds its locks and keeps old rows from being cleared away."""
RUNNING_LIMIT = "10 minutes"
"""How long a statement may run before it is mentioned. Time-outs do not serve: whoever is signed in can lift them."""

_TROUBLESOME = """
SELECT a.pid, coalesce(u.email, a.usename) AS login, a.state, CAST(EXTRACT(EPOCH FROM now_ - since) AS int) AS seconds
FROM (
    SELECT *, clock_timestamp() AS now_, CASE WHEN state = 'active' THEN query_start ELSE state_change END AS since
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
) AS a
LEFT JOIN lms.users AS u ON u.db_role = a.usename
WHERE (a.state LIKE 'idle in transaction%' AND now_ - since > CAST(:idle AS interval))
   OR (a.state = 'active' AND now_ - since > CAST(:running AS interval))
ORDER BY since, a.pid
"""
_HIDDEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND state IS NULL AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class DatabaseSession:
    """A connection that has been busy, or idle in a transaction, for long.

    Attributes
    ----------
    pid
        The server's process that serves it.
    login
        E-mail address of the person, or the role's name where it is nobody's.
    is_idle
        Whether it waits in a transaction rather than runs a statement.
    seconds
        For how long.
    """

    pid: int
    login: str
    is_idle: bool
    seconds: int


def troublesome_sessions(session: Session, *, idle: str = IDLE_LIMIT, running: str = RUNNING_LIMIT) -> list[DatabaseSession]:
    """Sessions of this database that are idle in transaction, or run one statement, for longer than these intervals; oldest first."""
    rows = session.execute(text(_TROUBLESOME), {"idle": idle, "running": running})
    return [DatabaseSession(row.pid, row.login, row.state != "active", row.seconds) for row in rows]


def hidden_sessions(session: Session) -> int:
    """How many sessions of others this login may not look into."""
    return int(session.execute(text(_HIDDEN)).scalar_one())
