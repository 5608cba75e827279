"""Which pg_dump and pg_restore are run with a server: as new as it, with TLS where that is asked for."""

import os

import pytest

from lmskit.db.client_programs import client_program
from lmskit.db.cluster.binaries import installation, program
from lmskit.errors import InputError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs of the test are scripts")


@pytest.fixture
def of_this_machine(tmp_path, monkeypatch):
    """A program of a release on this machine."""

    def make(name, release):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {release}'\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return path

    return make


def test_for_another_server_that_of_this_machine_is_taken_if_it_is_new_enough(of_this_machine):
    path = of_this_machine("pg_dump", "18.3")
    assert client_program("pg_dump", {"sslmode": "verify-full"}, server=18, own=False) == path
    assert client_program("pg_dump", {}, server=17, own=False) == path
    assert client_program("pg_dump", {}, server=18, own=True) == program(installation(18), "pg_dump")
    of_this_machine("pg_dump", "15.18")
    assert client_program("pg_dump", {}, server=18, own=False) == program(installation(18), "pg_dump")


@pytest.mark.parametrize(
    ("name", "release", "server", "parameters", "sentence"),
    [
        ("pg_dump", "15.18", 18, {"sslmode": "require"}, r"PostgreSQL 18, and the address asks for TLS \(sslmode=require\), so this needs"),
        ("pg_dump", "18.6", 19, {}, r"so this needs the pg_dump of PostgreSQL 19; this machine has that of PostgreSQL 18\.6\."),
        ("pg_restore", "18.6", 16, {"sslmode": "require"}, r"the pg_restore of PostgreSQL 16; this machine has that of PostgreSQL 18\.6\."),
    ],
)
def test_where_none_suits_it_says_which_one_to_install(of_this_machine, *, name, release, server, parameters, sentence):
    of_this_machine(name, release)
    with pytest.raises(InputError, match=sentence):
        client_program(name, parameters, server=server, own=False)
