"""The search for passwords finds one that was put where others could read it, in each of the spots that it looks at."""

import base64
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import nbformat
import psycopg
import pytest

from tests.institution.exposure import Record
from tests.reliability.mail_server import until

PASSWORD = 'kä:se & "wurst" 7f3a9c1e5b'
SECRETS = {"planted": PASSWORD}
WAITS = "read line"


@pytest.fixture
def record() -> Record:
    return Record()


def connect_to(endpoint) -> Callable[[], "psycopg.Connection[tuple[object, ...]]"]:
    return lambda: psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="/proc shows command lines and environments")
@pytest.mark.parametrize(
    ("command", "variables", "spot"),
    [
        (["sh", "-c", f"{WAITS}; :", PASSWORD], {}, "command line of sh"),
        (["sh", "-c", f"{WAITS}; :"], {"PGPASSWORD": PASSWORD}, "environment of sh"),
        (["sh", "-c", f"sh -c '{WAITS}; :'; :"], {"X": f"postgresql://ada:{quote(PASSWORD)}@h/x"}, f"environment of sh -c {WAITS}"),
    ],
)
def test_it_is_found_in_processes_and_their_children(record, command, variables, spot):
    with record.watching(), subprocess.Popen(command, env={**os.environ, **variables}, stdin=subprocess.PIPE) as process:
        assert until(lambda: any(find.startswith(f"planted: {spot}") for find in record.found(SECRETS)))
        process.communicate(b"\n")


@pytest.mark.parametrize(
    "content",
    [
        PASSWORD,
        f"lmskit sign-in --password '{PASSWORD}'\n",
        PASSWORD.replace("&", "&amp;").replace('"', "&quot;"),
        f"localhost:5432:lmskit:ada:{PASSWORD.replace(':', chr(92) + ':')}",
        PASSWORD.encode("unicode_escape").decode(),
        PASSWORD.upper(),
        base64.b64encode(f"user:{PASSWORD}".encode()).decode(),
        base64.b64encode(PASSWORD.encode()).decode(),
        PASSWORD.encode().hex(),
        "".join(f"%{byte:02X}" for byte in PASSWORD.encode()),
    ],
)
def test_it_is_found_in_files_however_it_is_written(record, content, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / ".bash_history").write_text(content)
    (tmp_path / "other").write_text("nothing")
    record.add_files(tmp_path)
    assert record.found(SECRETS) == [f"planted: file {tmp_path}/folder/.bash_history"]


def test_it_is_found_in_the_outputs_of_a_notebook(record, tmp_path):
    output = nbformat.v4.new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"value": PASSWORD}})
    cell = nbformat.v4.new_code_cell("form", outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "book.ipynb")
    record.add_files_of({os.geteuid()}, tmp_path)
    assert record.found(SECRETS) == [f"planted: file {tmp_path}/book.ipynb"]


def test_a_file_that_keeps_passwords_is_left_out_only_if_nobody_else_may_read_it(record, tmp_path):
    kept = tmp_path / "pgpass"
    kept.write_text(PASSWORD)
    kept.chmod(0o600)
    record.add_files(tmp_path, kept=[kept])
    assert record.found(SECRETS) == []
    kept.chmod(0o640)
    with pytest.raises(AssertionError, match="pgpass"):
        record.add_files(tmp_path, kept=[kept])


def test_it_is_found_in_a_row_of_a_table(record: Record, endpoint, cluster):
    with planted_row(endpoint) as connection:
        record.add_database(connection)
    assert record.found(SECRETS) == ["planted: table lms.planted"]


@contextmanager
def planted_row(endpoint) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        connection.execute("CREATE TABLE lms.planted AS SELECT jsonb_build_object('error', %s::text) AS body", [PASSWORD])
        yield connection
        connection.rollback()


def test_it_is_found_in_what_a_session_runs(record: Record, endpoint, cluster):
    connect = connect_to(endpoint)
    with record.watching(connect), connect() as connection:
        connection.execute(f"SELECT '{PASSWORD}'".encode())
        assert until(lambda: bool(record.found(SECRETS)))
    assert record.found(SECRETS) == ["planted: pg_stat_activity"]


def test_it_is_found_in_a_log_that_has_statements(record: Record, endpoint, cluster):
    with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection:  # lmskit's own database logs less
        connection.execute("SET log_statement = 'all'")
        connection.execute(f"SELECT '{PASSWORD}'".encode())

    def found() -> list[str]:
        record.add_files(cluster.layout.log)
        return record.found(SECRETS)

    assert until(lambda: bool(found()))  # another process writes the log
    assert all(find.startswith(f"planted: file {cluster.layout.log}") for find in found())


def test_it_is_found_in_what_was_printed(record):
    record.add("printed by lmskit", f"Traceback ...\n  password = {PASSWORD!r}")
    assert record.found(SECRETS) == ["planted: printed by lmskit"]


def test_another_password_is_not_found(record):
    record.add("printed by lmskit", PASSWORD)
    assert record.found({"other": "kä:se 8e1c77d0aa"}) == []
