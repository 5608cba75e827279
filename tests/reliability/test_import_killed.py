"""A killed import leaves nothing or everything in the database, and repeating it imports the rest."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, delete, func, select, text

from lmskit.db import access, transaction
from lmskit.db.cluster import Cluster
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.models import Course, Enrollment, ExternalId, Term, User
from lmskit.services.file_import import ImportOptions, import_file
from tests import factories
from tests.importers.plain import csv_file
from tests.reliability.crew import ROOT, kill
from tests.reliability.test_faults import kill_server

STUDENTS = 1200
STEPS = ("Reading", "Recognising", "Checking", "Writing people", "Writing courses", "Writing enrollments", "Counting", "Saving")
AT_ONCE = {"Writing courses", "Writing enrollments"}
"""Steps at whose beginning the process waits to be killed, with rows that are written and not committed."""
LONGEST_PAUSE = 0.2
"""Seconds from the beginning of another step to the kill; on a fast machine the import may have ended by then."""


def roster(path: Path) -> Path:
    """A roster of students who are in no other roster."""
    word = factories.unique("k")
    rows = [(f"{word}-{nth}", f"{word}.{nth}@example.org", f"Student {nth}") for nth in range(STUDENTS)]
    return csv_file(path, [("id", "email", "family_name"), *rows])


def importing(path: Path, course: str, *waits_at: str, **environment: str) -> subprocess.Popen[str]:
    """A process that imports the roster, and waits at the beginning of a step."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.importing", str(path), course, *waits_at],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], step: str) -> None:
    """Read the output of the process until it begins a step."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(step):
            return
    raise AssertionError(f"the import ended without {step}: {process.communicate()[1]}")


def n_enrollments(engine, course: Course) -> int:
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(Enrollment).where(Enrollment.course_id == course.id)) or 0


def has_written(engine) -> bool:
    """Whether a transaction is open that has written people."""
    with transaction(engine) as session:
        statement = "SELECT count(*) FROM pg_locks WHERE relation = CAST('users' AS regclass) AND mode = 'RowExclusiveLock' AND granted"
        return bool(session.scalar(text(statement)))


@pytest.fixture
def rosters(admin_engine, tmp_path) -> Iterator[list[tuple[Course, Path]]]:
    """A course with a roster for each step; the students are deleted after the test."""
    with transaction(admin_engine) as session:
        courses = [factories.course(session) for _ in STEPS]
    yield [(course, roster(tmp_path / f"{nth}.csv")) for nth, course in enumerate(courses)]
    with transaction(admin_engine) as session:
        ids = [course.id for course in courses]
        students = list(session.scalars(select(Enrollment.student_id).where(Enrollment.course_id.in_(ids))))
        session.execute(delete(Course).where(Course.id.in_(ids)))
        session.execute(delete(Term).where(Term.id.in_([course.term_id for course in courses])))
        session.execute(delete(ExternalId).where(ExternalId.person_id.in_(students)))
        session.execute(delete(User).where(User.id.in_([*students, *(course.lecturer_id for course in courses)])))


@pytest.mark.long
def test_a_killed_import_leaves_all_or_nothing_and_a_repeat_imports_the_rest(say, admin_engine, rosters):
    chance = random.Random(4)
    left: Counter[int] = Counter()
    n_killed = n_half_written = 0
    for step, (course, path) in zip(STEPS, rosters, strict=True):
        with importing(path, course.code, *AT_ONCE.intersection([step])) as process:
            wait_for(process, step)
            if step not in AT_ONCE:
                time.sleep(chance.uniform(0, LONGEST_PAUSE))
            n_half_written += has_written(admin_engine)
            kill(process.pid)
        assert process.returncode in {-signal.SIGKILL, 0}
        n_killed += process.returncode != 0
        with transaction(admin_engine) as session:  # waits until the server has noticed
            session.execute(text("LOCK TABLE import_runs IN SHARE ROW EXCLUSIVE MODE"))
        found = n_enrollments(admin_engine, course)
        assert process.returncode != 0 or found == STUDENTS, "what has ended is whole"
        left[found] += 1
    assert set(left) <= {0, STUDENTS}, left
    assert n_killed >= n_half_written >= len(AT_ONCE), "they had written rows, and not committed them"
    for course, path in rosters:
        found = n_enrollments(admin_engine, course)
        with transaction(admin_engine) as session:
            report = import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code))
        assert (report.total.added, report.total.unchanged) == (STUDENTS - found, found)
        assert n_enrollments(admin_engine, course) == STUDENTS
    say(
        f"importing process killed {n_killed} times, {n_half_written} of them with rows not yet committed: "
        f"{left[0]} imports left nothing, {left[STUDENTS]} everything, 0 a part"
    )


@pytest.fixture
def durable_home() -> Iterator[Path]:
    """A home with a server of its own that flushes each commit to the disk, since the test kills it."""
    with tempfile.TemporaryDirectory(prefix="lmskit-durable-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Cluster(Path(folder), access().settings.postgres_version).stop()


@pytest.mark.long
def test_an_import_survives_the_death_of_the_database_server(say, durable_home, tmp_path):
    for command in (("db", "upgrade"), ("seed",)):
        environment = os.environ | {"LMSKIT_HOME": str(durable_home)}
        subprocess.run([sys.executable, "-m", "lmskit", *command], check=True, cwd=ROOT, env=environment, capture_output=True)
    cluster = Cluster(durable_home, access().settings.postgres_version)
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(cluster.start().superuser_conninfo("lmskit")), pool_pre_ping=True
    )
    steps = ("Writing people", "Saving")
    for nth, step in enumerate(steps):
        with transaction(engine) as session:
            course = factories.course(session)
        with importing(roster(tmp_path / f"{nth}.csv"), course.code, LMSKIT_HOME=str(durable_home)) as process:
            wait_for(process, step)
            kill_server(durable_home)
            wait_for(process, "Done")  # it starts again, with a server that has been restarted
        assert process.returncode == 0
        assert n_enrollments(engine, course) == STUDENTS
    with transaction(engine) as session:
        runs = session.execute(text("SELECT rows_in, added, unchanged FROM import_runs ORDER BY id")).all()
    engine.dispose()
    assert len(runs) >= len(steps)
    # If the server was killed while saving, the first try may have been committed; then the second one finds all rows.
    assert all(run in {(STUDENTS, STUDENTS, 0), (STUDENTS, 0, STUDENTS)} for run in map(tuple, runs)), runs
    say(f"database server killed {len(steps)} times while importing: {len(steps)} imports of {STUDENTS} students complete, each once")
