"""Attacks of a lecturer over a real login: nothing of the other lecturer's is read, nothing but their own is changed."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest

from lmskit.db import access
from tests.security.attack import GROUPS, ask, attacks, others_at_work, wrong_outcomes_of
from tests.security.state import state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.security.world import World

ENOUGH = 200
figures: Counter[str] = Counter()


@pytest.fixture(scope="module")
def placeholders(world: World) -> Iterator[dict[str, object]]:
    """Ids and names for the attacks, while the other lecturer and an administrator are at work."""
    with others_at_work(world) as placeholders:
        yield placeholders


@pytest.mark.parametrize("group", GROUPS)
def test_a_lecturer_reads_and_changes_nothing_of_another(world, placeholders, group):
    before = state(world)
    wrong = wrong_outcomes_of(world, group, placeholders)
    changed = {subject for subject, sum_ in state(world).items() if sum_ != before[subject]}
    figures.update(successful=len(wrong), changes=len(changed))
    assert not wrong, "\n".join(wrong)
    assert changed == set()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT title FROM courses",
        "SELECT id FROM courses",
        "SELECT score FROM quiz_attempts",
        "SELECT embedding FROM passage_vectors",
        "SELECT body_vector FROM material_passages",
        "SELECT words FROM passage_words",
        "SELECT convert_to(title, 'UTF8') FROM courses",
        "COPY courses TO STDOUT",
        "SELECT title::int FROM courses WHERE id > 770000000",
        "DO $$ BEGIN RAISE NOTICE '%', (SELECT string_agg(settings::text, '') FROM users); END $$",
        "SELECT most_common_vals FROM pg_stats WHERE schemaname = 'lms'",
        "SELECT query FROM pg_stat_activity",
        "LISTEN channel; SELECT pg_notify('channel', 'canary')",
    ],
)
def test_where_the_other_lecturers_rows_are_seen_the_search_finds_them(world, placeholders, statement):
    with world.superuser() as connection:
        connection.autocommit = True
        assert ask(connection, statement).canaries(asked="")


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("role=lmskit_admin", "42501"),
        ("session_authorization=postgres", "42501"),
        ("session_replication_role=replica", "42501"),
        ("session_preload_libraries=x", "42501"),
        ("local_preload_libraries=../../evil", None),
        ("log_min_messages=panic", "42501"),
    ],
)
def test_a_connection_cannot_be_opened_with_more_rights(world, setting, code):
    with pytest.raises(psycopg.OperationalError) as refused:
        world.connect(world.own, options=f"-c {setting}")
    assert code is None or "permission denied" in str(refused.value)


def test_a_connection_opened_without_row_security_reads_nothing(world):
    with world.connect(world.own, options="-c row_security=off") as connection:
        assert ask(connection, "SELECT * FROM courses").code == "42501"


@pytest.mark.parametrize(
    "setting",
    ["role = 'lmskit_admin'", "session_authorization = 'postgres'", "search_path = 'pg_temp, public, lms'", "row_security = 'off'"],
)
def test_settings_of_the_own_login_do_not_make_it_another_login(world, setting):
    with world.connect(world.own) as connection:
        ask(connection, f'ALTER ROLE "{world.own.name}" SET {setting}')
    try:
        with world.connect(world.own) as connection:
            assert ask(connection, "SELECT session_user, current_user").values == [world.own.name, world.own.name]
            assert ask(connection, "SELECT * FROM lms.courses").canaries(asked="") == []
    except psycopg.OperationalError:
        pass  # a login that has locked itself out is harmless
    finally:
        with world.superuser() as superuser:
            superuser.execute(f'ALTER ROLE "{world.own.name}" RESET ALL')


def test_a_lecturer_has_five_connections_and_no_more(world):
    access().dispose()  # idle connections of earlier tests count as well, until the server has ended their sessions
    with ExitStack() as open_ones:
        deadline, n_open = time.monotonic() + 10, 0
        while n_open < 5:
            try:
                open_ones.enter_context(world.connect(world.own))
                n_open += 1
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            world.connect(world.own)


def test_the_battery_is_large_enough_and_its_figures_are_printed(say):
    n_attacks = sum(len(attacks(group)) for group in GROUPS)
    assert n_attacks >= ENOUGH
    say(
        f"attack battery: {n_attacks} statements in {len(GROUPS)} groups; "
        f"successful: {figures['successful']}, foreign changes: {figures['changes']}"
    )
