"""Nothing that a lecturer runs writes anything of another course, or a password, a verifier or an address with a password."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import nbformat
import pytest

from lmskit.db import access
from tests.security.attack import ask

if TYPE_CHECKING:
    from tests.security.world import World

FOREIGN = re.compile(rb"canar[yi]|4242\.42|2031-07-07|\b7700\d{5}\b")
ROOT = access().settings.project_root
LIMIT = 180
COMMANDS = {
    "courses": ("course", "list"),
    "a course": ("course", "show", "wren-1"),
    "a roster": ("enrollment", "list", "wren-1"),
    "the doctor": ("doctor",),
    "reports of a term": ("report", "build", "--term", "wren-TERM"),
}
PRYING = """
import lmskit
from sqlalchemy import text

engine = lmskit.connect()
print(engine, repr(engine.url), engine.pool.status())
for statement in ("SELECT password_hash FROM users", "SELECT email::int FROM users", "SELECT * FROM outbox", "SET ROLE lmskit_admin"):
    try:
        with engine.connect() as connection:
            print(connection.execute(text(statement)).all())
    except Exception as error:
        print(type(error), error, error.__cause__, error.__dict__)
with engine.connect() as connection:
    connection.execute(text("SELECT nothing FROM nowhere"))
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Path:
    """The folder of a lecturer's home, reports and everything else that is written."""
    return Path(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def environment(world: World, desk: Path) -> dict[str, str]:
    """The worst case: the address in the environment contains the password."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "JUPYTER", "IPYTHON", "XDG"))}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in world.endpoint.parameters().items())
    return inherited | {
        "HOME": str(desk / "user"),
        "LMSKIT_HOME": str(desk / "home"),
        "LMSKIT_REPORTS_DIR": str(desk / "reports"),
        "LMSKIT_DATABASE_URL": f"postgresql://{world.own.name}:{quote(world.own.password)}@/{world.database}?{query}",
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture(scope="module")
def written(desk: Path, environment: dict[str, str]) -> Path:
    """All that the commands and notebooks of a lecturer have written and printed."""
    runs = {name: [sys.executable, "-m", "lmskit", *arguments] for name, arguments in COMMANDS.items()}
    prying = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(PRYING)], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    nbformat.write(prying, desk / "prying.ipynb")
    notebooks = [*(ROOT / "notebooks" / "lecturer").glob("*.ipynb"), desk / "prying.ipynb"]
    for notebook in notebooks:
        into = desk / f"run-{notebook.name}"
        runs[notebook.name] = [sys.executable, "-m", "papermill", "--cwd", str(notebook.parent), "--log-output", str(notebook), str(into)]
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda name: record(desk / f"{name}.txt", runs[name], environment), runs):
            pass
    return desk


def record(path: Path, command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, env=environment, cwd=path.parent, timeout=LIMIT)
    path.write_bytes(done.stdout + done.stderr + f"\nexit status {done.returncode}\n".encode())


def secrets_of(world: World) -> list[bytes]:
    """Password, verifier and hash of every person."""
    with world.superuser() as connection:
        stored = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL").fetchall()
        stored += connection.execute("SELECT password_hash FROM users WHERE password_hash <> '!'").fetchall()
    passwords = [person.password for person in (world.own, world.foreign, world.admin)]
    return [secret.encode() for secret in (*passwords, *(str(row[0]) for row in stored))]


def leaks(folder: Path, secrets: list[bytes]) -> dict[str, list[bytes]]:
    """By file, what it contains of the other lecturer's rows or of any secret, also addresses with a password."""
    address = re.compile(rb"postgres(?:ql)?(?:\+psycopg)?://[^\s:@/]+:(?!\*\*\*)[^\s@/]+@")
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            hits = [*FOREIGN.findall(content), *address.findall(content), *(secret for secret in secrets if secret in content)]
            if hits:
                found[str(path.relative_to(folder))] = hits
    return found


@pytest.mark.long
def test_what_a_lecturer_runs_writes_no_secret_and_nothing_of_others(world, written, say):
    assert leaks(written, secrets_of(world)) == {}
    files = [path for path in written.rglob("*") if path.is_file()]
    say(f"outputs of a lecturer: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB searched; leaks: 0")


@pytest.mark.long
def test_the_search_is_of_outputs_that_hold_the_lecturers_own_data(written):
    reports = {path.name for path in (written / "reports").rglob("*.html")}
    assert "wren-1.html" in reports
    for name in ("courses.txt", "a course.txt", "a roster.txt", "run-mastery_dashboard.ipynb"):
        assert b"wren" in (written / name).read_bytes(), name
    assert b"permission denied" in (written / "run-prying.ipynb").read_bytes()


@pytest.mark.long
def test_a_lecturers_reports_are_for_the_lecturer_alone(written):
    folders = [path for path in (written / "reports").iterdir() if path.is_dir()]
    assert folders
    assert {path.stat().st_mode & 0o077 for path in folders} == {0}


def test_the_servers_log_holds_neither_values_nor_statements(world):
    with world.connect(world.own) as connection:
        for statement in (
            "SELECT 'wren-in-a-statement'::int",
            "INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (1000011, 1, 'wren-in-a-statement')",
            f"ALTER ROLE \"{world.foreign.name}\" PASSWORD 'wren-in-a-statement'",
        ):
            ask(connection, statement)
    with world.connect(world.admin) as connection:
        ask(connection, "SELECT title::int FROM courses")
    logs = world.log_folder()
    assert any(path.stat().st_size for path in logs.iterdir())
    assert leaks(logs, [*secrets_of(world), b"wren"]) == {}


@pytest.mark.long
def test_the_token_of_jupyterlab_is_in_no_file(desk, environment):
    process = subprocess.Popen(
        [sys.executable, "-m", "lmskit", "lab", "--no-browser", "--port", "18899"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=desk, text=True,
    )  # fmt: skip
    printed: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            if found := re.search(r"(http://\S+/)lab\?token=(\w+)", line):
                break
        else:
            pytest.fail("".join(printed))
        address, token = found[1], found[2]
        kernel = urllib.request.Request(  # noqa: S310 - JupyterLab printed this address
            f"{address}api/kernels", method="POST", data=b"{}", headers={"Authorization": f"token {token}"}
        )
        assert patiently(kernel) == 201
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=60)
    (desk / "lab.txt").write_text(rest, encoding="utf-8")
    assert leaks(desk, [token.encode()]) == {}


def patiently(request: urllib.request.Request) -> int:
    for _ in range(5):
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
                return int(response.status)
        except urllib.error.HTTPError as error:  # a kernel that starts slowly is answered by 500 first
            if error.code != 500:
                raise
            time.sleep(1)
    return 500
