"""Two lecturers with a world and a colleague each, and an administrator, in a database of their own. Every row shows to whom it belongs."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo

from lmskit.db import access, generate_password, scram_verifier
from lmskit.names import sort_name
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint

Connection = psycopg.Connection[Any]
HERE = Path(__file__).parent
OWN, FOREIGN, NOBODY = 1_000_000, 770_000_000, 990_000_000
"""The first ids of the attacking lecturer, of the other one, and of rows that do not exist."""
SHARED_STUDENTS = (31, 32)

# The search omits the last letter of the word, since a text vector contains its stem.
CANARY = re.compile(r"canar|4242\.42|0\.4243|2031-07-07|\b77\d{7}\b", re.IGNORECASE)
"""What only rows of the other lecturer or of an administrator contain."""
ROWS = {
    "lecturer": 1, "colleague": 4, "student": 31, "hidden_student": 32, "term": 5, "course": 11, "second_course": 12,
    "quiz": 61, "second_quiz": 71,
    "attempt": 1001, "material": 201, "decision": 801, "crawl": 901, "external_id": 301, "outbox": 401,
    "import": 501, "audit": 601, "archive": 701,
}  # fmt: skip


@dataclass(frozen=True)
class Login:
    """A person who can sign in."""

    id: int
    email: str
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class World:
    """The address of the database, and its people, of whom four are on the staff of the first course of `own`."""

    endpoint: Endpoint
    database: str
    own: Login
    foreign: Login
    admin: Login
    colleague: Login
    assistant: Login
    tutor: Login
    observer: Login

    def superuser(self) -> Connection:
        """Connect as a superuser, to whom no policy applies; the schema is in the search path."""
        return psycopg.connect(self.endpoint.superuser_conninfo(self.database))

    def connect(self, login: Login, **more: Any) -> Connection:
        """Connect with the password of a login, each statement its own transaction."""
        return psycopg.connect(self.conninfo(login), autocommit=True, **more)

    def conninfo(self, login: Login) -> str:
        """Return the address of the database with the login and its password."""
        parameters: dict[str, Any] = {"user": login.name, "password": login.password, "dbname": self.database, "connect_timeout": 10}
        return make_conninfo("", **self.endpoint.parameters() | parameters)

    def log_folder(self) -> Path:
        """Return where the server writes its log."""
        with self.superuser() as connection:
            row = connection.execute("SELECT current_setting('log_directory')").fetchone()
        assert row is not None
        return Path(row[0])

    def engine(self, login: Login) -> Engine:
        """Return an engine of the login, as lmskit's own."""
        from sqlalchemy import URL

        query = {**self.endpoint.parameters(), "require_auth": "scram-sha-256"}
        return access().engine_at(URL.create("postgresql+psycopg", login.name, login.password, database=self.database, query=query))

    @contextmanager
    def posing(self, connection: Connection, login: str) -> Iterator[None]:
        """Let a superuser's open transaction act as the login; what is done in the block is undone."""
        with connection.transaction(force_rollback=True):
            connection.execute(f'SET LOCAL SESSION AUTHORIZATION "{login}"')
            yield


def build(endpoint: Endpoint, database: str) -> World:
    """Fill a database at the newest revision."""
    with psycopg.connect(endpoint.superuser_conninfo(database)) as connection:
        connection.execute(
            "INSERT INTO terms (id, code, name, starts_on, ends_on) OVERRIDING SYSTEM VALUE"
            " VALUES (5, 'SHARED', 'Shared', '2026-01-01', '2026-12-31')"
        )
        connection.execute(
            "INSERT INTO embedding_models (name, dimension, checksum, state) VALUES ('shared', 3, repeat('0', 64), 'in use')"
        )
        for student in SHARED_STUDENTS:
            connection.execute(
                "INSERT INTO users (id, email, family_name, sort_name, role) OVERRIDING SYSTEM VALUE"
                " VALUES (%s, %s, 'Shared', 'shared', 'student')",
                [student, f"shared{student}@example.org"],
            )
        statements = (HERE / "world.sql").read_text(encoding="utf-8")
        for values in (
            {"word": "wren", "base": OWN, "score": 4.5, "embedding": 0.25, "day": "date '2026-03-01'"},
            {"word": "canary", "base": FOREIGN, "score": 4242.4242, "embedding": 0.42431640625, "day": "date '2031-07-07'"},
        ):
            connection.execute(filled(statements, values).encode())
        connection.execute(
            "INSERT INTO users (id, email, family_name, sort_name, role) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, 'canary.admin@example.org', 'canary-admin', %s, %s)",
            [FOREIGN + 2, sort_name("canary-admin"), Role.SUPER_ADMIN.value],
        )
        world = World(
            endpoint,
            database,
            *(_login(connection, person) for person in (OWN + 1, FOREIGN + 1, FOREIGN + 2, *(OWN + n for n in (4, 6, 7, 8)))),
        )
    with psycopg.connect(endpoint.superuser_conninfo(database), autocommit=True) as connection:
        connection.execute("ANALYZE")  # the statistics hold values of rows
    return world


def filled(statement: str, values: dict[str, Any]) -> str:
    """Replace each `:name` by its value; two colons are a cast."""
    return re.sub(r"(?<!:):([a-z_]+)", lambda found: str(values.get(found[1], found[0])), statement)


def _login(connection: Connection, person: int) -> Login:
    password = generate_password()
    row = connection.execute(
        "SELECT email, set_login(id, %s, '$argon2id$canary') FROM users WHERE id = %s", [scram_verifier(password), person]
    ).fetchone()
    assert row is not None
    return Login(person, row[0], row[1], password)


def prepared(migrated_database: Callable[[str], Engine], endpoint: Endpoint, database: str) -> World:
    """Make a database, and a world in it."""
    migrated_database(database)
    return build(endpoint, database)
