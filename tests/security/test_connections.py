"""An administrator can sign in and end sessions while lecturers hold all the connections they can get."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import access, engine_for, generate_password, keep_login, revision, roles, scram_verifier
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Cluster
from lmskit.queries.connections import connections_finding
from lmskit.settings import DEMO_ADMIN
from tests.conftest import FAST
from tests.reliability.mail_server import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lmskit.db.cluster import Endpoint

LECTURER = "collector@example.org"
ORDINARY = 4
"""Connections that are not reserved; a lecturer may hold five."""
FEW = "max_connections = 8\nsuperuser_reserved_connections = 2\nreserved_connections = 2\n"


@pytest.fixture
def narrow_server(configure: Callable[..., None]) -> Iterator[Endpoint]:
    """An embedded server with few connections, an administrator and a lecturer."""
    home = Path(tempfile.mkdtemp(prefix="lmskit-narrow-"))
    configure(LMSKIT_HOME=str(home))
    cluster = Cluster(home, access().settings.postgres_version, overrides=FAST)
    cluster.layout.conf.mkdir(parents=True)
    (cluster.layout.conf / "local.conf").write_text(FEW)
    endpoint = cluster.start()
    access().server.start()
    revision.upgrade()
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        for email, role in ((DEMO_ADMIN, "super_admin"), (LECTURER, "lecturer")):
            password = generate_password()
            connection.execute("INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'A', 'a', %s)", [email, role])
            connection.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(password), email])
            keep_login(email, password)
    access().dispose()
    yield endpoint
    access().dispose()
    cluster.stop()
    shutil.rmtree(home, ignore_errors=True)


def connect(email: str) -> psycopg.Connection:
    url = access().url_for(email)
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)


def hold(taken: ExitStack, number: int) -> list[psycopg.Connection]:
    """Hold connections of the lecturer; one that was closed just now counts until the server has ended its session."""
    held: list[psycopg.Connection] = []

    def one_more() -> bool:
        with suppress(psycopg.OperationalError):
            held.append(taken.enter_context(connect(LECTURER)))
        return len(held) == number

    assert until(one_more)
    return held


def test_an_administrator_ends_sessions_when_all_ordinary_connections_are_taken(narrow_server):
    with ExitStack() as taken:
        held = hold(taken, ORDINARY)
        with pytest.raises(psycopg.OperationalError, match="reserved"):
            connect(LECTURER)
        answer = CliRunner().invoke(app, ["doctor", "--end", str(held[0].info.backend_pid)])
        assert (answer.exit_code, answer.output) == (0, f"The sessions of {LECTURER} are ended.\n")
        with pytest.raises(psycopg.OperationalError):
            held[1].execute("SELECT 1")
        hold(taken, 1)


def test_jobs_and_migrations_have_a_way_in_too(narrow_server):
    with ExitStack() as taken:
        hold(taken, ORDINARY)
        with psycopg.connect(narrow_server.superuser_conninfo("lmskit")) as superuser:
            rows = superuser.execute(
                "SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'pg_use_reserved_connections', 'USAGE')"
                " AND rolcanlogin AND rolname LIKE 'lmskit%'"
            ).fetchall()
        assert {name for (name,) in rows} == {roles.BACKUP, roles.DISPATCHER, roles.MIGRATOR}
        assert revision.current() == revision.head()


def test_doctor_compares_what_lecturers_may_hold_with_what_there_is(narrow_server):
    with Session(engine_for(DEMO_ADMIN)) as session:
        found = connections_finding(session, embedded=True)
        assert (found.is_well, found.is_note) == (True, True)
        assert found.sentence == (
            "1 login of lecturers may hold 5 connections, and 4 are not reserved. Administrators and jobs have 2 reserved connections."
        )
    with psycopg.connect(narrow_server.superuser_conninfo(), autocommit=True) as superuser:
        superuser.execute("REVOKE pg_use_reserved_connections FROM lmskit_admin")
    with Session(engine_for(DEMO_ADMIN)) as session:
        found, elsewhere = (connections_finding(session, embedded=embedded) for embedded in (True, False))
        assert (found.is_well, elsewhere.is_well, elsewhere.is_note) == (False, True, True)
        assert "no administrator can connect. To reserve connections for administrators: lmskit db bootstrap" in found.sentence
        assert "ALTER SYSTEM SET reserved_connections" in elsewhere.sentence
    bootstrap(narrow_server.superuser_conninfo(), passfile=access().settings.passfile, own_cluster=True)
    with Session(engine_for(DEMO_ADMIN)) as session:
        assert connections_finding(session, embedded=True).is_well
