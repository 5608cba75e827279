"""The logins that a database mentions: read for a backup, and given to a server by a restore.

They are data, not statements: a restore makes of them only what a login of lmskit may be, whatever a file says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from lmskit.backups.manifest import BackedUpLogins, BackedUpMembership, BackedUpRole
from lmskit.db import roles
from lmskit.db.bootstrap import ATTRIBUTES
from lmskit.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Collection

    from lmskit.backups.power import Power

    Connection = psycopg.Connection[Any]

_MENTIONED = """
SELECT r.rolname, r.rolcanlogin, r.rolconnlimit, NULLIF(r.rolvaliduntil, 'infinity'), r.rolpassword
FROM pg_catalog.pg_authid AS r
WHERE NOT r.rolsuper AND r.rolname !~ '^pg_' AND (
    r.rolname = ANY (%(own)s)
    OR r.rolname IN (SELECT u.db_role FROM lms.users AS u)
    OR EXISTS (
        SELECT FROM pg_catalog.pg_shdepend AS d
        WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid
            AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())
    )
)
ORDER BY r.rolname
"""
_MEMBERSHIPS = """
SELECT m.rolname, g.rolname, b.rolname, a.admin_option, a.inherit_option, a.set_option
FROM pg_catalog.pg_auth_members AS a
JOIN pg_catalog.pg_roles AS m ON m.oid = a.member
JOIN pg_catalog.pg_roles AS g ON g.oid = a.roleid
JOIN pg_catalog.pg_roles AS b ON b.oid = a.grantor
WHERE m.rolname = ANY (%(names)s) AND g.rolname = ANY (%(names)s)
ORDER BY m.rolname, g.rolname, b.rolname
"""
_GROUPS_OF = """
SELECT g.rolname, b.rolname
FROM pg_catalog.pg_auth_members AS a
JOIN pg_catalog.pg_roles AS g ON g.oid = a.roleid
JOIN pg_catalog.pg_roles AS b ON b.oid = a.grantor
WHERE a.member = (SELECT m.oid FROM pg_catalog.pg_roles AS m WHERE m.rolname = %(name)s) AND g.rolname = ANY (%(groups)s)
"""
_MANAGED = """
SELECT r.rolname FROM pg_catalog.pg_auth_members AS a JOIN pg_catalog.pg_roles AS r ON r.oid = a.roleid
WHERE a.member = (SELECT m.oid FROM pg_catalog.pg_roles AS m WHERE m.rolname = %s) AND a.admin_option
"""
_FOREVER = "infinity"


def read_logins(connection: Connection, database: str) -> BackedUpLogins:
    """Return the roles of lmskit, of the people of this database, and those that its objects mention; never a superuser.

    The connection's role may read everything.

    Raises
    ------
    BackupError
        The server keeps from this role what it stores of passwords, as some managed servers do from every login.
    """
    own = [*ATTRIBUTES, roles.migrator_of(database)]
    try:
        found = connection.execute(_MENTIONED, {"own": own}).fetchall()
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupError(
            f"The server does not show the login {connection.info.user} what it stores of passwords (pg_authid), as some managed servers "
            "show it to none, so nobody could sign in to what is restored from the backup. Nothing was kept of it. Use the login "
            f"{roles.BACKUP}; where the server refuses that one too, use the backups of its provider."
        ) from error
    known = [
        BackedUpRole(name=name, login=login, connection_limit=limit, valid_until=until, verifier=verifier)
        for name, login, limit, until, verifier in found
    ]
    memberships = connection.execute(_MEMBERSHIPS, {"names": [role.name for role in known]}).fetchall()
    return BackedUpLogins(
        roles=known,
        memberships=[
            BackedUpMembership(member=member, role=role, granted_by=by, admin=admin, inherit=inherit, set=may_set)
            for member, role, by, admin, inherit, may_set in memberships
        ],
    )


def without(logins: BackedUpLogins, gone: Collection[str]) -> BackedUpLogins:
    """Return the logins except some, whose people are not in the database any more."""
    return BackedUpLogins(
        roles=[role for role in logins.roles if role.name not in gone],
        memberships=[found for found in logins.memberships if not {found.member, found.role} & set(gone)],
    )


def make_missing(power: Power, logins: BackedUpLogins) -> list[str]:
    """Make the roles that the server does not have, closed, so that a restore can mention them; return their names."""
    connection = power.connection
    existing = {str(row[0]) for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles").fetchall()}
    missing = [role.name for role in logins.roles if role.name not in existing]
    with power.as_manager_of_logins():
        for name in missing:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
    return missing


def give_logins(power: Power, logins: BackedUpLogins, database: str, *, new: Collection[str]) -> None:
    """Give the roles their passwords, limits and memberships; in the caller's transaction.

    The roles that bootstrap makes have their attributes from there, and keep a password that they have on this server: files of its
    operators have it. A superuser of that name is left alone.

    Parameters
    ----------
    power
        Of the login that restores.
    logins
        Those of the backup.
    database
        Name of the database.
    new
        The roles that bootstrap has just made: a login that is not a superuser cannot see which roles have a password.
    """
    connection = power.connection
    migrator = roles.migrator_of(database)
    own = {*ATTRIBUTES, migrator}
    powerful = {str(row[0]) for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper").fetchall()}
    if power.is_superuser:
        rows = connection.execute("SELECT rolname FROM pg_catalog.pg_authid WHERE rolpassword IS NOT NULL").fetchall()
        with_password = {str(row[0]) for row in rows}
    else:
        with_password = own - {*new} | {migrator}
    # Only who has such power may even take it.
    powerless = sql.SQL("NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS" if power.is_superuser else "")
    for role in logins.roles:
        if role.name in powerful:
            continue
        name = sql.Identifier(role.name)
        if role.name in own:
            if role.verifier is not None and role.name not in with_password:
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(role.verifier)))
            continue
        until = _FOREVER if role.valid_until is None else role.valid_until.isoformat()
        connection.execute(
            sql.SQL("ALTER ROLE {} {} {} CONNECTION LIMIT {} VALID UNTIL {} PASSWORD {}").format(
                name,
                sql.SQL("LOGIN" if role.login else "NOLOGIN"),
                powerless,
                sql.Literal(role.connection_limit),
                sql.Literal(until),
                sql.SQL("NULL") if role.verifier is None else sql.Literal(role.verifier),
            )
        )
        _leave_groups(connection, role.name)
    _join(connection, logins, own, powerful)


def close_others(connection: Connection, before: set[str], logins: BackedUpLogins) -> list[str]:
    """Close the logins of people who are not in the restored database; return their names.

    Parameters
    ----------
    before
        The logins of the people of the database that was replaced.
    logins
        Those of the backup.
    """
    closed = sorted(before - {role.name for role in logins.roles})
    for name in closed:
        role = sql.Identifier(name)
        connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(role))
        _leave_groups(connection, name)
    return closed


def _leave_groups(connection: Connection, name: str) -> None:
    """Take a login out of the groups that it is in now."""
    for group, grantor in connection.execute(_GROUPS_OF, {"name": name, "groups": list(roles.GROUPS)}).fetchall():
        connection.execute(sql.SQL("REVOKE {} FROM {} GRANTED BY {}").format(*map(sql.Identifier, (group, name, grantor))))


def _join(connection: Connection, logins: BackedUpLogins, own: set[str], powerful: set[str]) -> None:
    """Make the memberships; who is a member of a role that may do more than a person is decided by bootstrap, not by a file."""
    known = {role.name for role in logins.roles} - powerful
    managed = {str(row[0]) for row in connection.execute(_MANAGED, [roles.LOGINS]).fetchall()}
    existing = {str(row[0]) for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles").fetchall()}
    for found in logins.memberships:
        if found.member not in known or found.role not in known:
            continue
        of_person = found.role in roles.GROUPS and found.member not in own
        to_manage = found.member == roles.LOGINS and found.role not in own
        between_others = found.member not in own and found.role not in own
        if not (of_person or to_manage or between_others) or (to_manage and found.role in managed):
            continue
        # A person's login never gets more of a group than its rights, and who manages logins never more than that.
        options = (False, found.inherit, False) if of_person else (found.admin, found.inherit, found.set)
        options = (True, False, False) if to_manage else options
        words = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.SQL(option), sql.SQL("TRUE" if value else "FALSE"))
            for option, value in zip(("ADMIN", "INHERIT", "SET"), options, strict=True)
        )
        by: sql.Composable = sql.SQL("")
        if of_person and found.granted_by == roles.LOGINS and found.granted_by in existing:
            by = sql.SQL(" GRANTED BY {}").format(sql.Identifier(found.granted_by))
        connection.execute(sql.SQL("GRANT {} TO {} WITH {}{}").format(sql.Identifier(found.role), sql.Identifier(found.member), words, by))
