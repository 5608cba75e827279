"""The names of database roles, and what the server stores of a password."""

from __future__ import annotations

import hashlib
import secrets

from psycopg import pq

OWNER = "lmskit_owner"
DEFINER = "lmskit_definer"
LOGINS = "lmskit_logins"
ADMIN = "lmskit_admin"
LECTURER = "lmskit_lecturer"
MAILER = "lmskit_mailer"
BACKUP = "lmskit_backup"
DISPATCHER = "lmskit_dispatcher"
MIGRATOR = "lmskit_migrator"
"""The migrator of the database `lmskit`; see `migrator_of`."""
LONGEST_IDENTIFIER = 63
"""Bytes in the name of a role."""

GROUPS = (ADMIN, LECTURER, MAILER)
"""The groups a login can be a member of."""
ROLES_OF_MIGRATOR = (OWNER, DEFINER, LOGINS)
WITH_A_WAY_IN = (ADMIN, MAILER, BACKUP, MIGRATOR)
"""Roles that may use the reserved connections when lecturers have taken all others."""


def login_name(database: str, email: str) -> str:
    """Return the name of a person's login.

    Names of roles belong to the whole cluster and are visible to every login, so they contain no address in clear text;
    the form to sign in needs the name before it is connected, so it cannot be a number from a table.

    Examples
    --------
    >>> login_name("lmskit", "Demo.Admin@example.org")
    'u_1955baa60636c125'
    """
    digest = hashlib.sha256(f"{database}:{email.strip().lower()}".encode()).hexdigest()
    return f"u_{digest[:16]}"


def migrator_of(database: str) -> str:
    """Return the name of the login that migrates a database: roles belong to the server, and each of its databases has its own.

    Examples
    --------
    >>> migrator_of("lmskit"), migrator_of("lmskit_trial")
    ('lmskit_migrator', 'lmskit_migrator_lmskit_trial')
    """
    if database == "lmskit":
        return MIGRATOR
    name = f"{MIGRATOR}_{database}"
    if len(name.encode()) <= LONGEST_IDENTIFIER:
        return name
    return f"{MIGRATOR}_{hashlib.sha256(database.encode()).hexdigest()[:16]}"


def generate_password() -> str:
    """Return a password of 192 random bits that needs no quoting anywhere."""
    return secrets.token_urlsafe(24)


def scram_verifier(password: str) -> str:
    """Return what the server stores of a password: it can check the password with it, and no one can sign in with it.

    It is computed on this side, so that the password itself is in no statement and no log.

    Examples
    --------
    >>> scram_verifier("correct horse").split("$")[:2][0]
    'SCRAM-SHA-256'
    """
    # libpq needs a connection only to store an error message; one that was never made is enough.
    unconnected = pq.PGconn.connect(b"=")
    try:
        return unconnected.encrypt_password(password.encode(), b"", b"scram-sha-256").decode("ascii")
    finally:
        unconnected.finish()
