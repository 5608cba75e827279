"""An upgrade of a million attempts, killed at any moment: the database is at a revision that it had finished, whole."""

import random
import threading
import time
from contextlib import closing

import psycopg
import pytest

from lmskit.db import generate_password, revision, scram_verifier
from lmskit.db.schema_revision import revisions
from tests.reliability.crew import kill
from tests.reliability.mail_server import until
from tests.reliability.upgrading import start_upgrade
from tests.schema.catalogue import catalogue

pytestmark = pytest.mark.long

DATABASE, TWIN = "lmskit_killed_upgrade", "lmskit_killed_upgrade_twin"
START = "0011"
N_ATTEMPTS = 1_000_000
N_KILLS = 6
LONGEST_LIFE = 2.5
"""Seconds after the upgrade has connected; without a kill it takes about as long."""
ROWS = f"""
SET session_replication_role = replica; -- no triggers: what is inserted here is consistent
INSERT INTO lms.users (email, family_name, sort_name, role) VALUES ('reader@example.org', 'Reader', 'reader', 'lecturer');
INSERT INTO lms.users (email, family_name, sort_name, role) SELECT n || '@example.org', n, n, 'student' FROM generate_series(1, 1000) AS n;
INSERT INTO lms.terms (code, name, starts_on, ends_on) VALUES ('T', 'Term', '2026-01-01', '2026-06-30');
INSERT INTO lms.courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT 'C', 'C', 'Course', t.id, u.id, 'form' FROM lms.terms AS t, lms.users AS u WHERE u.role = 'lecturer';
INSERT INTO lms.syllabi (course_id, week_number, topic) SELECT id, 1, 'Topic' FROM lms.courses;
INSERT INTO lms.quizzes (course_id, week_number, title, max_score)
    SELECT id, 1, 'Quiz ' || n, 10 FROM lms.courses, generate_series(1, {N_ATTEMPTS // 1000}) AS n;
INSERT INTO lms.quiz_attempts (course_id, quiz_id, student_id, number, score, max_score, submitted_at, origin)
    SELECT q.course_id, q.id, u.id, 1, u.id % 11, 10, '2026-02-01', 'import'
    FROM lms.quizzes AS q CROSS JOIN lms.users AS u WHERE u.role = 'student';
RESET session_replication_role;
ANALYZE;
"""


def holds(found):
    """The catalogue, whether or not a check of new rows has been extended to all rows."""
    return {subject: [line.removesuffix(" NOT VALID") for line in lines] for subject, lines in found.items()}


@pytest.fixture
def known(fresh_database):
    """What each revision from the start on makes."""
    engine, found = fresh_database(TWIN), {}
    for step in revisions():
        if step >= START:
            revision.upgrade(step, engine=engine)
            with engine.connect() as connection:
                found[step] = holds(catalogue(connection))
    return found


@pytest.fixture(scope="module")
def large(fresh_database, endpoint):
    """The migrator's engine of a database with a million attempts; each test begins at the start."""
    engine = fresh_database(DATABASE)
    revision.upgrade(START, engine=engine)
    with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE), autocommit=True)) as connection:
        connection.execute(ROWS.encode())
    return engine


def test_a_killed_upgrade_leaves_a_whole_revision_and_the_next_one_goes_on(large, known, endpoint, tmp_path, say):
    rng = random.Random(14)
    reached = []
    with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE), autocommit=True)) as eye:

        def sessions():
            question = "SELECT FROM pg_stat_activity WHERE datname = %s AND usename ~ '^lmskit_migrator' AND application_name !~ 'pool'"
            return eye.execute(question.encode(), [DATABASE]).fetchall()

        for _ in range(N_KILLS):
            large.dispose()
            process = start_upgrade(endpoint, DATABASE, tmp_path / "home")
            assert until(lambda: bool(sessions()))
            time.sleep(rng.uniform(0, LONGEST_LIFE))
            kill(process.pid)
            process.communicate()
            assert until(lambda: not sessions(), seconds=60)
            with large.connect() as connection:
                found = revision.current(large)
                assert holds(catalogue(connection)) == known[found]
            assert eye.execute("SELECT count(*) FROM lms.quiz_attempts").fetchall() == [(N_ATTEMPTS,)]
            assert found is not None
            reached.append(found)
            if found == revision.head():
                revision.downgrade(START, engine=large)
    say(f"Upgrades of {N_ATTEMPTS:,} attempts killed at revisions {', '.join(reached)}")
    revision.upgrade(engine=large)
    with large.connect() as connection:
        assert holds(catalogue(connection)) == known[revision.head()]


def test_a_lecturer_reads_on_while_a_million_attempts_are_upgraded(large, endpoint, say):
    """No read fails, and none sees anything but the rows as they are."""
    revision.downgrade(START, engine=large)
    password = generate_password()
    with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE), autocommit=True)) as connection:
        row = connection.execute("SELECT lms.set_login(id, %s, '!') FROM lms.users WHERE role = 'lecturer'", [scram_verifier(password)])
        [(login,)] = row.fetchall()
    parameters = {**endpoint.parameters(), "dbname": DATABASE, "user": login, "password": password}
    ended, counts, waits = threading.Event(), set(), []

    def read():
        with closing(psycopg.connect(**parameters, autocommit=True)) as reader:
            while not ended.is_set():
                began = time.monotonic()
                counts.update(reader.execute("SELECT count(*) FROM lms.quizzes").fetchall())
                waits.append(time.monotonic() - began)

    reading = threading.Thread(target=read)
    reading.start()
    revision.upgrade(engine=large)
    ended.set()
    reading.join(60)
    assert counts == {(N_ATTEMPTS // 1000,)}
    assert revision.current(large) == revision.head()
    say(f"Longest wait of a lecturer's query while {N_ATTEMPTS:,} attempts are upgraded: {max(waits):.1f} s of {len(waits):,} queries")
