"""Two lecturers behind PgBouncer in transaction mode, where each transaction is on any of the pooler's connections."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from lmskit.db import Access, login_name, scram_verifier, transaction, using
from lmskit.db.cluster.server_user import server_user
from lmskit.db.passfile import read_entries
from lmskit.db.session_limits import SESSION_LIMITS
from lmskit.errors import UnreachableError
from lmskit.models import User
from lmskit.queries.large_frame import read_frame
from lmskit.settings import DEMO_ADMIN, Settings
from tests import factories
from tests.db.conftest import Operators

LECTURERS = ("demo.lecturer@example.org", "second.lecturer@example.org")
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
AT_ONCE = 2
"""Threads of each lecturer; the pooler has as many connections for each, and hands them out in turn."""

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed; .ci/run installs it")

Entering = Callable[..., Access]


@pytest.fixture(scope="module")
def courses(school: Operators, operators_home: Path) -> dict[str, str]:
    """One course of each lecturer."""
    with using(Access(Settings(database_url=school.address(), home=operators_home))) as direct:
        codes = {}
        with transaction(direct.engine_for(DEMO_ADMIN)) as session:
            for email in LECTURERS:
                person = session.scalars(select(User).where(User.email == email)).one()
                codes[email] = factories.course(session, taught_by=person).code
    return codes


@pytest.fixture(scope="module")
def pooler_port(school: Operators, operators_home: Path) -> Iterator[int]:
    """PgBouncer with the verifiers of all logins; behind the database `trap` everybody is signed in as one login."""
    user, first = server_user(), login_name("school", LECTURERS[0])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with closing(school.superuser()) as connection:
        known = connection.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL").fetchall()
        connection.execute(f"CREATE ROLE pooled LOGIN PASSWORD '{scram_verifier('shared')}'")
        connection.execute("GRANT CONNECT ON DATABASE school TO pooled")
    with tempfile.TemporaryDirectory(prefix="lmskit-pooler-") as name:
        folder = Path(name)
        # In clear text for one of them: PgBouncer 1.18 cannot sign in at the server as another login than one whose verifier it has.
        secrets = {str(login): str(verifier) for login, verifier in known} | {
            login: password for login, password in passwords_in(operators_home).items() if login == first
        }
        (folder / "users").write_text("".join(f'"{login}" "{secret}"\n' for login, secret in secrets.items()))
        server = f"host=127.0.0.1 port={school.port} dbname=school"
        (folder / "ini").write_text(
            f"[databases]\nschool = {server}\ntrap = {server} user=pooled password=shared\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
            f"auth_file = {folder}/users\npool_mode = transaction\ndefault_pool_size = {AT_ONCE}\nserver_round_robin = 1\n"
        )
        if user.switch:
            for path in (folder, folder / "users", folder / "ini"):
                os.chown(path, user.uid, user.gid)
        as_user = ["-u", user.name] if user.switch else []
        with subprocess.Popen([str(PGBOUNCER), "-q", *as_user, str(folder / "ini")], stderr=subprocess.PIPE) as process:
            try:
                _wait_for(port, process)
                yield port
            finally:
                process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            psycopg.connect(host="127.0.0.1", port=port, dbname="school", user="nobody", password="x", connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "refused" not in str(error):
                return
            time.sleep(0.05)
    pytest.fail(f"PgBouncer ended: {process.stderr.read().decode() if process.stderr else ''}")


@pytest.fixture
def enter(pooler_port: int, courses: dict[str, str], operators_home: Path) -> Iterator[Entering]:
    """Return an access whose address is that of the pooler; the passwords are those kept for the server itself."""
    opened: list[Access] = []
    direct = Access(Settings(database_url=f"postgresql://localhost:{pooler_port}/school", home=operators_home))

    def make(database: str = "school", query: str = "") -> Access:
        made = Access(Settings(database_url=f"postgresql://127.0.0.1:{pooler_port}/{database}{query}", home=operators_home))
        opened.append(made)
        return made

    passwords = passwords_in(operators_home)
    for email in (*LECTURERS, DEMO_ADMIN):
        direct.server.keep_login(email, passwords[login_name("school", email)])
    yield make
    for made in opened:
        made.dispose()


def passwords_in(home: Path) -> dict[str, str]:
    return {entry.user: entry.password for entry in read_entries(home / "pgpass")}


def work(entered: Access, courses: dict[str, str], n_transactions: int) -> int:
    """Ask the same few statements in many transactions, for both lecturers at once; return how many gave the right rows."""

    def of(email: str) -> int:
        right = 0
        for _ in range(n_transactions):
            with transaction(entered.engine_for(email)) as session:
                right += session.execute(text("SELECT code FROM courses")).scalars().all() == [courses[email]]
                right += session.scalar(text("SELECT my_address()")) == email
        return right

    with ThreadPoolExecutor(2 * AT_ONCE) as pool:
        return sum(pool.map(of, LECTURERS * AT_ONCE))


def test_statements_that_repeat_across_commits_give_each_lecturer_the_right_rows(enter, courses):
    assert work(enter(), courses, 50) == 50 * 2 * 2 * AT_ONCE


@pytest.mark.long
def test_ten_thousand_statements_of_two_lecturers_give_the_right_rows(enter, courses, say):
    assert work(enter(), courses, 1_250) == 10_000
    say("pooler: 10,000 statements of two lecturers through PgBouncer in transaction mode, all with the right rows")


def test_with_prepared_statements_they_would_collide(enter, courses):
    """What the tests above are about: the address asks for prepared statements nevertheless."""
    with pytest.raises(Exception, match=r"prepared statement \"_pg3_\d+\" (already exists|does not exist)"):
        work(enter(query="?prepare_threshold=0"), courses, 50)


def test_large_results_come_through_a_pooler_too(enter, courses):
    entered = enter()
    for email in LECTURERS * 5:
        assert read_frame(entered.engine_for(email), "SELECT code FROM courses")["code"].tolist() == [courses[email]]


def test_no_setting_of_a_session_stays_behind_on_a_connection_of_the_pooler(enter, courses):
    engine = enter().engine_for(LECTURERS[0])
    with transaction(engine) as session:
        assert session.scalar(text("SHOW lock_timeout")) != SESSION_LIMITS["lock_timeout"]
    for _ in range(2 * AT_ONCE):
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            found = connection.execute(text("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")).one()
        assert tuple(found) == (SESSION_LIMITS["lock_timeout"], SESSION_LIMITS["statement_timeout"])


def test_the_limit_of_statements_is_lifted_for_administrators_alone(enter):
    entered = enter()
    for person, shown in ((DEMO_ADMIN, "0"), (LECTURERS[0], SESSION_LIMITS["statement_timeout"])):
        with transaction(entered.engine_for(person)) as session:
            assert session.scalar(text("SHOW statement_timeout")) == shown


def test_a_pooler_that_signs_everybody_in_as_one_is_refused(enter, operators_home):
    entered = enter("trap")
    login = login_name("school", LECTURERS[0])
    with pytest.raises(UnreachableError, match=rf"signs you in as pooled and not as {login}.*remove user= from the pooler's entry"):
        entered.engine_at(entered.server.address(login).set(password=passwords_in(operators_home)[login])).connect()


def test_a_server_without_a_pooler_keeps_its_prepared_statements(school, operators_home, courses):
    direct = Access(Settings(database_url=school.address(), home=operators_home))
    with using(direct), direct.engine_for(LECTURERS[0]).connect() as connection:
        opened = connection.connection.driver_connection
        assert opened is not None
        assert opened.prepare_threshold is not None
