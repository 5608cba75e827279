"""Processes that erase people are killed at any moment: each person is there with every row, or gone with every row."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.security.world import FOREIGN, OWN, prepared

ROOT = Path(__file__).resolve().parents[2]
FIRST, KILLS = OWN + 5000, 50
LONGEST_LIFE = 0.6
"""Seconds from the beginning of the first erasure of a process to the kill."""
ROWS_OF = """
SELECT u.id,
    (SELECT count(*) FROM quiz_attempts AS a WHERE a.student_id = u.id) AS attempts,
    (SELECT count(*) FROM student_enrollments AS e WHERE e.student_id = u.id) AS enrollments,
    (SELECT count(*) FROM quiz_attempts AS a WHERE a.feedback ~ ('Kestrel-' || u.id || 'x')) AS named,
    (SELECT count(*) FROM audit_log AS l WHERE l.new::text ~ ('Kestrel-' || u.id || 'x') OR l.old::text ~ ('Kestrel-' || u.id || 'x')) AS recorded,
    (SELECT count(*) FROM audit_log AS l WHERE l.action = 'person erased' AND l.row_key = u.id::text) AS erased,
    (SELECT count(*) FROM erasures AS r WHERE r.person_id = u.id) AS remembered,
    (SELECT count(*) FROM users AS x WHERE x.id = u.id) AS people
FROM generate_series(%s, %s) AS u (id)
"""
WHOLE, GONE = (1, 1, 1, 2, 0, 0, 1), (0, 0, 0, 0, 1, 1, 0)


@pytest.fixture
def world(fresh_database, endpoint):
    """A world with many students of one course, each with an attempt and named in the feedback of another student."""
    made = prepared(fresh_database, endpoint, "lmskit_erasure_killed")
    with made.superuser() as connection:
        people = {"first": FIRST, "last": FIRST + 4 * KILLS, "course": OWN + 11, "quiz": OWN + 61, "other": FOREIGN + 61, "theirs": FOREIGN + 11}
        for statement in (
            "INSERT INTO users (id, email, family_name, given_name, sort_name, role) OVERRIDING SYSTEM VALUE"
            " SELECT n, format('k%%s@example.org', n), format('Kestrel-%%sx', n), 'Wilhelmina', 'kestrel', 'student'"
            " FROM generate_series(%(first)s::bigint, %(last)s) AS n",
            "INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)"
            " SELECT %(course)s, n, 'active', 'import', '2026-03-01' FROM generate_series(%(first)s::bigint, %(last)s) AS n",
            "INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)"
            " SELECT %(quiz)s, %(course)s, n, 1, 1, 2, '2026-03-02', 'import' FROM generate_series(%(first)s::bigint, %(last)s) AS n",
            # One entry of the audit trail about the enrollment, and one about another student's attempt.
            "INSERT INTO audit_log (action, table_name, row_key, new)"
            " SELECT 'insert', 'student_enrollments', %(course)s || ':' || n, jsonb_build_object('note', format('Kestrel-%%sx, Wilhelmina', n))"
            " FROM generate_series(%(first)s::bigint, %(last)s) AS n",
            "INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, feedback, submitted_at, origin)"
            " SELECT %(other)s, %(theirs)s, 31, 2 + n - %(first)s, 1, 2, format('with Wilhelmina Kestrel-%%sx', n), '2026-03-02', 'form'"
            " FROM generate_series(%(first)s::bigint, %(last)s) AS n",
        ):
            connection.execute(statement, people)
    return made


@pytest.mark.long
def test_a_killed_erasure_leaves_every_person_whole_or_gone(world, say):
    url = world.engine(world.admin).url.render_as_string(hide_password=False)
    rng = random.Random(20261129)
    person, kills, halfway = FIRST, 0, 0
    while kills < KILLS:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.privacy.erasing", str(person), str(FIRST + 4 * KILLS)],
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(url + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == f"begins {person}\n"
        lines: list[str] = []
        reader = threading.Thread(target=lambda found=lines, source=process.stdout: found.extend(source))
        reader.start()
        time.sleep(rng.uniform(0, LONGEST_LIFE))
        process.kill()
        process.wait()
        reader.join()
        kills += 1
        halfway += not lines or lines[-1].startswith("begins")
        said = [int(line.split()[1]) for line in lines if line.startswith("erased")]
        states = wait_until_ended(world)
        assert set(states.values()) <= {WHOLE, GONE}, {found: state for found, state in states.items() if state not in {WHOLE, GONE}}
        assert all(states[done] == GONE for done in said)
        person = min((found for found, state in states.items() if state == WHOLE), default=FIRST)
    say(f"{kills} kills, {halfway} of them during an erasure; {sum(state == GONE for state in states.values())} people were erased")
    assert halfway > KILLS // 2


def wait_until_ended(world):
    """The state of everybody once the server has noticed that the killed process is gone."""
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = current_database()"
    with world.superuser() as connection:
        connection.autocommit = True
        while connection.execute(sessions, [world.admin.name]).fetchone() != (0,):
            time.sleep(0.01)
        return {row[0]: tuple(row[1:]) for row in connection.execute(ROWS_OF, [FIRST, FIRST + 4 * KILLS]).fetchall()}
