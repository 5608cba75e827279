"""Sessions of the database that may block others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

IDLE_LIMIT = "5 minutes"
"""How long a transaction may be idle; it holds its locks and keeps the server from removing old rows."""
RUNNING_LIMIT = "10 minutes"
"""How long a statement may run before it is reported. A time-out would not help: every person can lift it in their session."""

_BLOCKING = """
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
    """A connection that has been busy, or idle in a transaction, for a long time.

    Attributes
    ----------
    pid
        Number of its process on the server.
    login
        E-mail address of the person, or the role's name if the login is not a person's.
    is_idle
        Whether it is idle in a transaction instead of running a statement.
    seconds
        Since how long.
    """

    pid: int
    login: str
    is_idle: bool
    seconds: int


def blocking_sessions(session: Session, *, idle: str = IDLE_LIMIT, running: str = RUNNING_LIMIT) -> list[DatabaseSession]:
    """Return sessions of this database that are idle in transaction, or run one statement, longer than these intervals; oldest first."""
    rows = session.execute(text(_BLOCKING), {"idle": idle, "running": running})
    return [DatabaseSession(row.pid, row.login, row.state != "active", row.seconds) for row in rows]


def hidden_sessions(session: Session) -> int:
    """Return how many sessions of others this login may not see in detail."""
    return int(session.execute(text(_HIDDEN)).scalar_one())
