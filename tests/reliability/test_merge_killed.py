"""Processes that merge and split people are killed at any moment: of each pair there are two people with their rows, or one with all."""

from __future__ import annotations

import itertools
import random
import time

import psutil
import pytest

from lmskit.db import access
from tests.reliability.crew import Crew, kill
from tests.security.world import OWN, prepared

FIRST, PAIRS = OWN + 5001, 20
LAST = FIRST + 2 * PAIRS - 1
ROWS_OF = """
SELECT p.kept,
    (SELECT count(*) FROM users AS u WHERE u.id IN (p.kept, p.kept + 1)) AS people,
    (SELECT array_agg(concat_ws(':', a.student_id - p.kept, a.number) ORDER BY a.student_id, a.number)
     FROM quiz_attempts AS a WHERE a.student_id IN (p.kept, p.kept + 1)) AS attempts,
    (SELECT array_agg(e.student_id - p.kept ORDER BY e.student_id)
     FROM student_enrollments AS e WHERE e.student_id IN (p.kept, p.kept + 1)) AS enrolled,
    (SELECT array_agg(x.person_id - p.kept ORDER BY x.person_id, x.external_id)
     FROM external_ids AS x WHERE x.person_id IN (p.kept, p.kept + 1)) AS ids,
    (SELECT array_agg(concat_ws(':', t.student_id - p.kept, t.n_evidence) ORDER BY t.student_id)
     FROM topic_performance AS t WHERE t.student_id IN (p.kept, p.kept + 1)) AS estimates,
    (SELECT count(*) FROM person_merges AS m WHERE m.kept_id = p.kept AND m.removed_id = p.kept + 1) AS receipts
FROM generate_series(%s::bigint, %s, 2) AS p (kept) ORDER BY 1
"""
STATEMENTS = """
INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE
SELECT n, format('t%%s@example.org', n), 'Twin', 'Ann', 'twin, ann', 'student' FROM generate_series(%(first)s::bigint, %(last)s) AS n;
INSERT INTO external_ids (source, kind, external_id, person_id)
SELECT 'killed', 'person', n::text, n FROM generate_series(%(first)s::bigint, %(last)s) AS n;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
SELECT %(course)s, n, 'active', 'import', '2026-03-01' FROM generate_series(%(first)s::bigint, %(last)s) AS n;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
SELECT %(quiz)s, %(course)s, n, k, 1, 2, timestamptz '2026-03-02 00:00Z' + k * interval '1 day', 'import'
FROM generate_series(%(first)s::bigint, %(last)s) AS n CROSS JOIN generate_series(1, 2) AS k
"""
TWO = (2, ["0:1", "0:2", "1:1", "1:2"], [0, 1], [0, 1], 0)
ONE = (1, ["0:1", "0:2", "0:3", "0:4"], [0], [0, 0, 0], 1)


@pytest.fixture
def world(migrated_database, endpoint):
    """A world with pairs of students of one course, who have two results each."""
    made = prepared(migrated_database, endpoint, "lmskit_merge_killed")
    with made.superuser() as connection:
        connection.execute("UPDATE terms SET state = 'open'")
        for statement in STATEMENTS.strip().split(";\n"):
            connection.execute(statement, {"first": FIRST, "last": LAST, "course": OWN + 11, "quiz": OWN + 61})
    return made


@pytest.mark.long
def test_a_killed_merge_or_split_leaves_two_people_or_one_and_never_half(world, n_kills, say, tmp_path):
    url = world.engine(world.admin).url.render_as_string(hide_password=False)
    rng = random.Random(20261130)
    n_killed, during, one = 0, 0, 0.0
    seen = set()
    with Crew(home=access().settings.home, smtp_port=9) as crew:
        for number in itertools.count():
            # Every tenth process ends by itself, so that kills fall into the work, however fast the machine is.
            ends = number % 10 == 0
            kept = FIRST + 2 * (number % PAIRS)
            progress = tmp_path / f"{number}.txt"
            progress.touch()
            pid = crew.start("merge", url=url, first=kept, last=kept if ends else LAST, progress=str(progress), lease=1)
            while not progress.read_text():
                time.sleep(0.001)
            begun = time.monotonic()
            if ends:
                while psutil.pid_exists(pid):
                    time.sleep(0.001)
                one = time.monotonic() - begun
            else:
                time.sleep(rng.uniform(0, one))
            was_killed = kill(pid)
            states = states_after(world)
            assert set(map(str, states.values())) <= {str(TWO), str(ONE)}
            seen |= set(map(str, states.values()))
            n_killed += was_killed
            during += was_killed and progress.read_text().splitlines()[-1].startswith("begins")
            if n_killed == n_kills:
                break
    say(f"{n_kills} kills, {during} of them during a merge or a split; every pair was two people or one")
    assert seen == {str(TWO), str(ONE)}
    assert during > n_kills // 2


def states_after(world):
    """The state of each pair once the server has noticed that the killed process is gone; their estimates are of all results of each."""
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = current_database()"
    with world.superuser() as connection:
        connection.autocommit = True
        while connection.execute(sessions, [world.admin.name]).fetchone() != (0,):
            time.sleep(0.01)
        found = connection.execute(ROWS_OF, [FIRST, LAST]).fetchall()
    for _, people, attempts, _, _, estimates, _ in found:
        expected = {1: ["0:4"], 2: ["0:2", "1:2"]}[people]
        assert estimates in (None, expected), (people, attempts, estimates)  # none before the first merge and split
    return {row[0]: (*row[1:5], row[6]) for row in found}
