"""The names of database roles, and how a password becomes what the server keeps of it."""

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

GROUPS = (ADMIN, LECTURER, MAILER)
"""What a login can be a member of."""
TAKEN_ON_BY_MIGRATOR = (OWNER, DEFINER, LOGINS)


def login_name(database: str, email: str) -> str:
    """Return the name of a person's login.

    Names of roles belong to the whole cluster and are visible to every login, hence no address in clear text;
    the sign-in form has to know the name before it is connected, hence no number from a table.

    Examples
    --------
    >>> login_name("lmskit", "Demo.Admin@example.org")
    'u_1955baa60636c125'
    """
    digest = hashlib.sha256(f"{database}:{email.strip().lower()}".encode()).hexdigest()
    return f"u_{digest[:16]}"


def generate_password() -> str:
    """Return a password of 192 random bits that needs no quoting anywhere."""
    return secrets.token_urlsafe(24)


def scram_verifier(password: str) -> str:
    """Return what the server keeps of a password: it can check the password by it, and nobody can sign in with it.

    Computed here, so that the password itself is in no statement and no log.

    Examples
    --------
    >>> scram_verifier("correct horse").split("$")[:2][0]
    'SCRAM-SHA-256'
    """
    # libpq asks for a connection only to leave a message on; one that was never made will do.
    nowhere = pq.PGconn.connect(b"=")
    try:
        return nowhere.encrypt_password(password.encode(), b"", b"scram-sha-256").decode("ascii")
    finally:
        nowhere.finish()
