"""Each function that every login may call has a decision in docs/shared-resources.md."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from lmskit.db import access
from lmskit.db.hardening import SHARED_RESOURCES

if TYPE_CHECKING:
    from tests.security.world import Connection, World

OPEN = """
SELECT DISTINCT p.proname FROM pg_proc AS p
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND (p.provolatile = 'v' OR p.proparallel <> 's')
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND (has_function_privilege('lmskit_lecturer', p.oid, 'EXECUTE') OR p.proname = ANY (%s)) ORDER BY 1
"""
DECISIONS = {"closed", "guarded", "own", "shown", "query", "bounded"}
ONLY_IN_16 = {"pg_read_file_old", "pg_rotate_logfile_old"}


def decisions() -> dict[str, str]:
    """The decision of each pattern, in the order of the page."""
    page = (access().settings.project_root / "docs" / "shared-resources.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+`) \| (\w+) \| .*\|$", page, re.MULTILINE)
    return {pattern: decision for patterns, decision in rows for pattern in re.findall(r"`([^`]+)`", patterns)}


def undecided(connection: Connection) -> set[str]:
    """Functions of the server that no row of the page names."""
    found = {row[0] for row in connection.execute(OPEN, [list(SHARED_RESOURCES)]).fetchall()}
    return {name for name in found if not any(fnmatchcase(name, pattern) for pattern in decisions())}


def test_every_function_that_changes_or_takes_something_has_a_decision(world: World) -> None:
    with world.superuser() as connection:
        assert undecided(connection) == set()
    assert set(decisions().values()) == DECISIONS


def test_a_function_without_a_decision_is_found(world: World) -> None:
    with world.superuser() as connection:
        connection.execute("ALTER FUNCTION pg_sleep(float8) RENAME TO pg_doze")
        assert undecided(connection) == {"pg_doze"}
        connection.rollback()


@pytest.mark.skipif(access().settings.postgres_version < 18, reason="the page is about the newest version")
def test_no_row_is_about_a_function_that_does_not_exist(world: World) -> None:
    with world.superuser() as connection:
        names = [row[0] for row in connection.execute("SELECT DISTINCT proname FROM pg_proc").fetchall()]
    assert {pattern for pattern in decisions() if not any(fnmatchcase(name, pattern) for name in names)} == ONLY_IN_16


def test_what_is_closed_is_what_hardening_closes() -> None:
    assert {pattern for pattern, decision in decisions().items() if decision == "closed"} == set(SHARED_RESOURCES)
