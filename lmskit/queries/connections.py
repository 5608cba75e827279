"""Whether administrators can still connect when lecturers hold all the connections that they may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.db.roles import migrator_of
from lmskit.queries.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_CONNECTIONS = """
SELECT
    current_setting('max_connections')::int AS in_all,
    current_setting('superuser_reserved_connections')::int AS for_superusers,
    current_setting('reserved_connections')::int AS reserved,
    EXISTS (SELECT FROM pg_roles WHERE rolname = 'lmskit_admin' AND pg_has_role(oid, 'pg_use_reserved_connections', 'USAGE')) AS may_use,
    coalesce(sum(r.rolconnlimit), 0) AS of_lecturers,
    count(*) AS n_lecturers,
    current_database() AS database
FROM pg_roles AS g
JOIN pg_auth_members AS m ON m.roleid = g.oid
JOIN pg_roles AS r ON r.oid = m.member AND r.rolcanlogin
WHERE g.rolname = 'lmskit_lecturer'
"""
RESERVED = 10
"""Connections to reserve on a server that is not ours: as many as the embedded server reserves."""


def connections_finding(session: Session, *, embedded: bool) -> Finding:
    """Compare the connections that lecturers may hold with those of the server, and say who has a way in when they hold them all."""
    row = session.execute(text(_CONNECTIONS)).one()
    ordinary = row.in_all - row.for_superusers - row.reserved
    if row.of_lecturers < ordinary:
        return well(
            "connections",
            f"The server has {ordinary} connections besides the reserved ones; lecturers may hold {row.of_lecturers} of them.",
        )
    logins = "1 login" if row.n_lecturers == 1 else f"{row.n_lecturers} logins"
    total = f"{logins} of lecturers may hold {row.of_lecturers} connections, and {ordinary} are not reserved"
    if row.reserved and row.may_use:
        return note("connections", f"{total}. Administrators and jobs have {row.reserved} reserved connections.")
    harm = f"{total}; when they hold all of them, no administrator can connect"
    if embedded:
        return wrong("connections", f"{harm}. To reserve connections for administrators: lmskit db bootstrap, then lmskit db stop")
    return note(
        "connections",
        f"{harm}. To reserve some, as superuser: ALTER SYSTEM SET reserved_connections = {RESERVED}; "
        f"GRANT pg_use_reserved_connections TO lmskit_admin, lmskit_mailer, lmskit_backup, "
        f"{migrator_of(row.database)}; then restart the server",
    )
