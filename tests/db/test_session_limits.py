"""The limits that every session begins with: who has them, who has not, and what doctor says."""

from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.orm import Session

from lmskit.db import access, migrator_engine, roles
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Cluster
from lmskit.db.passfile import find_password
from lmskit.db.session_limits import SESSION_LIMITS, TEMP_FILE_LIMIT, TIMEOUTS
from lmskit.queries.session_limits import limits_findings, temporary_files_findings

SHOWN = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"


@pytest.fixture
def superuser(endpoint):
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
        yield connection


def limits(connection: psycopg.Connection[Any], names: Iterable[str] = tuple(SESSION_LIMITS)) -> dict[str, str]:
    return dict(connection.execute(SHOWN, [list(names)]).fetchall())


def own_connection(engine: Engine) -> psycopg.Connection[Any]:
    """Connect with a person's login as psql does, without lmskit."""
    host, login = str(engine.url.query["host"]), str(engine.url.username)
    password = find_password(access().settings.passfile, host=host, port="1", database="lmskit", user=login)
    parameters = {name: str(value) for name, value in engine.url.query.items()}
    return psycopg.connect(make_conninfo("", **parameters | {"dbname": "lmskit", "user": login, "password": password or ""}))


def test_every_session_of_a_person_begins_with_them(lecturer_engine, admin_engine):
    for engine in (lecturer_engine, admin_engine):
        with closing(own_connection(engine)) as connection:
            assert limits(connection) == SESSION_LIMITS
            assert limits(connection, ["temp_file_limit"]) == {"temp_file_limit": TEMP_FILE_LIMIT}


def test_a_limit_ends_what_runs_too_long_and_a_person_can_lift_it(superuser, lecturer_engine):
    superuser.execute("ALTER DATABASE lmskit SET statement_timeout = '50ms'")
    try:
        with closing(own_connection(lecturer_engine)) as connection:
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute("SELECT pg_sleep(30)")
            connection.rollback()
            connection.execute("SET statement_timeout = 0")
            connection.execute("SELECT pg_sleep(0.1)")
    finally:
        superuser.execute(sql.SQL("ALTER DATABASE lmskit SET statement_timeout = {}").format(SESSION_LIMITS["statement_timeout"]))


def test_migrations_and_backups_have_no_time_outs(endpoint, superuser, admin_engine):
    with migrator_engine().connect() as connection:
        shown = connection.exec_driver_sql(SHOWN, ([name for name in TIMEOUTS if name != "lock_timeout"],)).all()
    assert {row[1] for row in shown} == {"0"}
    kept = superuser.execute(
        "SELECT s.setconfig FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase"
        " WHERE d.datname = 'lmskit' AND s.setrole = %s::regrole",
        [roles.BACKUP],
    ).fetchone()
    assert kept is not None
    assert set(kept[0]) == {f"{name}=0" for name in TIMEOUTS}


def test_lmskit_lifts_the_limit_of_statements_for_administrators_alone(admin_engine, lecturer_engine):
    shown = []
    for engine in (admin_engine, lecturer_engine):
        engine.dispose()
        with engine.connect() as connection:
            shown.append(connection.scalar(text("SELECT current_setting('statement_timeout')")))
    assert shown == ["0", SESSION_LIMITS["statement_timeout"]]


def test_temporary_tables_of_imports_stay_in_memory_unless_an_operator_says_how_much_they_may_take(superuser, admin_engine):
    shown = []
    try:
        for chosen in ("8MB", "16MB"):
            superuser.execute(f"ALTER DATABASE lmskit SET temp_buffers = '{chosen}'")
            admin_engine.dispose()
            with admin_engine.connect() as connection:
                shown.append(connection.scalar(text("SELECT current_setting('temp_buffers')")))
    finally:
        superuser.execute("ALTER DATABASE lmskit RESET temp_buffers")
        admin_engine.dispose()
    assert shown == ["64MB", "16MB"]


def test_a_database_from_before_gets_them_and_what_an_operator_chose_stays(own_cluster: Callable[..., Cluster], tmp_path: Path):
    endpoint = own_cluster().start()
    bootstrap(endpoint.superuser_conninfo(), passfile=tmp_path / "pgpass")
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
        connection.execute("ALTER DATABASE lmskit RESET ALL")
        connection.execute("ALTER DATABASE lmskit SET work_mem = '64MB'")
        connection.execute("ALTER SYSTEM SET temp_file_limit = -1")
        connection.execute("SELECT pg_reload_conf()")
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(endpoint.superuser_conninfo("lmskit")), poolclass=NullPool
    )
    with Session(engine) as session:
        found = {finding.name: finding for finding in limits_findings(session, embedded=False)}
        here = [finding for finding in limits_findings(session, embedded=True) if not finding.is_well]
    assert found["limits"].is_note
    assert found["limits"].sentence.endswith("max_parallel_workers_per_gather). To set them: lmskit db bootstrap ADDRESS")
    assert "work_mem" not in found["limits"].sentence
    assert found["temp_file_limit"].sentence.endswith("To limit them, as superuser: lmskit db bootstrap --harden ADDRESS")
    assert [finding.name for finding in here] == ["limits", "temp_file_limit"]
    bootstrap(endpoint.superuser_conninfo(), passfile=tmp_path / "pgpass")
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        assert limits(connection) == SESSION_LIMITS | {"work_mem": "64MB"}
    with Session(engine) as session:
        assert [finding.is_well for finding in limits_findings(session, embedded=False) if finding.name == "limits"] == [True]


def test_hardening_limits_temporary_files_where_the_server_has_no_limit(own_cluster: Callable[..., Cluster], tmp_path: Path):
    cluster = own_cluster()
    endpoint = cluster.start()
    configuration = cluster.layout.conf / "postgresql.conf"
    lines = configuration.read_text(encoding="utf-8").splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith("temp_file_limit")), encoding="utf-8")
    with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
    for harden, shown in ((None, "-1"), (True, TEMP_FILE_LIMIT)):
        bootstrap(endpoint.superuser_conninfo(), passfile=tmp_path / "pgpass", harden=harden)
        with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
            assert limits(connection, ["temp_file_limit"]) == {"temp_file_limit": shown}


def test_who_has_many_temporary_files_is_named_and_how_much_was_written(endpoint, lecturer_engine, monkeypatch):
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(endpoint.superuser_conninfo("lmskit")), poolclass=NullPool
    )
    with lecturer_engine.connect() as connection, Session(engine) as session:
        connection.exec_driver_sql("SET LOCAL work_mem = '64kB'")
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        connection.exec_driver_sql("DECLARE sorted CURSOR FOR SELECT g FROM generate_series(1, 400000) AS g ORDER BY g DESC")
        connection.exec_driver_sql("FETCH 1 FROM sorted")
        assert list(temporary_files_findings(session)) == []
        monkeypatch.setattr("lmskit.queries.session_limits.MOST_TEMPORARY", 1 << 20)
        named = {finding.name: finding.sentence for finding in temporary_files_findings(session)}
        assert " MB in temporary files. To end the sessions of that person: lmskit doctor --end" in named[f"session {pid}"]
        assert "@example.org has " in named[f"session {pid}"]
    monkeypatch.setattr("lmskit.queries.session_limits.MOST_WRITTEN", -1)
    with Session(engine) as session:
        assert "temporary files" in {finding.name for finding in temporary_files_findings(session)}
