"""The same on PostgreSQL 16, and on a server that a login with CREATEROLE has prepared instead of a superuser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

from lmskit.db import access
from lmskit.queries.access_rules import LEAKPROOF_BUILTINS, SHARED_RESOURCES
from lmskit.queries.server_release import SERVER_RELEASE
from tests.security.attack import GROUPS, attacks, others_at_work, wrong_outcomes_of
from tests.security.older import broken_rules
from tests.security.oracle import complaints
from tests.security.state import state
from tests.security.test_open_functions import undecided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.security.older import Bootstrapper
    from tests.security.world import World

SLICE = ("existence", "identity", "leaky")


@pytest.mark.long
@pytest.mark.parametrize(
    ("version", "by"),
    [("16", "superuser"), ("16", "manager"), ("18", "manager")],
)
def test_the_rules_hold_there_too(elsewhere, version, by, say):
    say(holds(elsewhere.world(version, by), version, by, SLICE if by == "manager" else (*SLICE, "shared")))


@pytest.mark.long
@pytest.mark.parametrize("version", ["16", "18"])
def test_the_whole_battery_holds_after_a_bootstrap_without_a_superuser(elsewhere, version, say):
    groups = [group for group in GROUPS if group != "shared"]  # only a superuser can close what they try
    say(holds(elsewhere.world(version, "manager"), version, "manager", groups))


def holds(world: World, version: str, by: Bootstrapper, groups: Sequence[str]) -> str:
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
    # Only a superuser can close the plan oracle and shared resources; these rules report them.
    only_superusers = {LEAKPROOF_BUILTINS, SHARED_RESOURCES} if by == "manager" else set()
    assert found == only_superusers | ({SERVER_RELEASE} if version == "16" else set())
    n_attacks = sum(len(attacks(group)) for group in groups)
    return f"PostgreSQL {version}, prepared by a {by}: {n_attacks} attacks, 0 successful; the lint finds {sorted(found)}"


def test_this_run_has_the_server_that_it_asks_for(endpoint, say):
    with psycopg.connect(endpoint.superuser_conninfo()) as connection:
        major = connection.info.server_version // 10_000
    assert major == access().settings.postgres_version == int(os.environ.get("LMSKIT_TEST_POSTGRES", "18"))
    say(f"the server of this run is PostgreSQL {major}")


@pytest.mark.exhaustive
def test_the_whole_suite_passes_on_postgresql_16():
    if access().settings.postgres_version == 16:
        pytest.skip("this is that run")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/security"],
        check=False,
        env=environment | {"LMSKIT_TEST_POSTGRES": "16"},
        cwd=access().settings.project_root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert re.search(r"\d+ passed", done.stdout)
    assert "the server of this run is PostgreSQL 16" in done.stdout
