"""Configuration of the embedded server: its settings, and who may sign in how. Written again at each start."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lmskit.db.cluster.layout import Layout
    from lmskit.db.cluster.server_user import ServerUser

SUPERUSER = "postgres"
HAS_PEER = os.name != "nt"
"""Whether the operating system can say which user is at the other end of a socket."""
LOOPBACK = "127.0.0.1"

SETTINGS: dict[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # For administrators and jobs, so that they can connect and end sessions when lecturers hold all other connections.
    "reserved_connections": "10",
    # A connection that does not finish to sign in holds one of them, the reserved ones too.
    "authentication_timeout": "10s",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "128MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # No statement may be logged: it could contain a name, or the verifier of a password.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_messages": "log",  # errors of statements quote values, so only the client sees them
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # A week of logs, one file per weekday.
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
    # A notebook that was closed in the middle of a transaction must not hold its locks overnight.
    "idle_in_transaction_session_timeout": "30min",
    "temp_file_limit": "4GB",
    "tcp_keepalives_idle": "60",
    "client_connection_check_interval": "10s",
}

SETTINGS_SINCE: dict[int, dict[str, str]] = {
    # lmskit sends no notifications; a login that sends them fills 64 MB instead of 8 GB.
    17: {"max_notify_queue_pages": "8192"},
}
"""Settings that only this major version of PostgreSQL and newer ones have."""

LOCAL_RULES = f"""\
# TYPE  DATABASE  USER        ADDRESS        METHOD
local   all       {SUPERUSER}                   peer map=lmskit
local   all       all                        scram-sha-256
host    all       {SUPERUSER}    all            reject
host    all       all         127.0.0.1/32   scram-sha-256
host    all       all         ::1/128        scram-sha-256
"""
TCP_RULES = """\
# TYPE  DATABASE  USER        ADDRESS        METHOD
host    all       all         127.0.0.1/32   scram-sha-256
"""
RULES_FOR_SUPERUSER = f"local all {SUPERUSER} peer map=lmskit\n" if HAS_PEER else f"host all {SUPERUSER} {LOOPBACK}/32 scram-sha-256\n"


def write_configuration(layout: Layout, user: ServerUser, *, port: int, socket_folder: Path, overrides: Mapping[str, str]) -> None:
    """Write postgresql.conf, pg_hba.conf and pg_ident.conf into the folder `conf`.

    `conf/local.conf`, if the owner has made one, is read last and is never changed.
    """
    settings = SETTINGS | {
        "port": str(port),
        "hba_file": str(layout.conf / "pg_hba.conf"),
        "ident_file": str(layout.conf / "pg_ident.conf"),
        "log_directory": str(layout.log),
        "unix_socket_directories": f'"{socket_folder}"' if HAS_PEER else "",
    }
    if not HAS_PEER:
        # The check needs a socket option that only POSIX systems have.
        del settings["client_connection_check_interval"]
    for version, newer in SETTINGS_SINCE.items():
        if layout.version >= version:
            settings |= newer
    lines = [f"{name} = {quoted(value)}" for name, value in {**settings, **overrides}.items()]
    text = "# Written by lmskit at each start. Put settings of your own into local.conf beside this file.\n"
    own_settings = quoted(str(layout.conf / "local.conf"))
    _write(layout.conf / "postgresql.conf", text + "\n".join(lines) + f"\ninclude_if_exists {own_settings}\n", user)
    _write(layout.conf / "pg_hba.conf", LOCAL_RULES if HAS_PEER else TCP_RULES, user)
    _write(layout.conf / "pg_ident.conf", identities(user), user)


def write_rules_for_superuser(layout: Layout, user: ServerUser) -> Path:
    """Write rules by which only the superuser may sign in, and return their file."""
    path = layout.conf / "pg_hba.superuser.conf"
    rules = (
        RULES_FOR_SUPERUSER if HAS_PEER else TCP_RULES.replace("host    all       all         127", f"host    all       {SUPERUSER}    127")
    )
    _write(path, rules, user)
    return path


def identities(user: ServerUser) -> str:
    """Return which operating-system users may be the superuser: the server's user and, if root starts the server, root."""
    names = [user.name, "root"] if user.switch else [user.name]
    return "".join(f'lmskit "{name}" {SUPERUSER}\n' for name in dict.fromkeys(names))


def quoted(value: str) -> str:
    """Return a value in the quotes of postgresql.conf."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, text: str, user: ServerUser) -> None:
    def open_to_the_server(part: Path) -> None:
        if user.switch:
            os.chown(part, 0, user.gid)
        part.chmod(0o640 if user.switch else 0o600)

    write_whole(path, text, before_rename=open_to_the_server)
