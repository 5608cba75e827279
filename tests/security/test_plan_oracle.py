"""EXPLAIN must not answer questions about rows that a lecturer may not see."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from sqlalchemy import Engine

from lmskit.db import access
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Endpoint
from lmskit.db.hardening import is_hardened, leakproof_builtins
from tests.security.oracle_world import World, build
from tests.security.plan_probes import PLANNER_SETTINGS, PROBES, counts, leaks

HARDENED, OPEN = "lmskit_hardened", "lmskit_unhardened"
BY_CODE = "CREATE INDEX probe ON lms.courses USING hash (code)"
"""The key of codes is by `lower(code)`, through which no probe looks; with this index, it could."""


@contextmanager
def prepared(endpoint: Endpoint, make: Callable[[str], Engine], name: str, *, harden: bool | None) -> Iterator[World]:
    engine = make(name)
    bootstrap(endpoint.superuser_conninfo(), name, passfile=access().settings.passfile, own_cluster=True, harden=harden)
    world = build(endpoint, engine)
    with psycopg.connect(endpoint.superuser_conninfo(name), autocommit=True) as superuser:
        superuser.execute(BY_CODE)
    yield world
    world.connection.close()


@pytest.fixture(scope="module")
def hardened(endpoint: Endpoint, fresh_database: Callable[[str], Engine]) -> Iterator[World]:
    with prepared(endpoint, fresh_database, HARDENED, harden=None) as world:
        yield world


@pytest.fixture(scope="module")
def unhardened(endpoint: Endpoint, fresh_database: Callable[[str], Engine]) -> Iterator[World]:
    with prepared(endpoint, fresh_database, OPEN, harden=False) as world:
        yield world


def leaking(world: World) -> dict[str, list[str]]:
    found = {probe.name: leaks(world.connection, probe, world.keys) for probe in PROBES}
    return {name: where for name, where in found.items() if where}


def test_in_a_hardened_database_no_probe_leaks_under_any_planner_setting(hardened, say):
    found = leaking(hardened)
    say(f"plan oracle, hardened: {len(found)} of {len(PROBES)} probes leak under any of {len(PLANNER_SETTINGS)} planner settings")
    assert found == {}


def test_the_same_probes_leak_where_the_built_ins_are_leakproof(unhardened, say):
    found = leaking(unhardened)
    say(f"plan oracle, not hardened: {len(found)} of {len(PROBES)} probes leak")
    is_older = access().settings.postgres_version < 18
    expected = {probe.name for probe in PROBES if probe.is_open or (is_older and probe.was_open)}
    assert (found.keys() - expected, expected - found.keys()) == (set(), set())
    assert len(found) >= 15


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_no_guess_is_true_of_an_own_row(hardened, probe):
    """Otherwise a probe could distinguish its guesses by rows that the lecturer may see."""
    if not probe.question.startswith("SELECT 1 FROM") or "remembers" in probe.name:
        return
    for guess in (probe.true, probe.false):
        question = probe.question
        for name, key in hardened.keys.items():
            question = question.replace("{" + name + "}", str(key))
        with suppress(psycopg.errors.InsufficientPrivilege):
            assert hardened.connection.execute(question.format(guess.format(**hardened.keys))).fetchall() == []


def test_what_remains_are_counts_over_whole_tables(hardened):
    """Known and documented: how many rows there are in all."""
    hardened.connection.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
    seen = repr(counts(hardened.connection, "SELECT 1 FROM courses ORDER BY code LIMIT 1"))
    hardened.connection.execute("RESET ALL")
    assert re.findall(r"Rows Removed by Filter=(\d+)", seen) == ["251"]  # all foreign courses


ORDERED = """
SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND a.atttypid::regtype::text !~ 'vector|json' ORDER BY 1, 2
"""
SURROGATE = {"id", "course_id", "quiz_id", "material_id"}
"""Keys that are counted up, so that their order says only how many rows others have added in between."""


def removed_before_the_first(world: World, table: str, column: str) -> set[tuple[str, ...]]:
    """How many hidden rows a scan skips until it has found so many rows in an order."""
    seen = set()
    for limit in (1, 2, 5, 20):
        plan = repr(counts(world.connection, f"SELECT 1 FROM {table} ORDER BY {column} LIMIT {limit}"))
        seen.add(tuple(re.findall(r"Rows Removed by Filter=(\d+)", plan)))
    return seen


def orders_that_skip_hidden_rows(world: World) -> set[tuple[str, str]]:
    """The columns by which a lecturer can see how many hidden rows sort before or between own ones."""
    found = set()
    for settings in ({"enable_seqscan": "off"}, {"enable_seqscan": "off", "enable_sort": "off", "enable_bitmapscan": "off"}):
        world.connection.execute("RESET ALL")
        for name, value in settings.items():
            world.connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        for table, column in world.connection.execute(ORDERED).fetchall():
            if len(removed_before_the_first(world, table, column)) > 1:
                found.add((table, column))
    world.connection.execute("RESET ALL")
    return found


def test_no_order_but_that_of_surrogate_keys_skips_hidden_rows(hardened):
    """By the order of students, a lecturer could see how many other courses each own student takes."""
    assert {(table, column) for table, column in orders_that_skip_hidden_rows(hardened) if column not in SURROGATE} == set()


def test_an_index_by_student_would_show_how_many_other_courses_own_students_take(endpoint, hardened):
    with superuser(endpoint, HARDENED) as connection:
        connection.execute("CREATE INDEX by_student ON student_enrollments (student_id)")
        try:
            assert ("student_enrollments", "student_id") in orders_that_skip_hidden_rows(hardened)
        finally:
            connection.execute("DROP INDEX by_student")


def test_statistics_of_words_would_leak_even_when_hardened(endpoint, hardened):
    """So a migration switches them off, and an access rule checks that."""
    probe = next(probe for probe in PROBES if probe.name == "estimate of a word in a text")
    with superuser(endpoint, HARDENED) as connection:
        connection.execute("ALTER TABLE material_passages ALTER COLUMN body_vector SET STATISTICS 100")
        connection.execute("ANALYZE material_passages")
        assert leaks(hardened.connection, probe, hardened.keys)
        connection.execute("ALTER TABLE material_passages ALTER COLUMN body_vector SET STATISTICS 0")
        connection.execute("ALTER TABLE material_passages ALTER COLUMN body_vector TYPE tsvector")
        assert not leaks(hardened.connection, probe, hardened.keys)


def superuser(endpoint: Endpoint, database: str) -> psycopg.Connection:
    return psycopg.connect(endpoint.superuser_conninfo(database), autocommit=True)


def test_bootstrap_hardens_a_cluster_of_our_own(endpoint, cluster):
    with superuser(endpoint, "lmskit") as connection:
        assert is_hardened(connection)


def test_keeping_the_built_ins_leakproof_restores_every_one_of_them(endpoint, fresh_database):
    fresh_database("lmskit_restored")
    with superuser(endpoint, "lmskit_restored") as connection, superuser(endpoint, "template1") as untouched:
        assert leakproof_builtins(connection) == []
        for _ in range(2):
            bootstrap(endpoint.superuser_conninfo(), "lmskit_restored", passfile=access().settings.passfile, own_cluster=True, harden=False)
            assert sorted(leakproof_builtins(connection)) == sorted(leakproof_builtins(untouched))
            assert len(leakproof_builtins(untouched)) > 300


def test_a_server_that_is_not_ours_is_left_as_it_is_unless_asked(endpoint, fresh_database):
    fresh_database("lmskit_foreign")
    with superuser(endpoint, "lmskit_foreign") as connection:
        bootstrap(endpoint.superuser_conninfo(), "lmskit_foreign", passfile=access().settings.passfile, harden=False)
        bootstrap(endpoint.superuser_conninfo(), "lmskit_foreign", passfile=access().settings.passfile)
        assert not is_hardened(connection)
        bootstrap(endpoint.superuser_conninfo(), "lmskit_foreign", passfile=access().settings.passfile, harden=True)
        assert is_hardened(connection)
