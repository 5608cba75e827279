"""A real dump from before an erasure is restored: the person is back, and replaying the memory erases them again."""

from __future__ import annotations

import subprocess

import psycopg
import pytest

from lmskit.db import access, transaction
from lmskit.db.cluster.binaries import installation, program
from lmskit.queries.erasure import remembered_erasures
from lmskit.services.erasure import erase_person, replay_erasures
from lmskit.services.erasure_memory import read_memory, write_memory
from tests.privacy.canary import call_zephyra, columns_of, planted, traces
from tests.security.world import prepared

STUDENT = 31


def run(name, *arguments):
    """Run a program of PostgreSQL."""
    path = program(installation(access().settings.postgres_version), name)
    subprocess.run([str(path), *map(str, arguments)], check=True, capture_output=True)


@pytest.mark.long
def test_who_comes_back_with_an_older_backup_is_erased_again(migrated_database, endpoint, tmp_path):
    world = prepared(migrated_database, endpoint, "lmskit_erasure_backup")
    call_zephyra(world, STUDENT)
    planted(world, columns_of(world))
    before, dump, memory = sorted(traces(world)), tmp_path / "lmskit.dump", tmp_path / "erasures.json"
    run("pg_dump", "-Fc", "-d", endpoint.superuser_conninfo(world.database), "-f", dump)
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, STUDENT)
        write_memory(memory, remembered_erasures(session))
    assert traces(world) == []
    access().dispose()
    with psycopg.connect(endpoint.superuser_conninfo("postgres"), autocommit=True) as superuser:
        superuser.execute(f"DROP DATABASE {world.database} WITH (FORCE)".encode())
    run("pg_restore", "--create", "--exit-on-error", "-d", endpoint.superuser_conninfo("postgres"), dump)
    assert sorted(traces(world)) == before
    with transaction(world.engine(world.admin)) as session:
        again = replay_erasures(session, read_memory(memory))
    assert [erased.person_id for erased in again] == [STUDENT]
    assert traces(world) == []
