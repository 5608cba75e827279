"""A database of its own with people who sign in over real connections."""

import threading
import time

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lmskit.db import access, login_name, transaction
from lmskit.errors import LmskitError
from lmskit.schemas.person import CreatePerson
from lmskit.services.person import create_person, found_administrator
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import Role

ADMIN, ADA, BEN = DEMO_ADMIN, "ada@example.org", "ben@example.org"


class School:
    """An administrator and the lecturers Ada and Ben, with their passwords."""

    def __init__(self, migrated_database, name):
        self.name, self.migrator = name, migrated_database(name)
        self.passwords = {email: f"the password of {email}" for email in (ADMIN, ADA, BEN)}
        with transaction(self.migrator) as session:
            request = CreatePerson(email=ADMIN, family_name="Admin", role=Role.SUPER_ADMIN)
            assert found_administrator(session, request, password=self.passwords[ADMIN])
        with transaction(self.engine(ADMIN)) as session:
            for email in (ADA, BEN):
                create_person(
                    session, CreatePerson(email=email, family_name=email.partition("@")[0].title()), password=self.passwords[email]
                )

    def login(self, email):
        return login_name(self.name, email)

    def url(self, email, password=None):
        """The address of the database with a person's login."""
        base = self.migrator.url.difference_update_query(["passfile"])
        return base.set(username=self.login(email), password=password or self.passwords[email])

    def engine(self, email, password=None):
        return access().engine_at(self.url(email, password))

    def person_id(self, email):
        with self.engine(ADMIN).connect() as connection:
            return connection.scalar(text("SELECT id FROM users WHERE email = :email"), {"email": email})

    def audit(self, email=ADMIN):
        """The entries from the beginning, as dictionaries."""
        with self.engine(email).connect() as connection:
            return [dict(row) for row in connection.execute(text("SELECT * FROM audit_log ORDER BY id")).mappings()]


def while_another_waits(school, endpoint, first, second):
    """Begin `first` in a session, let `second` wait for it in another one, commit both; return what `second` raised, or None."""
    raised: list[Exception | None] = []

    def work():
        try:
            with transaction(school.engine(ADMIN)) as session:
                second(session)
        except (LmskitError, DBAPIError) as error:
            raised.append(error)
        else:
            raised.append(None)

    other = threading.Thread(target=work)
    with psycopg.connect(endpoint.superuser_conninfo(school.name), autocommit=True) as watching:
        with transaction(school.engine(ADMIN)) as session:
            first(session)
            own = session.scalar(text("SELECT pg_backend_pid()"))
            other.start()
            waits = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND %s = ANY (pg_blocking_pids(pid))"
            until = time.monotonic() + 30
            while not watching.execute(waits, [school.name, own]).fetchone() and other.is_alive() and time.monotonic() < until:
                time.sleep(0.01)
        other.join(timeout=60)
    (result,) = raised
    return result
