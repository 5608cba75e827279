"""An upgrade beside people who read: it does not wait for long, nothing of it stays, and nobody is stuck behind it."""

import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine

from lmskit.db import access, generate_password, revision, scram_verifier
from lmskit.db.cluster.binaries import installation, program
from lmskit.db.cluster.configuration import SUPERUSER
from lmskit.errors import LockedError
from tests.reliability.mail_server import until
from tests.reliability.upgrading import start_upgrade
from tests.schema.catalogue import catalogue

LIMIT = 1.5
"""Seconds that the upgrade waits for a lock in these tests."""
START = "0011"
"""The next revision makes indexes of courses and terms anew, which excludes readers."""
DATABASE = "lmskit_readers"
LECTURER = "reader@example.org"
COURSES = "SELECT code, title FROM lms.courses ORDER BY code"
ROWS = b"""
INSERT INTO lms.users (email, family_name, sort_name, role) VALUES ('reader@example.org', 'Reader', 'reader', 'lecturer');
INSERT INTO lms.terms (code, name, starts_on, ends_on) VALUES ('T', 'Term', '2026-01-01', '2026-06-30');
INSERT INTO lms.courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT 'C' || n, 'C', 'Course ' || n, (SELECT id FROM lms.terms), (SELECT id FROM lms.users), 'form' FROM generate_series(1, 5) AS n;
INSERT INTO lms.syllabi (course_id, week_number, topic, objectives)
    SELECT c.id, w, 'Topic', (SELECT string_agg(md5(c.id::text || w || k), '') FROM generate_series(1, 600) AS k)
    FROM lms.courses AS c, generate_series(1, 60) AS w;
"""
"""More text than the buffers between pg_dump and a reader that has stopped hold."""


@pytest.fixture
def old(fresh_database, endpoint, configure, monkeypatch) -> Iterator[str]:
    """A database at an older revision with a lecturer's courses; the address with the lecturer's login."""
    configure(LMSKIT_LOCK_TIMEOUT=str(LIMIT))
    monkeypatch.setattr("lmskit.db.revision.TRIES", 1)
    engine = fresh_database(DATABASE)
    revision.upgrade(START, engine=engine)
    password = generate_password()
    with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE), autocommit=True)) as connection:
        connection.execute(ROWS)
        login = connection.execute(
            "SELECT lms.set_login(id, %s, '!') FROM lms.users WHERE email = %s", [scram_verifier(password), LECTURER]
        ).fetchone()
    assert login is not None
    parameters = {**endpoint.parameters(), "dbname": DATABASE, "user": login[0], "password": password}
    yield make_conninfo("", **parameters)
    revision.downgrade("base", engine=engine, lose_data=True)


def migrators_engine() -> Engine:
    """The engine of the login that migrates the database."""
    return access().engine_at(access().server.address_of_migrator().set(username=f"lmskit_migrator_{DATABASE}", database=DATABASE))


def idle(address: str) -> Iterator[Callable[[], object]]:
    """A lecturer's notebook has read and did not end its transaction."""
    with closing(psycopg.connect(address)) as reader:
        before = reader.execute(COURSES.encode()).fetchall()
        assert len(before) == 5
        yield lambda: reader.execute(COURSES.encode()).fetchall() == before


def selecting(address: str) -> Iterator[Callable[[], object]]:
    """A lecturer's query runs."""
    with closing(psycopg.connect(address)) as reader, closing(psycopg.connect(address)) as other:

        def select() -> None:
            with suppress(psycopg.errors.QueryCanceled):
                reader.execute("SELECT count(pg_sleep(600)) FROM lms.courses")

        work = threading.Thread(target=select)
        work.start()
        assert until(lambda: other.execute("SELECT FROM pg_locks WHERE relation = 'lms.courses'::regclass").fetchall() != [])
        yield work.is_alive
        reader.cancel_safe()
        work.join()


def dumping(address: str) -> Iterator[Callable[[], object]]:
    """pg_dump runs, to a disk that has stopped."""
    where = psycopg.conninfo.conninfo_to_dict(address)
    superuser = access().server.start().superuser_conninfo(str(where["dbname"]))
    command = [str(program(installation(access().settings.postgres_version), "pg_dump")), "-d", superuser]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as dump:
        assert dump.stdout is not None
        begun = dump.stdout.read(1000)
        assert b"PostgreSQL database dump" in begun
        yield lambda: dump.poll() is None
        rest = dump.stdout.read()
        assert b"PostgreSQL database dump complete" in rest
        assert rest.count(b"\tTopic\t") == 300
        assert dump.wait() == 0


@pytest.mark.parametrize(
    ("reading", "name"),
    [
        (idle, LECTURER),
        pytest.param(selecting, LECTURER, marks=pytest.mark.long),
        pytest.param(dumping, SUPERUSER, marks=pytest.mark.long),
    ],
)
def test_an_upgrade_ends_with_the_readers_name_and_leaves_nothing(old, endpoint, reading, name):
    migrator = migrators_engine()
    with migrator.connect() as connection:
        before = catalogue(connection)
    failed: list[LockedError] = []

    def upgrade() -> None:
        try:
            revision.upgrade(engine=migrator)
        except LockedError as error:
            failed.append(error)

    def waits() -> bool:
        with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE))) as eye:
            row = eye.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'").fetchone()
        return row != (0,)

    with contextmanager(reading)(old) as goes_on:
        work = threading.Thread(target=upgrade)
        work.start()
        assert until(waits)
        # A session that begins now stands behind the upgrade, and gets its answer while the reader still reads.
        with closing(psycopg.connect(old)) as newcomer:
            assert len(newcomer.execute(COURSES.encode()).fetchall()) == 5
        work.join(60)
        assert not work.is_alive()
        assert goes_on()
        assert len(failed) == 1
        assert re.match(
            f"Courses that this needs are locked by the session [0-9]+ of {re.escape(name)}. Nothing was changed", str(failed[0])
        )
        with migrator.connect() as connection:
            assert revision.current(migrator) == START
            assert catalogue(connection) == before
    revision.upgrade(engine=migrator)
    assert revision.current(migrator) == revision.head()


@pytest.mark.long
def test_an_upgrade_goes_on_when_the_reader_ends_and_the_revisions_before_it_stay(old, endpoint, monkeypatch):
    """The two first revisions need nothing of the reader's; the third gets its lock at its second try."""
    monkeypatch.setattr("lmskit.db.revision.TRIES", 2)
    monkeypatch.setattr("lmskit.db.revision.FIRST_PAUSE", 4)  # in which the thread below sees that nobody waits
    migrator = migrators_engine()
    reached: list[str | None] = []
    with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE))) as reader:
        reader.execute("SELECT count(*) FROM lms.quizzes")
        with pytest.raises(LockedError, match=r"^The database went from revision 0011 to 0013, and stays there\. Quizzes that this needs"):
            revision.upgrade(engine=migrator)
        assert revision.current(migrator) == "0013"

        def end_after_the_first_try() -> None:
            with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE), autocommit=True)) as eye:
                waits = "SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
                assert until(lambda: eye.execute(waits).fetchall() != [])
                assert until(lambda: eye.execute(waits).fetchall() == [])
                reached.append(revision.current(migrator))
            reader.rollback()

        ends = threading.Thread(target=end_after_the_first_try)
        ends.start()
        revision.upgrade(engine=migrator)
        ends.join()
    assert reached == ["0013"]
    assert revision.current(migrator) == revision.head()


@pytest.mark.long
def test_of_two_upgrades_at_once_one_waits_and_both_end_well(old, tmp_path, endpoint):
    """From two machines, whose homes are not the same: neither sees a file that the other has locked."""
    both = [start_upgrade(endpoint, DATABASE, tmp_path / name) for name in ("one", "other")]
    answers = [each.communicate(timeout=120)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0], answers
    assert sum("The database went from revision 0011" in answer for answer in answers) >= 1, answers
    assert revision.current(migrators_engine()) == revision.head()
