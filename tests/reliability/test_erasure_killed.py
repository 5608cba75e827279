"""Processes that erase people are killed at any moment: each person is there with every row, or gone with every row."""

from __future__ import annotations

import itertools
import random
import time

import psutil
import pytest

from lmskit.db import access
from tests.reliability.crew import MOST_KILLS, Crew, kill
from tests.security.world import FOREIGN, OWN, prepared

FIRST = OWN + 5000
LAST = FIRST + 2 * MOST_KILLS + 10
ROWS_OF = """
SELECT u.id,
    (SELECT count(*) FROM quiz_attempts AS a WHERE a.student_id = u.id) AS attempts,
    (SELECT count(*) FROM student_enrollments AS e WHERE e.student_id = u.id) AS enrollments,
    (SELECT count(*) FROM quiz_attempts AS a WHERE a.feedback ~ ('Kestrel-' || u.id || 'x')) AS named,
    (SELECT count(*) FROM audit_log AS l WHERE concat(l.old, l.new) ~ ('Kestrel-' || u.id || 'x')) AS recorded,
    (SELECT count(*) FROM audit_log AS l WHERE l.action = 'person erased' AND l.row_key = u.id::text) AS erased,
    (SELECT count(*) FROM erasures AS r WHERE r.person_id = u.id) AS remembered,
    (SELECT count(*) FROM users AS x WHERE x.id = u.id) AS people
FROM generate_series(%s, %s) AS u (id) ORDER BY u.id
"""
STATEMENTS = """
INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE
SELECT n, format('k%%s@example.org', n), format('Kestrel-%%sx', n), 'Wilhelmina', 'kestrel', 'student'
FROM generate_series(%(first)s::bigint, %(last)s) AS n;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
SELECT %(course)s, n, 'active', 'import', '2026-03-01' FROM generate_series(%(first)s::bigint, %(last)s) AS n;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
SELECT %(quiz)s, %(course)s, n, 1, 1, 2, '2026-03-02', 'import' FROM generate_series(%(first)s::bigint, %(last)s) AS n;
INSERT INTO audit_log (action, table_name, row_key, new)
SELECT 'insert', 'student_enrollments', %(course)s || ':' || n, jsonb_build_object('note', format('Kestrel-%%sx, Wilhelmina', n))
FROM generate_series(%(first)s::bigint, %(last)s) AS n;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, feedback, submitted_at, origin)
SELECT %(other)s, %(theirs)s, 31, 2 + n - %(first)s, 1, 2, format('with Wilhelmina Kestrel-%%sx', n), '2026-03-02', 'form'
FROM generate_series(%(first)s::bigint, %(last)s) AS n
"""
"""Everybody has an enrollment and an attempt, is in the audit trail twice, and is named in the feedback to another student."""
WHOLE, GONE = (1, 1, 1, 2, 0, 0, 1), (0, 0, 0, 0, 1, 1, 0)


@pytest.fixture
def world(migrated_database, endpoint):
    """A world with many students of one course, each with an attempt and named in the feedback of another student."""
    made = prepared(migrated_database, endpoint, "lmskit_erasure_killed")
    with made.superuser() as connection:
        people = {
            "first": FIRST,
            "last": LAST,
            "course": OWN + 11,
            "quiz": OWN + 61,
            "other": FOREIGN + 61,
            "theirs": FOREIGN + 11,
        }
        for statement in STATEMENTS.strip().split(";\n"):
            connection.execute(statement, people)
    return made


@pytest.fixture
def crew():
    """Processes that use no mail server."""
    with Crew(home=access().settings.home, smtp_port=9) as made:
        yield made


@pytest.mark.long
def test_a_killed_erasure_leaves_every_person_whole_or_gone(world, crew, n_kills, say, tmp_path):
    url = world.engine(world.admin).url.render_as_string(hide_password=False)
    rng = random.Random(20261129)
    n_killed, during, one, states = 0, 0, 0.0, states_after(world)
    for number in itertools.count():
        person = next(found for found, state in states.items() if state == WHOLE)
        # Every tenth process erases one person and is not killed: the other kills fall into two erasures, however fast the machine is.
        ends = number % 10 == 0
        progress = tmp_path / f"{number}.txt"
        progress.touch()
        pid = crew.start("erase", url=url, first=person, last=person if ends else person + 1, progress=str(progress), lease=1)
        while not progress.read_text():
            time.sleep(0.001)
        begun = time.monotonic()
        if ends:
            while psutil.pid_exists(pid):
                time.sleep(0.001)
            one = time.monotonic() - begun
        else:
            time.sleep(rng.uniform(0, 1.2 * one))
        was_killed = kill(pid)
        states = states_after(world)
        lines = progress.read_text().splitlines()
        assert {state for state in states.values() if state not in {WHOLE, GONE}} == set()
        assert all(states[int(line.split()[1])] == GONE for line in lines if line.startswith("erased"))
        n_killed += was_killed
        during += was_killed and lines[-1].startswith("begins")
        if n_killed == n_kills:
            break
    n_erased = sum(state == GONE for state in states.values())
    say(f"{n_kills} kills, {during} of them during an erasure; {n_erased} people were erased, each whole")
    assert during > n_kills // 2


def states_after(world):
    """The state of everybody once the server has noticed that the killed process is gone."""
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = current_database()"
    with world.superuser() as connection:
        connection.autocommit = True
        while connection.execute(sessions, [world.admin.name]).fetchone() != (0,):
            time.sleep(0.01)
        return {row[0]: tuple(row[1:]) for row in connection.execute(ROWS_OF, [FIRST, LAST]).fetchall()}
