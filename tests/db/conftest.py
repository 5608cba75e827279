"""Clusters of a test's own, in homes of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from lmskit.db import access, roles
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import copy_installation, installation, shared_files
from lmskit.db.cluster.layout import prepare_base, prepare_home
from lmskit.db.cluster.server_user import server_user
from lmskit.settings import PROJECT_ROOT

FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for a home. Not below pytest's own, which is closed to the user as which the server runs if root starts it."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-home-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """The data directory of a cluster that was stopped before anything was written to it; copying takes less than initdb."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-template-"))
    made = Cluster(folder, access().settings.postgres_version, overrides=FAST)
    made.start()
    made.stop()
    yield made.layout.data
    shutil.rmtree(folder, ignore_errors=True)


def copy_of(template: Path, cluster: Cluster) -> None:
    """Give a cluster the data directory of the template."""
    user = server_user()
    cluster.layout.home.mkdir(parents=True, exist_ok=True)
    prepare_home(cluster.layout, user)
    prepare_base(cluster.layout, user)
    subprocess.run(["/bin/cp", "-a", str(template), str(cluster.layout.data)], check=True)


@pytest.fixture
def own_cluster(home: Path, template: Path) -> Iterator[Callable[..., Cluster]]:
    """A factory of clusters, each stopped at the end. They are in `home` unless another folder is given.

    With `initialise` there are no data yet, and the first start makes them.
    """
    with ExitStack() as stopping:

        def make(where: Path = home, *, installation: Path | None = None, initialise: bool = False) -> Cluster:
            made = Cluster(where, access().settings.postgres_version, overrides=FAST, installation=installation)
            stopping.callback(made.stop)
            if not initialise:
                copy_of(template, made)
            return made

        yield make


@pytest.fixture
def install_without_vector() -> Iterator[Path]:
    """A copy of the wheel's PostgreSQL in which pgvector was never installed."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-install-"))
    copy = copy_installation(installation(access().settings.postgres_version), folder)
    (shared_files(copy) / "extension" / "vector.control").unlink()
    yield copy
    shutil.rmtree(folder, ignore_errors=True)


# A server that is not embedded ------------------------------------------------------------------------------

SECRETS = {"dba": "canary:of\\the dba", "manager": "canary@of/the%manager", "stranger": "canary-of-nobody"}
"""The passwords of the server's operators, made of what addresses and passfiles have to escape."""


@dataclass
class Operators:
    """A server as its operators know it: its port, and what it has printed."""

    cluster: Cluster
    port: int
    printed: list[str] = field(default_factory=list)

    def address(self, *, user: str = "", host: str = "localhost", database: str = "school", password: bool = False, query: str = "") -> str:
        secret = "".join(f"%{byte:02x}" for byte in SECRETS[user].encode()) if password else ""
        login = f"{user}:{secret}@" if password else f"{user}@" if user else ""
        return f"postgresql://{login}{host}:{self.port}/{database}{query}"

    def superuser(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.cluster.start().superuser_conninfo(database), autocommit=True)

    def lmskit(
        self, *arguments: str, home: Path, status: int = 0, there: dict[str, str] | None = None, typed: str = "", **variables: str
    ) -> str:
        """Run a command with its standard input, and return what it prints."""
        command = [sys.executable, "-m", "lmskit", *arguments]
        found = subprocess.run(
            command,
            env=environment(home, (there or {}) | variables),
            cwd=PROJECT_ROOT,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.printed.append(found.stdout + found.stderr)
        assert found.returncode == status, found.stdout + found.stderr
        assert "Traceback" not in found.stderr
        return (found.stdout if status == 0 else found.stderr).strip()


def environment(home: Path, variables: dict[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    return clean | {"LMSKIT_HOME": str(home)} | variables


@pytest.fixture(scope="session")
def operators(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operators]:
    with tempfile.TemporaryDirectory(prefix="lmskit-external-") as folder:
        cluster = Cluster(Path(folder), access().settings.postgres_version, overrides=FAST | {"log_statement": "none"})
        copy_of(template, cluster)
        try:
            made = Operators(cluster, cluster.start().port)
            with closing(made.superuser()) as connection:
                for name, attributes in {"dba": "SUPERUSER", "manager": "CREATEROLE CREATEDB"}.items():
                    verifier = roles.scram_verifier(SECRETS[name])
                    connection.execute(f"CREATE ROLE {name} LOGIN {attributes} PASSWORD '{verifier}'")
            yield made
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def operators_home() -> Iterator[Path]:
    """The home of the operator who prepares the database `school`; a server that verifies a backup can enter it."""
    with tempfile.TemporaryDirectory(prefix="lmskit-operator-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def school(operators: Operators, operators_home: Path) -> Operators:
    """The server with the database `school`, prepared by its superuser, and the demonstration people in it."""
    printed = operators.lmskit("db", "bootstrap", operators.address(user="dba", password=True), home=operators_home)
    assert printed.startswith("The database school on PostgreSQL ")
    # The same machine by another name, and the password of another login.
    there = {"LMSKIT_DATABASE_URL": operators.address(host="127.0.0.1"), "PGPASSWORD": SECRETS["stranger"]}
    operators.lmskit("db", "upgrade", home=operators_home, there=there)
    assert operators.lmskit("seed", home=operators_home, there=there).count("password: ") == 3
    return operators
