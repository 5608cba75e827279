"""One embedded cluster per test session, in a home of its own, with engines and sessions for it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

# Environment variables are read once, so the home must be set before lmskit is used.
HOME = Path(tempfile.mkdtemp(prefix="lmskit-tests-"))
os.environ["LMSKIT_HOME"] = str(HOME)

from lmskit.db import (  # noqa: E402 - see above
    Access,
    Opener,
    access,
    engine_for,
    generate_password,
    keep_login,
    migrator_engine,
    revision,
    scram_verifier,
    using,
)
from lmskit.db.bootstrap import bootstrap  # noqa: E402
from lmskit.db.cluster import Cluster, Endpoint  # noqa: E402
from lmskit.db.cluster.binaries import WHEELS  # noqa: E402
from lmskit.db.roles import migrator_of  # noqa: E402
from lmskit.names import sort_name  # noqa: E402
from lmskit.settings import DEMO_ADMIN  # noqa: E402 - see above
from lmskit.vocabulary import Role  # noqa: E402
from tests.examples import FIXED  # noqa: E402

access().default_person = DEMO_ADMIN  # as the front doors do

hypothesis.settings.load_profile(FIXED)

DEMO_LECTURER = "demo.lecturer@example.org"
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Server settings for a cluster whose data may be lost."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the number of kills in `tests/reliability`."""
    parser.addoption("--kills", type=int, default=60, metavar="N", help="processes to kill in tests/reliability (default: 60)")


def pytest_unconfigure() -> None:
    """Stop the server, whatever happened, also if a test started it without the fixture."""
    access().dispose()
    for version in WHEELS:
        Cluster(HOME, version).stop()
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The embedded cluster of this test session: running, prepared and migrated."""
    Cluster(HOME, access().settings.postgres_version, overrides=FAST).start()
    access().server.start()
    revision.upgrade()
    return access().server.cluster


@pytest.fixture(scope="session")
def endpoint(cluster: Cluster) -> Endpoint:
    """Where the cluster of this test session listens."""
    return cluster.start()


@pytest.fixture(scope="session")
def make_person(endpoint: Endpoint) -> Callable[[str, Role], str]:
    """Make a person with a login that `engine_for` finds, unless the person exists; return the login's name."""

    def make(email: str, role: Role) -> str:
        family = email.partition("@")[0]
        password = generate_password()
        with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
            connection.execute(
                "INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, %s, %s, %s::user_role) ON CONFLICT (email) DO NOTHING",
                [email, family, sort_name(family), role.value],
            )
            row = connection.execute(
                "SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(password), email]
            ).fetchone()
        assert row is not None
        keep_login(email, password)
        return str(row[0])

    return make


@pytest.fixture(scope="session")
def admin_engine(make_person: Callable[[str, Role], str]) -> Engine:
    """The engine of the demonstration administrator."""
    make_person(DEMO_ADMIN, Role.SUPER_ADMIN)
    return engine_for(DEMO_ADMIN)


@pytest.fixture(scope="session")
def lecturer_engine(make_person: Callable[[str, Role], str]) -> Engine:
    """The engine of the demonstration lecturer."""
    make_person(DEMO_LECTURER, Role.LECTURER)
    return engine_for(DEMO_LECTURER)


@pytest.fixture(scope="session")
def administrators(make_person: Callable[[str, Role], str]) -> list[str]:
    """Twelve administrators who can sign in."""
    people = [f"admin.{number}@example.org" for number in range(12)]
    for email in people:
        make_person(email, Role.SUPER_ADMIN)
    return people


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set environment variables for one test, and act as a process that starts with them: no person has signed in."""
    with ExitStack() as accesses:

        def restart(**variables: str) -> None:
            for name, value in variables.items():
                monkeypatch.setenv(name, value)
            accesses.close()
            accesses.enter_context(using(Access(default_person=DEMO_ADMIN)))

        yield restart


@pytest.fixture
def connection(admin_engine: Engine) -> Iterator[Connection]:
    """An administrator's connection in a transaction that is rolled back at the end."""
    with admin_engine.connect() as opened:
        outer = opened.begin()
        yield opened
        if outer.is_active:
            outer.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """An administrator's session; its commits are savepoints within a transaction that is rolled back."""
    with Session(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def begin(session: Session) -> Opener:
    """Transactions within the test's transaction, which is rolled back at the end."""

    @contextmanager
    def opened() -> Iterator[Session]:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        session.commit()

    return opened


@pytest.fixture
def begin_after_deadlock(begin: Opener) -> Opener:
    """As `begin`, but the server ends the first transaction as it ends one of two that wait for each other."""
    opened_before: list[bool] = []

    @contextmanager
    def opened() -> Iterator[Session]:
        with begin() as session:
            if not opened_before:
                opened_before.append(True)
                session.execute(text("DO $$ BEGIN RAISE deadlock_detected; END $$"))
            yield session

    return opened


@pytest.fixture(scope="module")
def module_connection(admin_engine: Engine) -> Iterator[Connection]:
    """An administrator's connection in a transaction that is rolled back after the last test of the module."""
    with admin_engine.connect() as opened:
        outer = opened.begin()
        yield opened
        if outer.is_active:
            outer.rollback()


@pytest.fixture(scope="module")
def module_session(module_connection: Connection) -> Iterator[Session]:
    """A session that writes what all tests of the module read; it is committed before they do.

    `connection` is then to be `part_of_module`.
    """
    with Session(bind=module_connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def part_of_module(module_connection: Connection) -> Iterator[Connection]:
    """The connection of the module, in a savepoint to which the test rolls back."""
    savepoint = module_connection.begin_nested()
    yield module_connection
    if savepoint.is_active:
        savepoint.rollback()


@pytest.fixture(scope="session")
def fresh_database(endpoint: Endpoint) -> Iterator[Callable[[str], Engine]]:
    """A factory of further databases: prepared, without tables. Each call gives the migrator's engine of a new one."""
    with ExitStack() as cleaning:

        def make(name: str) -> Engine:
            bootstrap(endpoint.superuser_conninfo(), name, passfile=access().settings.passfile, own_cluster=True)
            engine = access().engine_at(migrator_engine().url.set(username=migrator_of(name), database=name))
            cleaning.callback(_drop, endpoint, name, engine)
            return engine

        yield make


@pytest.fixture(scope="session")
def copied_database(fresh_database: Callable[[str], Engine], endpoint: Endpoint) -> Callable[[str, str], Engine]:
    """A factory of copies of a database to which nobody is connected. Each call gives the migrator's engine of a new one."""

    def make(name: str, template: str) -> Engine:
        with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection:
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
        return fresh_database(name)

    return make


@pytest.fixture(scope="session")
def migrated_database(fresh_database: Callable[[str], Engine], copied_database: Callable[[str, str], Engine]) -> Callable[[str], Engine]:
    """A factory of further databases at the newest revision, without rows: copies of one that is migrated once.

    Each call gives the migrator's engine of a new one.
    """
    templates: list[str] = []

    def make(name: str) -> Engine:
        if not templates:
            migrator = fresh_database("lmskit_template")
            revision.upgrade(engine=migrator)
            migrator.dispose()  # while it is connected, its database cannot be copied
            templates.append("lmskit_template")
        return copied_database(name, *templates)

    return make


def _drop(endpoint: Endpoint, name: str, engine: Engine) -> None:
    engine.dispose()
    with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


_figures: list[str] = []


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a figure at the end of the test run, whether or not the tests pass."""
    return lambda figure: request.node.user_properties.append(("figure", figure))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep a test's figures; a worker sends them with the test's report."""
    if report.when == "call":
        _figures.extend(str(value) for name, value in report.user_properties if name == "figure")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests found."""
    if _figures:
        terminalreporter.section("figures")
        for figure in _figures:
            terminalreporter.line(figure)
