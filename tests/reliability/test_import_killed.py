"""A killed import of a roster or a backup leaves nothing or everything in the database, and repeating it imports the rest."""

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

from benchmarks.made_up_backup import Backup, written
from lmskit.db import access, transaction
from lmskit.db.cluster import Cluster
from lmskit.importers.registry import detected
from lmskit.models import Course, Enrollment, ExternalId, QuizAttempt, Term, User
from lmskit.services.file_import import ImportOptions, import_path
from tests import factories
from tests.importers.plain import csv_file
from tests.reliability.crew import ROOT, kill
from tests.reliability.test_faults import kill_server

STUDENTS = 1200
STEPS = ("Reading", "Recognising", "Checking", "Writing people", "Writing courses", "Writing enrollments", "Counting", "Saving")
AT_ONCE = {"Writing courses", "Writing enrollments"}
"""Steps at whose beginning the process waits to be killed, with rows that are written and not committed."""
WITH_BACKUP = "Writing enrollments"
"""The step at which it is the import of a Moodle backup that is killed."""
STUDENTS_OF_BACKUP = 60
"""Each of them has one attempt."""
LONGEST_PAUSE = 0.2
"""Seconds from the beginning of another step to the kill; on a fast machine the import may have ended by then."""


def roster(path: Path) -> Path:
    """A roster of students who are in no other roster."""
    word = factories.unique("k")
    rows = [(f"{word}-{nth}", f"{word}.{nth}@example.org", f"Student {nth}") for nth in range(STUDENTS)]
    return csv_file(path, [("id", "email", "family_name"), *rows])


def backup(path: Path) -> Path:
    """A backup of a course with one quiz."""
    written(path, Backup(students=STUDENTS_OF_BACKUP, quizzes=1, attempts=1))
    return path


def size_of(path: Path) -> int:
    """How many students a file enrolls."""
    return STUDENTS_OF_BACKUP if path.suffix == ".mbz" else STUDENTS


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
def files(admin_engine, tmp_path) -> Iterator[list[tuple[Course, Path]]]:
    """A course with a file for each step; the students are deleted after the test."""
    with transaction(admin_engine) as session:
        courses = [factories.course(session) for _ in STEPS]
    yield [
        (course, backup(tmp_path / "backup.mbz") if step == WITH_BACKUP else roster(tmp_path / f"{step}.csv"))
        for step, course in zip(STEPS, courses, strict=True)
    ]
    with transaction(admin_engine) as session:
        ids = [course.id for course in courses]
        students = list(session.scalars(select(Enrollment.student_id).where(Enrollment.course_id.in_(ids))))
        session.execute(delete(QuizAttempt).where(QuizAttempt.course_id.in_(ids)))
        session.execute(delete(Course).where(Course.id.in_(ids)))
        session.execute(delete(Term).where(Term.id.in_([course.term_id for course in courses])))
        session.execute(delete(ExternalId).where(ExternalId.person_id.in_(students)))
        session.execute(delete(User).where(User.id.in_([*students, *(course.lecturer_id for course in courses)])))


@pytest.mark.long
def test_a_killed_import_leaves_all_or_nothing_and_a_repeat_imports_the_rest(say, admin_engine, files):
    chance = random.Random(4)
    left: Counter[bool] = Counter()
    n_killed = n_half_written = 0
    for step, (course, path) in zip(STEPS, files, strict=True):
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
        assert process.returncode != 0 or found == size_of(path), "what has ended is whole"
        assert found in {0, size_of(path)}
        left[found > 0] += 1
    assert n_killed >= n_half_written >= len(AT_ONCE), "they had written rows, and not committed them"
    for course, path in files:
        found = n_enrollments(admin_engine, course)
        with transaction(admin_engine) as session:
            report = import_path(session, path, detected(path), ImportOptions(course=course.code))
        counts = {each.kind: (each.added, each.unchanged) for each in report.entities}
        assert counts["enrollments"] == (size_of(path) - found, found)
        assert counts["attempts"] == (counts["enrollments"] if path.suffix == ".mbz" else (0, 0))
        assert n_enrollments(admin_engine, course) == size_of(path)
    say(
        f"importing process killed {n_killed} times, {n_half_written} of them with rows not yet committed: "
        f"{left[False]} imports left nothing, {left[True]} everything, 0 a part"
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
