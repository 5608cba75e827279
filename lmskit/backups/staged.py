"""The database that a restore fills until it is complete, and the login that runs the statements of the dump."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import secrets
import subprocess
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from lmskit.backups.failure import no_room, server_ended, server_full
from lmskit.backups.manifest import DUMP
from lmskit.backups.target import drop_database
from lmskit.db import hardening, roles
from lmskit.db.client_programs import client_program, signed_in
from lmskit.db.cluster.disk import is_full, says_full
from lmskit.db.prepared_database import SCHEMA, make_database, make_vector, prepare_database
from lmskit.db.session_limits import limit_temporary_files
from lmskit.errors import BackupRefusedError
from lmskit.settings import environment_without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmskit.backups.archive import BackupArchive
    from lmskit.backups.target import Target

    Connection = psycopg.Connection[Any]

RESTORER = "lmskit_restorer_"
"""How the name of the login begins that runs the statements of a dump; it is removed at the end."""
LONGEST_DATABASE_NAME = 63
_MADE_HERE = re.compile(r"\d+; \d+ \d+ (?:SCHEMA - |EXTENSION - |COMMENT - (?:SCHEMA|EXTENSION) |ACL - SCHEMA )")
"""Entries of a dump for what is made before it is restored, which takes a superuser."""
_DUMP_HEAD = re.compile(r"^;\s+Dumped (?:from database version|by pg_dump version): (\d+)", re.MULTILINE)
_SERVER_GONE = re.compile(r"server closed the connection|connection to server .* failed|terminating connection|connection to client lost")
_MAKE_RESTORER = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS VALID UNTIL {} PASSWORD {}")
_MENTIONED_BY = """
SELECT d.datname FROM pg_catalog.pg_shdepend AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.objid
WHERE s.classid = 'pg_catalog.pg_database'::regclass AND s.refobjid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %s)
"""


@dataclass(frozen=True)
class StagedDatabase:
    """A database under another name, into which only the login that fills it may come.

    Attributes
    ----------
    target
        The server.
    name
        Its name, until it gets the final one.
    restorer, secret
        The login that fills it, and its password. It owns what `lmskit_owner` and the helper roles own, and has no power over the server.
    """

    target: Target
    name: str
    restorer: str
    secret: str

    def make(self, connection: Connection) -> None:
        """Make the database, with what the restorer cannot make in it."""
        make_database(connection, self.name)
        database, owner, schema = sql.Identifier(self.name), sql.Identifier(roles.OWNER), sql.Identifier(SCHEMA)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(self.restorer)))
        with closing(self.target.connect(self.name)) as inside:
            inside.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            inside.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(schema, owner))
            make_vector(inside, self.name)
            inside.execute(sql.SQL("GRANT CREATE, USAGE ON SCHEMA {} TO {}").format(schema, _HELPERS))

    def fill(self, archive: BackupArchive, work: Path) -> None:
        """Run the statements of the dump as the restorer, all in one transaction; `work` is a folder for the dump meanwhile.

        Raises
        ------
        BackupRefusedError
            A statement fails, or the dump is not of the versions that the manifest names.
        BackupError
            The disk of the server is full.
        """
        parameters = self.target.parameters | {"dbname": self.name, "user": self.restorer}
        with tempfile.TemporaryDirectory(prefix="dump-", dir=work) as folder:
            dump, listed = Path(folder) / DUMP, Path(folder) / "entries"
            try:
                with dump.open("wb") as file:
                    archive.extract(DUMP, file)
            except OSError as error:
                if says_full(error):
                    raise no_room(work, archive.name) from error
                raise
            with closing(self.target.connect()) as connection:
                major = connection.info.server_version // 10_000
            program = client_program("pg_restore", parameters, server=major, own=self.target.is_embedded)
            contents = _run(archive, work, program, "--list", str(dump))
            _require_dump_version(archive, contents)
            listed.write_text("\n".join(line for line in contents.splitlines() if not _MADE_HERE.match(line)), encoding="utf-8")
            with signed_in(parameters, self.secret) as (where, files):
                options = ("--exit-on-error", "--single-transaction", "--no-password", "--no-tablespaces", f"--use-list={listed}")
                _run(archive, work, program, *options, "-d", where, str(dump), files=files)

    def finish(self, database: str, *, as_superuser: bool) -> None:
        """Give the database, which will be called `database`, what a dump does not have: defaults, limits, who may connect, hardening."""
        with closing(self.target.connect(self.name)) as inside:
            prepare_database(inside, [], called=database)
            inside.execute(sql.SQL("REVOKE CREATE ON SCHEMA {} FROM {}").format(sql.Identifier(SCHEMA), _HELPERS))
            if as_superuser:
                hardening.harden(inside)
                hardening.close_shared_resources(inside)
                limit_temporary_files(inside)
            inside.execute("ANALYZE")


def not_restored(name: str) -> str:
    """Return what a failure before the last step means."""
    return f"{name} was not restored, and what was there is as it was"


_HELPERS = sql.SQL(", ").join(map(sql.Identifier, (roles.DEFINER, roles.LOGINS)))


@contextmanager
def staged_database(connection: Connection, target: Target, database: str) -> Iterator[StagedDatabase]:
    """Give a database to fill, not made yet; what an interrupted restore left is removed, and so is this one unless it was renamed."""
    name = f"{database[: LONGEST_DATABASE_NAME - len('_restoring')]}_restoring"
    _end_restorers(connection)
    drop_database(connection, name)
    _drop_restorers(connection)
    staged = StagedDatabase(target, name, f"{RESTORER}{secrets.token_hex(6)}", roles.generate_password())
    role = sql.Identifier(staged.restorer)
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).isoformat()
    connection.execute(_MAKE_RESTORER.format(role, sql.Literal(until), sql.Literal(roles.scram_verifier(staged.secret))))
    # Who is not a superuser may end only sessions of roles whose rights it has.
    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE").format(role))
    for owner in roles.ROLES_OF_MIGRATOR:
        connection.execute(sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET TRUE, ADMIN FALSE").format(sql.Identifier(owner), role))
    try:
        yield staged
    finally:
        with contextlib.suppress(psycopg.Error):
            _end_restorers(connection)
            drop_database(connection, name)
            _drop_restorers(connection)


def _restorers(connection: Connection) -> list[str]:
    found = connection.execute("SELECT rolname FROM pg_catalog.pg_roles WHERE starts_with(rolname, %s)", [RESTORER]).fetchall()
    return [str(row[0]) for row in found]


def _end_restorers(connection: Connection) -> None:
    """End the sessions of an interrupted restore."""
    for name in _restorers(connection):
        connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE usename = %s", [name])


def _drop_restorers(connection: Connection) -> None:
    for name in _restorers(connection):
        role = sql.Identifier(name)
        for (database,) in connection.execute(_MENTIONED_BY, [name]).fetchall():
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(sql.Identifier(database), role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


def _require_dump_version(archive: BackupArchive, contents: str) -> None:
    """Compare the versions in the dump with those that the manifest names."""
    found = [int(number) for number in _DUMP_HEAD.findall(contents)]
    expected = [archive.manifest.server // 10_000, int(archive.manifest.dumped_by.partition(".")[0])]
    if found != expected:
        raise BackupRefusedError(
            f"{archive.name} has a dump of PostgreSQL {found[0] if found else 'unknown'}, and its manifest says {expected[0]}: another "
            "version. It is not what lmskit wrote; use another backup."
        )


def _run(archive: BackupArchive, work: Path, program: Path, *arguments: str, files: tuple[int, ...] = ()) -> str:
    answer = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [program, *arguments],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        pass_fds=files,
        env=environment_without_passwords(),
    )
    if answer.returncode != 0:
        reason = " ".join(answer.stderr.decode(errors="replace").split())[:500]
        gone = _SERVER_GONE.search(reason) is not None
        if says_full(reason) or (gone and is_full(work)):  # a verification's server is on the same disk
            raise server_full(not_restored(archive.name))
        if gone:
            raise server_ended(not_restored(archive.name), reason)
        raise BackupRefusedError(f"{archive.name} cannot be restored, and what was there is as it was. pg_restore says: {reason}")
    return answer.stdout.decode(errors="replace")
