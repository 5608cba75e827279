"""A server of an institution behind TLS, and what is installed for everybody on a machine."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from lmskit.db import access, roles
from lmskit.db.cluster import Cluster
from tests.installed_wheel import environment_for_everybody, libraries, wheel_of_this_checkout
from tests.institution.exposure import Record
from tests.institution.persons import USERADD, Person, users
from tests.institution.tls_front import HOST, OPENSSL, STUNNEL, Authority, tls_front

PEOPLE = ["operator", "admin", "lecturer", "newcomer"]
TALKATIVE = {
    "fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "shared_preload_libraries": "pg_stat_statements",
    "log_statement": "all", "log_min_messages": "notice", "log_min_error_statement": "error", "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1", "log_error_verbosity": "verbose", "log_connections": "on",
    "log_min_duration_statement": "0", "track_activity_query_size": "100kB",
}  # fmt: skip
"""A server that logs every statement, as an operator may set it."""


def password() -> str:
    """A password of what addresses, passfiles, shells and pages have to escape."""
    return f"lä:u'ft %25 \\ & <{secrets.token_hex(8)}> \"$HOME"


@dataclass
class Institution:
    """The server, its certificates, the people and everything that was seen."""

    cluster: Cluster
    authority: Authority
    port: int
    people: dict[str, Person]
    record: Record
    passwords: dict[str, str]

    def address(self, login: str = "", database: str = "lmskit") -> str:
        """The address that the operator gives out, by which every connection is encrypted and checked."""
        at = f"{login}@" if login else ""
        checked = f"hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={self.authority.certificate}"
        return f"postgresql://{at}{HOST}:{self.port}/{database}?{checked}"

    def superuser(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.cluster.start().superuser_conninfo(database), autocommit=True)


def missing() -> str | None:
    """Why the way cannot be gone on this machine; None if it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "making users of the machine needs root on Linux; in CI the tests run as root"
    if USERADD is None:
        return "useradd is not installed"
    if STUNNEL is None or OPENSSL is None or shutil.which("psql") is None:
        return "stunnel, openssl or psql is not installed; .ci/run installs them"
    return None


@pytest.fixture(scope="module")
def institution() -> Iterator[Institution]:
    """An empty machine with the wheel, four users without anything of lmskit's, and a server that knows a login without superuser."""
    if (reason := missing()) is not None:
        pytest.skip(reason)
    with ExitStack() as open_now:
        folder = Path(open_now.enter_context(tempfile.TemporaryDirectory(prefix="lmskit-institution-")))
        folder.chmod(0o755)
        python = environment_for_everybody(folder, wheel_of_this_checkout(folder))
        authority = Authority(folder / "authority", "ours")
        cluster = Cluster(folder / "server", access().settings.postgres_version, overrides=TALKATIVE)
        (folder / "server").mkdir(mode=0o711)
        open_now.callback(cluster.stop)
        server_port = cluster.start().port
        record = Record()
        find = open_now.enter_context(users(PEOPLE, python.parent, record))
        people = {name: find(name) for name in PEOPLE}
        for person in people.values():
            person.variables = libraries(python)
        names = ("operator", "admin", "lecturer", "new lecturer", "dispatcher", "mail server", "student")
        passwords = {name: password() for name in names}
        passwords["mail server"] = passwords["mail server"].encode("ascii", "ignore").decode()  # others are not sent
        port = open_now.enter_context(tls_front(authority.certify(HOST), server_port))
        made = Institution(cluster, authority, port, people, record, passwords)
        with closing(made.superuser()) as connection:
            verifier = roles.scram_verifier(passwords["operator"])
            connection.execute(f"CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD '{verifier}'")
        open_now.enter_context(record.watching(made.superuser))
        yield made
