"""The same on PostgreSQL 16, and on a server that a login with CREATEROLE has prepared instead of a superuser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, NullPool, create_engine
from sqlalchemy.orm import Session

from lmskit.db import access, roles
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Cluster
from lmskit.errors import BootstrapError
from lmskit.queries.access_rules import LEAKPROOF_BUILTINS, SHARED_RESOURCES, violations
from tests.security.attack import GROUPS, attacks, others_at_work, wrong_outcomes_of
from tests.security.oracle import complaints
from tests.security.state import state
from tests.security.test_open_functions import undecided
from tests.security.world import World, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lmskit.db.cluster import Endpoint

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "32MB"}
SLICE = ("existence", "identity", "leaky")
Bootstrapper = Literal["superuser", "manager"]


@pytest.fixture(scope="module")
def elsewhere(endpoint: Endpoint) -> Iterator[Callable[[int, Bootstrapper], World]]:
    """A factory of worlds in clusters of their own, prepared by a superuser or by a login with CREATEROLE."""
    started: list[tuple[Cluster, Path]] = []

    def make(version: int, by: Bootstrapper) -> World:
        home = Path(tempfile.mkdtemp(prefix="lmskit-older-"))
        cluster = Cluster(home, version, overrides=FAST)
        started.append((cluster, home))
        return prepared_by(by, cluster.start(), home / "pgpass")

    yield make
    for cluster, home in started:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


def prepared_by(by: Bootstrapper, endpoint: Endpoint, passfile: Path) -> World:
    """Prepare the server, and fill it with a world."""
    if by == "superuser":
        bootstrap(endpoint.superuser_conninfo(), passfile=passfile, own_cluster=True)
    else:
        with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as superuser:
            superuser.execute("CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'a password'")
            superuser.execute("CREATE DATABASE lmskit TEMPLATE template0 ENCODING 'UTF8'")
            superuser.execute("ALTER DATABASE lmskit OWNER TO manager")
        manager = make_conninfo("", **endpoint.parameters() | {"user": "manager", "password": "a password"})
        with pytest.raises(BootstrapError, match="A superuser has to run"):
            bootstrap(manager, passfile=passfile)
        with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as superuser:
            # What only a superuser can do, as the superuser of a managed server has done.
            superuser.execute("CREATE SCHEMA IF NOT EXISTS lms AUTHORIZATION lmskit_owner")
            superuser.execute("CREATE EXTENSION vector SCHEMA lms")
        result = bootstrap(manager, passfile=passfile)
        assert result.skipped != []
    query = endpoint.parameters() | {"passfile": str(passfile)}
    return build(endpoint, "lmskit", access().engine_at(URL.create("postgresql+psycopg", roles.MIGRATOR, database="lmskit", query=query)))


@pytest.mark.parametrize(
    ("version", "by"),
    [(16, "superuser"), (16, "manager"), (18, "manager")],
)
def test_the_rules_hold_there_too(elsewhere, version, by, say):
    say(holds(elsewhere(version, by), version, by, SLICE if by == "manager" else (*SLICE, "shared")))


@pytest.mark.long
@pytest.mark.parametrize("version", [16, 18])
def test_the_whole_battery_holds_after_a_bootstrap_without_a_superuser(elsewhere, version, say):
    groups = [group for group in GROUPS if group != "shared"]  # only a superuser can close what they try
    say(holds(elsewhere(version, "manager"), version, "manager", groups))


def holds(world: World, version: int, by: Bootstrapper, groups: Sequence[str]) -> str:
    """Run the oracle, the attacks of some groups and the access rules; return the figures in a sentence."""
    with world.superuser() as superuser:
        assert list(complaints(superuser, world)) == []
        assert undecided(superuser) == set()
        superuser.rollback()
    with others_at_work(world) as placeholders:
        before = state(world)
        wrong = [mistake for group in groups for mistake in wrong_outcomes_of(world, group, placeholders)]
        changed = {subject for subject, sum_ in state(world).items() if sum_ != before[subject]}
    assert not wrong, "\n".join(wrong)
    assert changed == set()
    found = broken_rules(world)
    # Only a superuser can close the plan oracle; this rule reports it.
    assert found == ({LEAKPROOF_BUILTINS, SHARED_RESOURCES} if by == "manager" else set())
    n_attacks = sum(len(attacks(group)) for group in groups)
    return f"PostgreSQL {version}, prepared by a {by}: {n_attacks} attacks, 0 successful; the lint finds {sorted(found)}"


def broken_rules(world: World) -> set[str]:
    engine = create_engine("postgresql+psycopg://", creator=world.superuser, poolclass=NullPool)
    with Session(engine) as session:
        return {violation.rule for violation in violations(session)}


@pytest.mark.long
def test_the_whole_suite_passes_on_postgresql_16():
    if access().settings.postgres_version == 16:
        pytest.skip("this is that run")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/security"],
        check=False,
        env=environment | {"LMSKIT_POSTGRES_VERSION": "16"},
        cwd=access().settings.project_root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert re.search(r"\d+ passed", done.stdout)
