"""A term that is archived and restored by processes that are killed: each row is in one table, and the files that are named are whole."""

import contextlib
import functools
import random
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text

from lmskit.archives.store import checked_manifest
from lmskit.db import snapshot, transaction
from lmskit.models import Term
from lmskit.queries.archive import MOVED, columns_of, courses_of, current_archive, pin_formats, term_content
from lmskit.services.archive import prune_archives
from lmskit.services.archive_restore import verify_archive
from lmskit.services.term import close_term
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import TermState
from tests import factories
from tests.reliability.crew import kill
from tests.reliability.forks import Forks

STUDENTS, QUIZZES = 100, 10
ROWS = """
INSERT INTO users (email, family_name, sort_name, role)
    SELECT format('archived.%(course)s.%%s@example.org', n), 'Student', n::text, 'student' FROM generate_series(1, %(students)s) AS n;
INSERT INTO syllabi (course_id, week_number, topic) SELECT %(course)s, n, 'Topic' FROM generate_series(1, %(quizzes)s) AS n;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT %(course)s, id, 'completed', 'import', '2020-01-01' FROM users WHERE email LIKE 'archived.%(course)s.%%';
INSERT INTO quizzes (course_id, week_number, title, questions, max_score)
    SELECT %(course)s, n, 'Quiz', '[{"id": "a"}]', 10 FROM generate_series(1, %(quizzes)s) AS n;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, answers, submitted_at, origin)
    SELECT q.id, q.course_id, e.student_id, 1, (q.id + e.student_id) %% 11, 10, '[{"question": "a", "response": "b", "score": 1}]',
        timestamptz '2020-02-01 12:00Z' + e.student_id * interval '1 second', 'import'
    FROM quizzes AS q JOIN student_enrollments AS e USING (course_id) WHERE q.course_id = %(course)s;
INSERT INTO topic_performance (student_id, course_id, week_number, level, value, n_evidence, rule, computed_at)
    SELECT a.student_id, a.course_id, q.week_number, 'developing', a.score / 10, 1, 'average', now()
    FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id WHERE a.course_id = %(course)s;
"""
MOVING = "Moving the rows"
BEFORE_KILLS = {
    "create": ("Begins", MOVING, MOVING),
    "restore": ("Begins", MOVING, MOVING),
    "restore from files": ("Begins", "Reading quiz_attempts"),
    "rewrite": ("Begins",),
}
"""The steps after which a process is killed, by its work."""
WORKS = ("create", "create", "restore", "restore from files", "create", "restore", "rewrite")
"""What is killed, in turn."""
chance = random.Random(14)


class Archivist(Forks):
    """Starts processes that archive and restore a term."""

    def __init__(self, store: Path, term: str) -> None:
        super().__init__("tests.reliability.archiving", str(store), DEMO_ADMIN, term)
        self._early: list[str] = []

    def start(self, order: str) -> int:
        """Start some work, and return the id of its process."""
        self._early = []
        self.order(order)
        while " " in (line := self.line()):  # of a process before it, or of this one
            self._early.append(line)
        return int(line)

    def wait_for(self, process: int, step: str) -> None:
        """Wait until a process comes to a step."""
        while (self._early.pop(0) if self._early else self.line()) != f"{process} {step}":
            pass

    def lasts(self, work: str) -> dict[str, float]:
        """Do some work to its end, and return how long it takes from each of `BEFORE_KILLS` of it."""
        process = self.start(work)
        began = {}
        for step in dict.fromkeys(BEFORE_KILLS[work]):
            self.wait_for(process, step)
            began[step] = time.monotonic()
        self.wait_for(process, "Done")
        return {step: time.monotonic() - at for step, at in began.items()}


@pytest.fixture
def term(admin_engine, endpoint):
    """A closed term, with attempts and estimates of a course."""
    with transaction(admin_engine) as session:
        made = factories.term(session, starts_on=factories.FIRST_DAY.replace(year=2020))
        course = factories.course(session, in_term=made).id
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as superuser:
        superuser.execute((ROWS % {"course": course, "students": STUDENTS, "quizzes": QUIZZES}).encode())
    with transaction(admin_engine) as session:
        close_term(session, made.code)
    yield made
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in ("quiz_attempts", "topic_performance", "quizzes", "syllabi", "student_enrollments"):
            superuser.execute(f"DELETE FROM {table} WHERE course_id = %s".encode(), [course])
        superuser.execute("DELETE FROM archives WHERE term_id = %s", [made.id])
        superuser.execute("DELETE FROM courses WHERE id = %s", [course])
        superuser.execute("DELETE FROM terms WHERE id = %s", [made.id])
        superuser.execute("DELETE FROM users WHERE email LIKE %s", [f"archived.{course}.%"])


def state_of(engine, term):
    """The state of the term, with count and checksum of its rows by table, all and those that are archived."""
    with snapshot(engine) as session:
        pin_formats(session)
        state = session.scalars(select(Term.state).where(Term.id == term.id)).one()
        courses = courses_of(session, term.id)
        contents = {
            table.name: tuple(
                term_content(session, table, columns_of(session, table.name), courses, archived=archived) for archived in (None, True)
            )
            for table in MOVED
        }
        archive = current_archive(session, term.id)
        return state, contents, archive


@pytest.mark.long
def test_killed_at_any_moment_each_row_is_in_one_table(say, n_kills, admin_engine, term, tmp_path):
    store = tmp_path / "archives"
    store.mkdir(mode=0o700)
    state, before, _ = state_of(admin_engine, term)
    assert before["quiz_attempts"][0].rows == STUDENTS * QUIZZES == before["topic_performance"][0].rows
    ended: Counter[str] = Counter()
    archive = None
    with Archivist(store, term.code) as archivist:
        lasts = {work: archivist.lasts(work) for work in ("create", "rewrite", "restore", "create", "restore from files")}
        for number in range(n_kills):
            work = WORKS[number % len(WORKS)]
            if (state is TermState.CLOSED) != (work == "create"):
                archivist.lasts("create" if state is TermState.CLOSED else "restore")
                state = TermState.ARCHIVED if state is TermState.CLOSED else TermState.CLOSED
            step = chance.choice(BEFORE_KILLS[work])
            process = archivist.start(work)
            archivist.wait_for(process, step)
            time.sleep(chance.uniform(0, 1.3 * lasts[work][step]))
            with contextlib.suppress(ProcessLookupError):
                kill(process)
            found, contents, archive = settled(admin_engine, term)
            assert {name: all_rows for name, (all_rows, _) in contents.items()} == {name: rows for name, (rows, _) in before.items()}
            for all_rows, archived in contents.values():
                assert archived == (all_rows if found is TermState.ARCHIVED else type(all_rows)(0, 0))
            assert (archive is not None) == (found is TermState.ARCHIVED)
            if archive is not None:
                checked_manifest(Path(archive.location), archive.sha256)
            ended[f"{work} after '{step}': {'done' if found is not state else 'as before'}"] += 1
            state = found
    if state is TermState.ARCHIVED:
        verify_archive(functools.partial(transaction, admin_engine), term.code, store)
    prune_archives(functools.partial(transaction, admin_engine), term.code, store)
    kept = [] if archive is None else [Path(archive.location).name]
    assert [path.name for path in store.iterdir() if not path.name.startswith(".")] == kept
    assert all(any(key.startswith(f"{work} after '{step}'") for key in ended) for work, step in (("create", MOVING), ("restore", MOVING)))
    say(f"archiving and restoring killed {n_kills} times: {dict(ended)}; each row in one table, every named archive whole")


def settled(engine, term):
    """The state after the server has noticed that the process is gone; its transaction ends then, if it was not committed."""
    until = time.monotonic() + 30
    while True:
        with transaction(engine) as session:
            busy = session.scalar(
                text(
                    "SELECT count(*) FROM pg_locks AS l WHERE l.relation = 'lms.terms'::regclass AND l.pid <> pg_backend_pid()"
                    " AND l.mode IN ('RowShareLock', 'RowExclusiveLock')"
                )
            )
        if not busy or time.monotonic() > until:
            return state_of(engine, term)
        time.sleep(0.02)
