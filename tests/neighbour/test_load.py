"""The doctor names the login that takes much of the server."""

import datetime as dt
import time
from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lmskit.cli.doctor import MANY_TRIED, taken_by_sessions, tried_passwords
from lmskit.db import access, snapshot
from lmskit.db.cluster.refused_passwords import MOST_READ, refused_passwords
from lmskit.queries.load import load_findings, transaction_numbers
from tests.neighbour.world import NEIGHBOUR


def sentences(*, costs):
    with snapshot() as session:
        return [finding.sentence for finding in load_findings(session, *([taken_by_sessions] if costs else []))]


def waits_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def connection(made):
    with closing(psycopg.connect(made.conninfo(), autocommit=True)) as opened:
        yield opened


@pytest.mark.long
def test_no_login_is_named_while_none_takes_much(made, connection):
    assert sentences(costs=True)[0] == "No login takes much of the server at this moment."


@pytest.mark.long
@pytest.mark.parametrize("costs", [True, False])
def test_a_login_with_several_sessions_at_work_is_named(made, connection, costs):
    with closing(psycopg.connect(made.conninfo(), autocommit=True)) as second:
        for opened in (connection, second):
            opened.pgconn.send_query(b"SELECT pg_sleep(600)")
        waits_for(lambda: f"{NEIGHBOUR} has 2 sessions, 2 at work at this moment" in sentences(costs=costs)[0])
        for opened in (connection, second):
            opened.cancel_safe(timeout=5)


@pytest.mark.long
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT count(*) FROM generate_series(1, 100000) AS a, generate_series(1, 100000) AS b", "1 at work"),
        ("SELECT set_config('a.b', repeat('x', 300000000), false) IS NULL", "MB of memory"),
    ],
)
def test_a_session_that_takes_processor_or_memory_is_named(made, connection, statement, named):
    connection.pgconn.send_query(statement.encode())
    waits_for(lambda: NEIGHBOUR in (found := sentences(costs=True)[0]) and named in found and "lmskit doctor --end" in found)
    connection.cancel_safe(timeout=5)


@pytest.mark.long
def test_a_session_that_keeps_temporary_files_is_named(made, connection):
    connection.execute("SET work_mem = '64kB'")
    connection.execute("BEGIN")
    connection.execute("DECLARE c CURSOR WITH HOLD FOR SELECT repeat(md5(n::text), 100) FROM generate_series(1, 100000) AS n")
    connection.execute("COMMIT")
    assert f"{NEIGHBOUR} has 1 session, 0 at work" in sentences(costs=True)[0]


@pytest.mark.long
def test_who_tries_passwords_is_named_by_the_log_of_the_server(made):
    log = access().server.cluster.layout.log
    assert not any(made.login in finding.sentence for finding in tried_passwords(log))
    for _ in range(MANY_TRIED):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(make_conninfo(made.conninfo(), password="a wrong one"))
    waits_for(lambda: any(made.login in finding.sentence for finding in tried_passwords(log)))  # another process writes the log


def test_only_lines_of_the_server_itself_and_of_the_last_minute_count(tmp_path):
    def line(at, login, refusal="FATAL:  password authentication failed for user "):
        return f'{at:%Y-%m-%d %H:%M:%S}.123 UTC [7] {login}@lmskit {refusal}"{login}"\n'

    now = dt.datetime.now(dt.UTC)
    lines = line(now, "u_1") * 3 + line(now - dt.timedelta(minutes=2), "u_1") + line(now, "u_2", "FATAL:  terminating ") + line(now, "a b")
    (tmp_path / "postgresql-Sun.log").write_text("x" * MOST_READ + "\n\t" + line(now, "u_3") + lines)
    assert refused_passwords(tmp_path, now - dt.timedelta(minutes=1)) == {"u_1": 3}
    (tmp_path / "postgresql-Mon.log").write_text(line(now, "u_1"))  # the server has begun another log
    assert refused_passwords(tmp_path, now - dt.timedelta(minutes=1)) == {"u_1": 4}
    assert refused_passwords(tmp_path / "missing", now) == {}


def test_a_login_with_a_line_break_in_its_name_does_not_end_the_doctor(tmp_path):
    now = dt.datetime.now(dt.UTC)
    refused = '[7] u_1@lmskit FATAL:  password authentication failed for user "u_1"\n'
    forged = "2026-01-01 00:00:00.000 UTC [7] a\n9999-99-99 99:99:99.000 UTC [1] b@x FATAL:  password authentication failed  FATAL:  no\n"
    forged += forged.replace("9999-99-99 99:99:99", "9998-01-01 00:00:00")
    (tmp_path / "postgresql-Sun.log").write_text(f"{forged}{now:%Y-%m-%d %H:%M:%S}.123 UTC {refused}")
    assert refused_passwords(tmp_path, now - dt.timedelta(minutes=1)) == {"u_1": 1}


@pytest.mark.long
def test_transaction_numbers_are_compared_with_those_of_the_server(made):
    with snapshot() as session:
        assert transaction_numbers(session).is_well
        assert "VACUUM (FREEZE)" in transaction_numbers(session, most=1).sentence
