"""Every injected fault is noticed, by an access rule or by the oracle that checks what each login sees."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.orm import Session

from lmskit.queries.access_rules import MANIFEST, violations
from tests.security.mutations import mutations
from tests.security.older import KNOWN
from tests.security.oracle import complaints, undone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.security.world import World

SHARES = 12
"""Checking for all faults takes ten minutes."""
ENOUGH = 150
"""Faults of a share."""


@pytest.fixture
def superuser(world: World) -> Iterator[Connection]:
    engine = create_engine("postgresql+psycopg://", creator=world.superuser, poolclass=NullPool)
    with engine.connect() as connection, connection.begin() as everything:
        yield connection
        everything.rollback()


def test_where_nothing_was_injected_nothing_is_noticed(superuser):
    assert {rule for rule, _ in lint(superuser)} == KNOWN


@pytest.mark.long
def test_injected_faults_of_every_kind_are_noticed(world, superuser, say):
    faults = list(mutations(superuser.connection.driver_connection, world))
    # Each migration has faults of its own, and moves the share on to others of the old ones.
    newest = superuser.scalar(text("SELECT version_num::integer FROM lms.alembic_version"))
    assert all_noticed(world, superuser, say, shares(faults)[newest % SHARES]) >= ENOUGH


@pytest.mark.exhaustive
def test_every_injected_fault_is_noticed(world, superuser, say):
    faults = list(mutations(superuser.connection.driver_connection, world))
    assert all_noticed(world, superuser, say, faults) >= ENOUGH * SHARES


def shares(faults):
    """Divide the faults so that each share has some of every kind; of a kind with few faults each has one."""
    by_kind = defaultdict(list)
    for fault in faults:
        by_kind[fault.kind].append(fault)
    return [[fault for of_kind in by_kind.values() for fault in of_kind[share % len(of_kind) :: SHARES]] for share in range(SHARES)]


def test_the_shares_of_the_faults_are_all_of_them_and_each_has_every_kind(world, superuser):
    faults = list(mutations(superuser.connection.driver_connection, world))
    divided = shares(faults)
    assert {fault for share in divided for fault in share} == set(faults)
    assert {len({fault.kind for fault in share}) for share in divided} == {len({fault.kind for fault in faults})}


def all_noticed(world, superuser, say, faults):
    """Inject each fault and look for it; return how many there were."""
    driver: Any = superuser.connection.driver_connection
    unharmed = lint(superuser)
    noticed: Counter[str] = Counter()
    missed = []
    for fault in faults:
        with undone(driver):
            driver.execute(fault.statements.encode())
            driver.execute("RESET ROLE")
            noticed_by = {"the manifest" if rule == MANIFEST else "a rule" for rule, _ in lint(superuser) - unharmed}
            # Checking every login takes a while: the oracle is for faults that no rule notices.
            if "a rule" not in noticed_by and next(complaints(driver, world), None) is not None:
                noticed_by.add("the oracle")
        noticed.update(noticed_by)
        if noticed_by == {"the manifest"}:
            noticed["the manifest alone"] += 1
        if not noticed_by:
            missed.append(str(fault))
    say(
        f"mutations: {len(faults)} faults; noticed by a rule of the lint {noticed['a rule']}, "
        f"of the others by the oracle {noticed['the oracle']}, by the lint's manifest alone {noticed['the manifest alone']}; "
        f"missed {len(missed)}"
    )
    assert not missed, "\n".join(missed)
    return len(faults)


def lint(connection: Connection) -> set[tuple[str, str]]:
    """Check the access rules over this connection, in this transaction."""
    with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
        return {(violation.rule, violation.object) for violation in violations(session)}
