"""Whether sessions begin with limits, and who writes much into temporary files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text

from lmskit.db.session_limits import SESSION_LIMITS, TEMP_FILE_LIMIT, limits_not_set
from lmskit.queries.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from sqlalchemy.orm import Session

MOST_TEMPORARY = 1 << 30
"""Bytes that one session may have in temporary files before it is named."""
MOST_WRITTEN = 20 << 30
"""Bytes that all sessions together may have written into temporary files in a day."""

_MAY_LIST = "SELECT has_function_privilege('pg_catalog.pg_ls_tmpdir()', 'EXECUTE')"
_PRESENT = r"""
SELECT a.pid, coalesce(u.email, a.usename) AS login, sum(f.size) AS size
FROM pg_ls_tmpdir() AS f
JOIN pg_stat_activity AS a ON a.pid = CAST(substring(f.name FROM '^pgsql_tmp([0-9]+)\.') AS integer) AND a.datname = current_database()
LEFT JOIN lms.users AS u ON u.db_role = a.usename
GROUP BY a.pid, login HAVING sum(f.size) >= :most ORDER BY size DESC, a.pid
"""
_WRITTEN = """
SELECT temp_files, temp_bytes, since, temp_bytes / greatest(extract(epoch FROM now() - since) / 86400, 1) AS in_a_day
FROM pg_stat_database, LATERAL (SELECT coalesce(stats_reset, pg_postmaster_start_time()) AS since) AS s
WHERE datname = current_database()
"""


def limits_findings(session: Session, *, embedded: bool) -> Iterator[Finding]:
    """Check the limits that sessions of this database begin with; every person may ask."""
    connection = cast("psycopg.Connection[Any]", session.connection().connection.dbapi_connection)
    missing = limits_not_set(connection)
    address = "" if embedded else " ADDRESS"
    if missing:
        sentence = f"Sessions begin without the limits that lmskit sets ({', '.join(missing)}). To set them: lmskit db bootstrap{address}"
        yield wrong("limits", sentence) if embedded else note("limits", sentence)
    else:
        yield well("limits", f"Sessions begin with {len(SESSION_LIMITS)} limits on time, memory and workers.")
    if session.execute(text("SELECT current_setting('temp_file_limit') = '-1'")).scalar_one():
        harm = "temp_file_limit is not set, so every login can fill the disk with temporary files"
        yield (
            wrong("temp_file_limit", f"{harm}. Set it to {TEMP_FILE_LIMIT} in conf/local.conf under the home folder.")
            if embedded
            else note("temp_file_limit", f"{harm}. To limit them, as superuser: lmskit db bootstrap --harden ADDRESS")
        )


def temporary_files_findings(session: Session) -> Iterator[Finding]:
    """Name the sessions with many temporary files, where the login may list these, and say how much was written in all."""
    if session.execute(text(_MAY_LIST)).scalar_one():
        for row in session.execute(text(_PRESENT), {"most": MOST_TEMPORARY}):
            yield note(
                f"session {row.pid}",
                f"{row.login} has {row.size / (1 << 20):,.0f} MB in temporary files. "
                f"To end the sessions of that person: lmskit doctor --end {row.pid}",
            )
    written = session.execute(text(_WRITTEN)).one()
    if written.in_a_day > MOST_WRITTEN:
        yield note(
            "temporary files",
            f"Statements have written {written.temp_bytes / (1 << 30):,.0f} GB into {written.temp_files:,} temporary files since "
            f"{written.since:%Y-%m-%d}. The sessions above run long statements now; "
            "as superuser, ALTER SYSTEM SET log_temp_files = '1GB' has the server's log name the logins.",
        )
