"""Processes that take an import back are killed at any moment: it is there, or gone, and never half of it."""

from __future__ import annotations

import random
import time

import pytest
from sqlalchemy import delete, select, text

from lmskit.db import access, transaction
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.models import Course, ImportRun, Term, User
from lmskit.services.deletion import delete_course, delete_term
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.import_undo import undo_import
from lmskit.services.mastery import refresh
from tests import factories
from tests.importers.plain import csv_file
from tests.reliability.crew import Crew, kill

STUDENTS = 120
OF_COURSE = ("student_enrollments", "quizzes", "quiz_attempts", "topic_performance", "syllabi")
CONTENT = " UNION ALL ".join(
    [
        *(
            f"SELECT '{table}', count(*), md5(string_agg(to_jsonb(t)::text, '' ORDER BY to_jsonb(t)::text))"
            f" FROM {table} AS t WHERE t.course_id = :course"
            for table in OF_COURSE
        ),
        "SELECT 'users', count(*), md5(string_agg(u.id || u.email, '' ORDER BY u.id)) FROM users AS u WHERE u.email LIKE :people",
        "SELECT 'running', count(*), '' FROM import_runs AS i WHERE i.status = 'running' OR i.finished_at IS NULL",
        "SELECT 'undone', count(*), '' FROM import_runs AS i WHERE i.undoes = :run",
    ]
)
"""How many rows there are, and a checksum of them."""


@pytest.fixture
def course(admin_engine):
    """A course of two weeks, until the test ends."""
    with transaction(admin_engine) as session:
        made = factories.course(session, weeks=2)
        lecturer, term = made.lecturer_id, session.get_one(Term, made.term_id).code
    yield made
    with transaction(admin_engine) as session:
        delete_course(session, made.code)
        delete_term(session, term)
        session.execute(delete(User).where(User.id == lecturer))


@pytest.mark.long
def test_of_many_killed_undos_none_is_half_done(*, say, n_kills, admin_engine, administrators, course, tmp_path):
    word, chance = factories.unique("u"), random.Random(16)
    rows = [(f"{word}.{nth}@example.org", f"Student {nth}", "Sets", f"{nth % 6}", "5") for nth in range(STUDENTS)]
    path = csv_file(tmp_path / "results.csv", [("email", "family_name", "quiz", "score", "max_score"), *rows])

    def imported() -> int:
        with transaction(admin_engine) as session:
            report = import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code, week=1))
            refresh(session, touched=report.touched)
            return session.scalars(select(ImportRun.id).order_by(ImportRun.id.desc()).limit(1)).one()

    def content(run: int) -> dict[str, tuple[int, str]]:
        with transaction(admin_engine) as session:
            # Waits until the server has noticed that the process is gone.
            session.execute(text("LOCK TABLE import_runs IN SHARE ROW EXCLUSIVE MODE"))
            found = session.execute(text(CONTENT), {"course": course.id, "people": f"{word}.%", "run": run})
            return {name: (count, checksum) for name, count, checksum in found}

    def is_writing() -> bool:
        with transaction(admin_engine) as session:
            locks = (
                "SELECT count(*) FROM pg_locks WHERE relation = CAST('quiz_attempts' AS regclass) AND mode = 'RowExclusiveLock' AND granted"
            )
            return bool(session.scalar(text(locks)))

    before = content(0)
    run = imported()
    there = content(run)
    began = time.monotonic()
    with transaction(admin_engine) as session:
        assert undo_import(session, run).n_taken_back >= 3 * STUDENTS
    longest = time.monotonic() - began
    assert content(0) == before
    run = imported()
    there = content(run)
    n_killed = n_writing = n_whole = 0
    with Crew(home=access().settings.home, smtp_port=9) as crew:
        while n_killed < n_kills:
            pid = crew.start("undo", run=run, person=administrators[0], lease=1)
            # Every second one at a random moment, the others at one of those in which rows are being removed.
            until = time.monotonic() + (chance.uniform(0, 3 * longest) if n_killed % 2 else 5 * longest)
            while time.monotonic() < until and (n_killed % 2 or not is_writing()):
                time.sleep(0.002)
            if not n_killed % 2:
                time.sleep(chance.uniform(0, 0.3 * longest))
            n_writing += is_writing()
            n_killed += kill(pid)
            found = content(run)
            is_whole = found["undone"] == (1, "")
            n_whole += is_whole
            assert found == (before | {"undone": (1, "")} if is_whole else there)
            if is_whole:
                run = imported()
                there = content(run)
    with transaction(admin_engine) as session:
        undo_import(session, run)
    assert content(0) == before
    say(f"undo killed {n_killed} times, {n_writing} of them with rows not yet committed: {n_whole} were whole, all others left nothing")
    assert n_writing >= n_kills / 10, "they were killed at work"
    assert session.get(Course, course.id) is not None
