"""A dump of a hardened database can be restored by a login that is not a superuser."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lmskit.db import access, hardening, roles
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import installation, program
from lmskit.errors import BootstrapError
from tests.conftest import FAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmskit.db.cluster import Endpoint
    from tests.security.world import World

MADE_BY_BOOTSTRAP = (" SCHEMA - lms ", " EXTENSION - ", " COMMENT - EXTENSION")
OF_PERSONS = re.compile(r" DEFAULT ACL .* u_[0-9a-f]+$")
"""Default privileges that persons gave their own logins; `docs/administrator.md` says how to leave them out."""


@pytest.fixture(scope="module")
def managed() -> Iterator[Endpoint]:
    """Another server, prepared by a login with CREATEROLE."""
    home = Path(tempfile.mkdtemp(prefix="lmskit-managed-"))
    cluster = Cluster(home, access().settings.postgres_version, overrides=FAST)
    endpoint = cluster.start()
    with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as superuser:
        superuser.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'a password'")
        superuser.execute("CREATE DATABASE lmskit OWNER manager TEMPLATE template0 ENCODING 'UTF8'")
    with pytest.raises(BootstrapError):
        bootstrap(address(endpoint, "postgres"), passfile=home / "pgpass")
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
        superuser.execute("CREATE SCHEMA IF NOT EXISTS lms AUTHORIZATION lmskit_owner; CREATE EXTENSION vector SCHEMA lms")
        superuser.execute("GRANT CONNECT ON DATABASE lmskit TO manager")
    bootstrap(address(endpoint, "postgres"), passfile=home / "pgpass")
    with psycopg.connect(address(endpoint, "lmskit"), autocommit=True) as manager:
        for role in roles.ROLES_OF_MIGRATOR:
            manager.execute(f"GRANT {role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
        manager.execute("GRANT CREATE ON SCHEMA lms TO lmskit_definer, lmskit_logins")
    yield endpoint
    cluster.stop()
    shutil.rmtree(home, ignore_errors=True)


def address(endpoint: Endpoint, database: str) -> str:
    return make_conninfo("", **endpoint.parameters() | {"user": "manager", "password": "a password", "dbname": database})


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL."""
    path = program(installation(access().settings.postgres_version), name)
    return subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False)


def dumped(world: World, path: Path, *options: str) -> str:
    """Dump the schema of the world's database, and return the contents that bootstrap does not make."""
    made = run("pg_dump", "-Fc", "--schema-only", *options, "-d", world.endpoint.superuser_conninfo(world.database), "-f", str(path))
    assert made.returncode == 0, made.stderr
    lines = run("pg_restore", "-l", str(path)).stdout.splitlines()
    return "\n".join(line for line in lines if not any(entry in line for entry in MADE_BY_BOOTSTRAP))


@pytest.mark.long
def test_a_login_that_is_no_superuser_restores_a_dump_of_a_hardened_database(world, managed, tmp_path):
    path, listed = tmp_path / "lmskit.dump", tmp_path / "contents"
    restore = ("--exit-on-error", "-L", str(listed), "-d", address(managed, "lmskit"), str(path))
    with psycopg.connect(managed.superuser_conninfo("lmskit"), autocommit=True) as superuser:
        hardening.close_shared_resources(superuser)  # then the revokes in a plain dump are errors, not warnings
        listed.write_text(dumped(world, path))
        refused = run("pg_restore", *restore)
        assert refused.returncode != 0
        assert "permission denied for function" in refused.stderr
        with world.connect(world.own) as lecturer:
            lecturer.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
            contents = dumped(world, path, "-N", "pg_catalog")
            lecturer.execute("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC")
        (own,) = filter(OF_PERSONS.search, contents.splitlines())
        listed.write_text(own)
        refused = run("pg_restore", *restore)
        assert refused.returncode != 0
        assert world.own.name in refused.stderr
        listed.write_text(contents.replace(own, ""))
        superuser.execute("DROP SCHEMA lms CASCADE; CREATE SCHEMA lms AUTHORIZATION lmskit_owner; CREATE EXTENSION vector SCHEMA lms")
        superuser.execute("GRANT CREATE, USAGE ON SCHEMA lms TO lmskit_definer, lmskit_logins, manager")
        done = run("pg_restore", *restore)
        assert done.returncode == 0, done.stderr
        with world.superuser() as original:
            for counted in ("pg_policies WHERE schemaname = 'lms'", "pg_proc WHERE pronamespace = 'lms'::regnamespace"):
                question = f"SELECT count(*) FROM {counted}"
                assert superuser.execute(question).fetchone() == original.execute(question).fetchone()


@pytest.mark.long
def test_where_the_functions_are_open_the_revokes_of_a_plain_dump_are_only_warnings(world, managed, tmp_path):
    path, listed = tmp_path / "lmskit.dump", tmp_path / "contents"
    with psycopg.connect(managed.superuser_conninfo("lmskit"), autocommit=True) as superuser:
        for function in hardening.SHARED_RESOURCES:
            superuser.execute(
                "DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid FROM pg_proc WHERE proname = "
                f"'{function}' LOOP EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', f); END LOOP; END $$"
            )
        superuser.execute("DROP SCHEMA lms CASCADE; CREATE SCHEMA lms AUTHORIZATION lmskit_owner; CREATE EXTENSION vector SCHEMA lms")
        superuser.execute("GRANT CREATE, USAGE ON SCHEMA lms TO lmskit_definer, lmskit_logins, manager")
        listed.write_text(dumped(world, path))
        done = run("pg_restore", "--exit-on-error", "-L", str(listed), "-d", address(managed, "lmskit"), str(path))
        assert done.returncode == 0, done.stderr
        assert hardening.open_shared_resources(superuser) != []  # nothing was revoked, and doctor says so
