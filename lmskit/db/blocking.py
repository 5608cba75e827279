"""Which sessions of the database wait, and for which others.

`pg_blocking_pids` names who stands before a session, which may wait itself. Whom everybody waits for is the *head* of such a queue:
a session that waits for nobody and has what the others need.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import psycopg

PREPARED = 0
"""The number of a session that stands for a prepared transaction, which belongs to none."""
WORDS = {
    "archived_attempts": "archived attempts",
    "archived_estimates": "archived estimates of mastery",
    "archives": "archives",
    "audit_log": "audit entries",
    "bank_questions": "questions of banks",
    "course_staff": "staff of courses",
    "courses": "courses",
    "crawl_pages": "pages of crawls",
    "embedding_models": "models of vectors",
    "external_ids": "external ids",
    "import_choices": "choices of how files are read",
    "person_merges": "people who were merged",
    "import_runs": "imports",
    "invitations": "invitations",
    "knowledge_fits": "fits",
    "material_crawls": "crawls",
    "material_passages": "passages of materials",
    "materials": "materials",
    "outbox": "messages",
    "passage_vectors": "vectors of passages",
    "passage_words": "words of passages",
    "question_slots": "questions of reports",
    "quiz_attempts": "attempts",
    "quizzes": "quizzes",
    "reading_decisions": "decisions about reading advice",
    "material_files": "files of materials",
    "section_members": "members of sections",
    "sections": "sections",
    "staff_sections": "sections of assistants",
    "student_activity": "activity of students",
    "student_enrollments": "enrollments",
    "syllabi": "weeks of a syllabus",
    "terms": "terms",
    "topic_performance": "estimates of mastery",
    "users": "people",
}
"""What the rows of a table are, in words."""
AGAIN = "Nothing was changed; try again in a moment"
UNKNOWN = f"Another session holds what this needs. {AGAIN}, or ask an administrator, who can see which: lmskit doctor"

_WAITS: LiteralString = """
SELECT l.pid, b.pid AS blocker, l.waitstart, coalesce(c.relname, t.relname)
FROM pg_locks AS l
CROSS JOIN LATERAL unnest(pg_blocking_pids(l.pid)) AS b (pid)
LEFT JOIN pg_class AS c ON c.oid = l.relation
LEFT JOIN LATERAL ( -- a session that waits for a transaction has marked the row for whose sake it does
    SELECT held.relation FROM pg_locks AS held WHERE held.pid = l.pid AND held.locktype = 'tuple' AND held.granted LIMIT 1
) AS row_ ON l.relation IS NULL
LEFT JOIN pg_class AS t ON t.oid = row_.relation
WHERE NOT l.granted AND (l.database IS NULL OR l.database IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())))
ORDER BY l.waitstart, l.pid, b.pid
"""
_SESSIONS: LiteralString = """
SELECT a.pid, a.usename, a.backend_type, a.state, a.xact_start,
    CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END, a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL,
    ARRAY(
        SELECT DISTINCT c.relname::text FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
        WHERE l.pid = a.pid AND l.granted AND l.mode <> 'AccessShareLock'
            AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
        ORDER BY c.relname::text
    ),
    (SELECT count(*) FROM pg_locks AS l WHERE l.pid = a.pid AND l.granted AND l.locktype = 'advisory')
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'autovacuum worker') -- null for a login that may not know
ORDER BY a.xact_start, a.pid
"""
_MAY_NAME_PEOPLE: LiteralString = """
SELECT coalesce(has_column_privilege(to_regclass('lms.users'), 'db_role', 'SELECT'), false), session_user, clock_timestamp()
"""
_PEOPLE: LiteralString = "SELECT db_role, email FROM lms.users WHERE db_role IS NOT NULL"
AS_READER_OF_PEOPLE: LiteralString = """
SELECT set_config('role', rolname, false) FROM pg_roles
WHERE rolname = 'lmskit_definer' AND current_user = 'lmskit_owner' AND pg_has_role(session_user, oid, 'SET')
"""
"""The owner of the tables sees no people in them; a migration that waits is to name for whom."""
_IN_RELATION = re.compile(r'in relation "([^"]+)"')


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session of this database.

    Attributes
    ----------
    pid
        Number of its process on the server.
    login
        E-mail address of the person, or the role's name if the login is not a person's.
    is_person
        Whether the login is a person's.
    is_own
        Whether the person who asks has opened it.
    state
        `active`, `idle in transaction` and the like; None if this login may not know.
    began
        When its transaction began; None if none is open, or this login may not know.
    since
        When its present statement began, or since when it is idle.
    keeps_rows
        Whether the server may not remove old rows as long as its transaction is open.
    tables
        Tables of which it holds rows, or which it holds as a whole.
    n_advisory
        How many advisory locks it holds.
    """

    pid: int
    login: str
    is_person: bool
    is_own: bool
    state: str | None
    began: dt.datetime | None
    since: dt.datetime | None
    keeps_rows: bool
    tables: tuple[str, ...]
    n_advisory: int

    @property
    def is_idle(self) -> bool:
        """Whether its transaction is open and no statement runs."""
        return (self.state or "").startswith("idle in transaction")

    def describe(self) -> str:
        """Return who it is and since when it does what."""
        whose = "of your own" if self.is_own else f"of {self.login}"
        parts = [f"the session {self.pid} {whose}"]
        if self.began is not None:
            parts.append(f"whose transaction began at {clock_time(self.began)}")
            if self.since is not None and self.is_idle:
                parts[-1] += f" and has been idle since {clock_time(self.since)}"
            elif self.since is not None and self.state == "active":
                parts[-1] += f" and has been running a statement since {clock_time(self.since)}"
        return ", ".join(parts)

    @property
    def holds(self) -> str:
        """What it holds, in words; empty if that is nothing others could wait for."""
        held = [WORDS.get(table, f"rows of the table {table}") for table in self.tables]
        if self.n_advisory:
            held.append("one advisory lock" if self.n_advisory == 1 else f"{self.n_advisory:,} advisory locks")
        return " and ".join([", ".join(held[:-1]), held[-1]] if len(held) > 1 else held)

    @property
    def advice(self) -> str:
        """How to end it."""
        if self.is_person:
            return f"end the sessions of that person: lmskit doctor --end {self.pid}"
        return f"end it, as superuser: SELECT pg_terminate_backend({self.pid})"


@dataclass(frozen=True, slots=True)
class Wait:
    """A session that waits for another one: since when, and for rows of which table, as far as that can be known."""

    pid: int
    blocker: int
    since: dt.datetime | None
    table: str | None


@dataclass(frozen=True, slots=True)
class Queues:
    """Everything in this database that waits, and the sessions that are open.

    Attributes
    ----------
    waits
        Who waits for whom; one session may wait for several.
    sessions
        The sessions of this database but the one that asked, by number.
    names_people
        Whether the login that asked may know whose sessions those are.
    read_at
        When this was read, by the server's clock.
    """

    waits: tuple[Wait, ...]
    sessions: Mapping[int, OpenSession]
    names_people: bool
    read_at: dt.datetime

    def heads(self, pid: int) -> tuple[int, ...]:
        """Return the numbers of the sessions that a session waits for in the end; none if it does not wait."""
        found, seen, ahead = [], {pid}, self._before(pid)
        while ahead:
            nearest = ahead.pop(0)
            if nearest not in seen:
                seen.add(nearest)
                further = self._before(nearest)
                ahead += further
                if not further:
                    found.append(nearest)
        return tuple(found)

    def _before(self, pid: int) -> list[int]:
        return [wait.blocker for wait in self.waits if wait.pid == pid]

    def waiting_for(self, head: int) -> list[Wait]:
        """Return the waits that end when this session ends its transaction, longest first; one for each session that waits."""
        first = {wait.pid: wait for wait in reversed(self.waits)}
        return [wait for wait in sorted(first.values(), key=_by_start) if head in self.heads(wait.pid)]

    def table_of(self, pid: int) -> str | None:
        """Return the table of which a session waits for rows, as far as that can be known."""
        return next((wait.table for wait in self.waits if wait.pid == pid and wait.table), None)


def _by_start(wait: Wait) -> tuple[bool, float]:
    return (wait.since is None, wait.since.timestamp() if wait.since else 0.0)


def read_queues(cursor: psycopg.Cursor[Any]) -> Queues:
    """Read who waits for whom at this moment."""
    names_people, own_login, read_at = cursor.execute(_MAY_NAME_PEOPLE).fetchall()[0]
    people = dict(cursor.execute(_PEOPLE).fetchall()) if names_people else {}
    waits = tuple(Wait(*row) for row in cursor.execute(_WAITS).fetchall())
    sessions = {}
    for pid, role, kind, state, began, since, keeps_rows, tables, n_advisory in cursor.execute(_SESSIONS).fetchall():
        sessions[pid] = OpenSession(
            pid=pid,
            login=people.get(role) or role or f"the server's {kind}",
            is_person=role in people,
            is_own=role == own_login,
            state=state,
            began=began,
            since=since,
            keeps_rows=keeps_rows,
            tables=tuple(tables),
            n_advisory=n_advisory,
        )
    return Queues(waits, sessions, names_people, read_at)


def clock_time(moment: dt.datetime) -> str:
    """Return a moment as the time of day on this machine, with the date if it is another day."""
    here = moment.astimezone()
    return f"{here:%H:%M}" if here.date() == dt.datetime.now().astimezone().date() else f"{here:%Y-%m-%d %H:%M}"


def waiting_sentence(queues: Queues, pid: int, seconds: float) -> str:
    """Return what is shown while a session waits."""
    heads = queues.heads(pid)
    return f"Waiting for {_whom(queues, heads[:1]) if heads else 'another session'} (since {seconds:.0f} s) …"


def _whom(queues: Queues, heads: Iterable[int]) -> str:
    head = next(iter(heads))
    session = queues.sessions.get(head)
    if head == PREPARED and queues.names_people:
        return "a prepared transaction"
    if session is None or not queues.names_people:
        return "another session"
    return f"another session of your own, {head}" if session.is_own else f"the session {head} of {session.login}"


def locked_sentence(queues: Queues | None, pid: int, context: str | None = None) -> tuple[str, tuple[int, ...]]:
    """Return the sentence for a session that waited too long, and the numbers of the sessions that it names.

    Parameters
    ----------
    queues
        What was read while it waited; None if that was not possible.
    pid
        The session that waited.
    context
        What the server said about where it happened, which names the table if `queues` does not.
    """
    heads = () if queues is None else queues.heads(pid)
    if queues is None or not heads:
        return UNKNOWN, ()
    found = _IN_RELATION.search(context or "")
    table = queues.table_of(pid) or (found[1] if found else None)
    what = WORDS.get(table, f"rows of the table {table}") if table else "something"
    locked = f"{what[0].upper()}{what[1:]} that this needs {'is' if what == 'something' else 'are'} locked by"
    session = queues.sessions.get(heads[0])
    if not queues.names_people:
        return f"{locked} another session. {AGAIN}, or ask an administrator.", ()
    if heads[0] == PREPARED:
        return f"{locked} a prepared transaction. {AGAIN}, or end it as a superuser, who finds it in pg_prepared_xacts.", heads
    if session is None:
        return f"{locked} the session {heads[0]}, which has ended meanwhile. {AGAIN}.", heads
    others = f" and by {len(heads) - 1} more" if len(heads) > 1 else ""
    return f"{locked} {session.describe()}{others}. {AGAIN}, or {session.advice}", heads
