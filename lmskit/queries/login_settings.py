"""Settings that persons have given their own logins, by which they lift limits that the operator has set for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.queries.finding import Finding, note, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

_SETTINGS = """
SELECT coalesce(u.email, r.rolname) AS login, string_agg(setting, ', ' ORDER BY setting) AS settings
FROM pg_db_role_setting AS s
JOIN pg_roles AS r ON r.oid = s.setrole
CROSS JOIN LATERAL unnest(s.setconfig) AS setting
LEFT JOIN lms.users AS u ON u.db_role = r.rolname
WHERE r.rolname ~ '^u_[0-9a-f]{16}$'
GROUP BY u.email, r.rolname ORDER BY 1
"""


def login_settings_findings(session: Session) -> Iterator[Finding]:
    """Name the logins with settings of their own; lmskit gives them none. Settings of single sessions cannot be seen."""
    rows = session.execute(text(_SETTINGS)).all()
    for row in rows:
        yield note(
            "login settings",
            f"{row.login} has changed settings of their own login ({row.settings}), which apply to each new session. "
            f"To remove them, give the login a new password: lmskit passwd {row.login}",
        )
    if not rows:
        yield well("login settings", "No login has settings of its own.")
