"""A role that changes while a session is open: what the session has prepared does not outlive the rights it was prepared with.

PostgreSQL before 18.6, 17.11 and 16.15 keeps plans that were made for the groups of before (CVE-2026-14666). lmskit ends the sessions of
a login whose rights it changes, so that its own ways are safe there too.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from lmskit.db import scram_verifier
from lmskit.queries.server_release import SERVER_RELEASE
from tests.security.older import KNOWN, broken_rules
from tests.security.oracle import DENIED, VISIBLE
from tests.security.world import OWN, ROWS, Connection, Login, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.security.older import Elsewhere

ADMIN, LECTURER = "lmskit_admin", "lmskit_lecturer"
MEMBER = "WITH INHERIT TRUE, SET FALSE, ADMIN FALSE"
GRANTOR = "GRANTED BY lmskit_logins"
TOUCH = "UPDATE lms.quizzes SET title = title"
Outcome = int | str
"""A number of rows, or the code of the error."""


@dataclass
class Prepared:
    """A session that has prepared its statements in every way there is, and has executed each often enough to keep its plan."""

    connection: Connection
    statements: dict[str, sql.Composed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare them."""
        for mode in ("force_generic_plan", "auto"):
            self.connection.execute(sql.SQL("SET plan_cache_mode = {}").format(mode))
            for table in VISIBLE:
                name, relation = sql.Identifier(f"{table} {mode}"), sql.Identifier("lms", table)
                self.connection.execute(sql.SQL("PREPARE {} AS SELECT count(*) FROM {}").format(name, relation))
                self.statements[f"{table}, {mode}"] = sql.SQL("EXECUTE {}").format(name)
        for table in VISIBLE:
            # The driver keeps a statement under a name of its own, in the protocol.
            self.statements[f"{table}, protocol"] = sql.SQL("SELECT count(*) FROM {} LIMIT 1").format(sql.Identifier("lms", table))
        for _ in range(7):  # the sixth execution is the first with a plan that is kept
            self.outcomes()

    def outcomes(self) -> dict[str, Outcome]:
        """Execute all of them."""
        return {name: self._outcome(statement) for name, statement in self.statements.items()}

    def _outcome(self, statement: sql.Composed) -> Outcome:
        try:
            row = self.connection.execute(statement, prepare=True).fetchone()
        except psycopg.Error as error:
            return error.sqlstate or "closed"
        assert row is not None
        return int(row[0])


def expected(superuser: Connection, login: Login, group: str | None) -> dict[str, Outcome]:
    """Count the rows of each table that the person has a right to as a member of the group."""
    if group is None:
        return dict.fromkeys(VISIBLE, DENIED)
    counts: dict[str, Outcome] = {}
    for table, condition in VISIBLE.items():
        statement = f"SELECT count(*) FROM lms.{table} WHERE {condition if group == LECTURER else 'true'}"
        row = superuser.execute(statement.encode(), {"me": login.id}).fetchone()
        assert row is not None
        counts[table] = int(row[0])
    return counts


def wrong(session: Prepared, right: Mapping[str, Outcome]) -> list[str]:
    """Name the statements that do not show what is right."""
    return [f"{name}: {seen}" for name, seen in session.outcomes().items() if seen != right[name.split(", ")[0]]]


def regroup(superuser: Connection, login: Login, before: str | None, after: str | None) -> None:
    """Let a login change its group, as a superuser by hand: its sessions stay open."""
    for verb, group, preposition, options in (("REVOKE", before, "FROM", ""), ("GRANT", after, "TO", MEMBER)):
        if group is not None:
            superuser.execute(f'{verb} {group} {preposition} "{login.name}" {options} {GRANTOR}'.encode())
    superuser.commit()


def stale_after_regrouping(world: World) -> tuple[list[str], int]:
    """Change groups under open sessions; return what was wrong then, and how many statements were executed."""
    stale, executed = [], 0
    with world.superuser() as superuser:
        for login, before, after in (
            (world.admin, ADMIN, LECTURER),
            (world.admin, ADMIN, None),
            (world.own, LECTURER, ADMIN),
            (world.own, LECTURER, None),
        ):
            with world.connect(login) as connection:
                session = Prepared(connection)
                assert wrong(session, expected(superuser, login, before)) == []
                regroup(superuser, login, before, after)
                try:
                    found = wrong(session, expected(superuser, login, after))
                finally:
                    regroup(superuser, login, after, before)
                stale += [f"{before} to {after}: {mistake}" for mistake in found]
                executed += len(session.statements)
                assert wrong(session, expected(superuser, login, before)) == []
    return stale, executed


@pytest.mark.skipif(bool(KNOWN), reason="older releases do not do this: see the next test")
def test_what_was_prepared_before_a_role_changed_shows_what_the_role_may_see_now(world, say):
    stale, executed = stale_after_regrouping(world)
    assert stale == []
    say(f"{executed} statements prepared before their login changed its group: all show what it may see now")


@pytest.fixture(params=["16", "18.4"])
def older(request, elsewhere: Elsewhere) -> World:
    return elsewhere.world(request.param, "superuser")


def test_an_older_server_is_named_for_what_it_does(older, say):
    stale, executed = stale_after_regrouping(older)
    with older.superuser() as superuser:
        shown = superuser.info.parameter_status("server_version")
    assert SERVER_RELEASE in broken_rules(older)
    say(f"PostgreSQL {shown}: {len(stale)} of {executed} statements prepared before their login changed its group show what it saw before")


@pytest.fixture(params=["18", "16", "18.4"])
def any_world(request, elsewhere: Elsewhere, world: World) -> World:
    return world if request.param == "18" else elsewhere.world(request.param, "superuser")


@contextmanager
def handed_over(world: World) -> Iterator[None]:
    """Give one of two courses to the other lecturer, without the trigger that ends the sessions of the first; then give it back."""

    def give(to: Login) -> None:
        with world.superuser() as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("UPDATE lms.courses SET lecturer_id = %s WHERE id = %s", [to.id, OWN + ROWS["course"]])

    give(world.foreign)
    try:
        yield
    finally:
        give(world.own)


def test_what_was_prepared_before_a_course_was_handed_over_no_longer_shows_it(any_world):
    with any_world.connect(any_world.own) as connection, any_world.superuser() as superuser:
        session = Prepared(connection)
        before = expected(superuser, any_world.own, LECTURER)
        assert wrong(session, before) == []
        superuser.rollback()
        with handed_over(any_world):
            after = expected(superuser, any_world.own, LECTURER)
            assert {table for table in VISIBLE if after[table] != before[table]} >= {"courses", "quizzes", "quiz_attempts"}
            assert wrong(session, after) == []


def test_what_was_prepared_before_a_login_was_closed_is_refused(any_world):
    """Also on older servers: the groups are taken away, and the session ends."""
    person = any_world.admin
    with any_world.connect(person) as connection, any_world.superuser() as superuser:
        session = Prepared(connection)
        touched = connection.execute(TOUCH, prepare=True).rowcount
        assert touched > 0
        superuser.execute("SELECT lms.shut_role(%s)", [person.name])
        superuser.commit()
        try:
            assert set(session.outcomes().values()) <= {DENIED, "closed", "57P01"}
            with pytest.raises(psycopg.Error):
                connection.execute(TOUCH, prepare=True)
        finally:
            superuser.execute("SELECT lms.set_login(%s, %s, '$argon2id$canary')", [person.id, scram_verifier(person.password)])
            superuser.commit()
