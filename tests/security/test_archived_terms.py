"""Archived terms over real connections: who reads them, who is kept from their files, and who has to wait while a term is closed."""

import datetime as dt
import functools
import os
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psycopg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from lmskit.archives.store import FolderArchives
from lmskit.db import scram_verifier, snapshot, transaction
from lmskit.errors import LmskitError, NotPermittedError, TermClosedError
from lmskit.models import Archive, ArchivedAttempt, ArchivedEstimate, Course, Enrollment, Quiz, QuizAttempt, Term, TopicPerformance, User
from lmskit.queries.attempt import quiz_totals, student_attempts
from lmskit.queries.evidence import course_evidence
from lmskit.queries.mastery import class_weeks, mastery_cells, student_weeks, students_to_help
from lmskit.queries.quiz_runs import quiz_runs
from lmskit.read_models.quiz_quality import quiz_drift
from lmskit.read_models.rule_comparison import class_evidence
from lmskit.services.archive import create_archive
from lmskit.services.archive_restore import restore_archive, verify_archive
from lmskit.services.mastery import refresh
from lmskit.services.oulad import import_oulad
from lmskit.services.term import close_term, open_term
from lmskit.vocabulary import TermState
from tests import factories
from tests.answered_quiz import answered_quiz
from tests.real_data import REAL_DATA
from tests.security.school import ADA, ADMIN, BEN, School

pytestmark = pytest.mark.long

OULAD = REAL_DATA / "oulad"
PAST = dt.date(2020, 9, 14)
TO_WAIT = 20.0
NOBODY = 65_534
TERM = "2020-W"


@pytest.fixture(scope="module")
def school(migrated_database):
    """Ada and Ben each had a course in a term that is over; Ada has one of the same module in another term."""
    school = School(migrated_database, "archived_terms")
    with transaction(school.engine(ADMIN)) as session:
        over, going_on = factories.term(session, code=TERM, starts_on=PAST), factories.term(session)
        for email, code, term in ((ADA, "ADA-OVER", over), (BEN, "BEN-OVER", over), (ADA, "ADA-NOW", going_on)):
            person = session.scalars(select(User).where(User.email == email)).one()
            course = factories.course(session, code=code, module_code=f"{email}", in_term=term, taught_by=person, weeks=2)
            answered_quiz(session, course, n_students=30, attempts=2)
        refresh(session)
    return school


@pytest.fixture
def term(school):
    """The term, closed; open again afterwards."""
    with transaction(school.engine(ADMIN)) as session:
        close_term(session, TERM)
    yield TERM
    with transaction(school.engine(ADMIN)) as session:
        if session.scalars(select(Term.state).where(Term.code == TERM)).one() is not TermState.OPEN:
            open_term(session, TERM)


@contextmanager
def archived(school, folder):
    """The term is archived; restored afterwards."""
    write, read = (functools.partial(begin, school.engine(ADMIN)) for begin in (transaction, snapshot))
    yield create_archive(write, read, FolderArchives(folder, make=True), TERM)
    restore_archive(write, TERM, folder)


def seen(engine):
    """What a person reads of the courses, as text by what it is."""
    with snapshot(engine) as session:
        codes = list(session.scalars(select(Course.code).order_by(Course.id)))
    found = {}
    for code in codes:
        with snapshot(engine) as session:
            found[code] = [table.to_csv() for table in tables_of(session, code)]
    return found


def tables_of(session, code):
    """What dashboards and reports read of a course, with comparisons of rules and drift over the terms."""
    course = session.scalars(select(Course).where(Course.code == code)).one()
    student = session.scalars(
        select(Enrollment.student_id).where(Enrollment.course_id == course.id).order_by(Enrollment.student_id).limit(1)
    ).one()
    # The first narrows what the session sees to the course; drift, which is across courses, comes before.
    for quiz in session.scalars(select(Quiz.id).where(Quiz.course_id == course.id).order_by(Quiz.id)):
        runs = quiz_runs(session, quiz)
        yield pd.DataFrame([(run.course, run.quiz_id, len(run.shared)) for run in runs])
        drift = quiz_drift(session, quiz)
        yield from (drift.drift.by_run, drift.drift.changes)
    yield from (class_weeks(session, code), mastery_cells(session, code), students_to_help(session, code), quiz_totals(session, code))
    yield from (student_weeks(session, code, student), student_attempts(session, code, student))
    yield from (course_evidence(session, [course.id]), class_evidence(session, code).scores)


@pytest.mark.usefixtures("term")
def test_each_lecturer_reads_the_own_archived_rows_as_before_and_no_others(school, tmp_path):
    people = {email: school.engine(email) for email in (ADMIN, ADA, BEN)}
    before = {email: seen(engine) for email, engine in people.items()}
    assert {"ADA-OVER", "ADA-NOW"} == before[ADA].keys()
    with archived(school, tmp_path / "archives"):
        assert {email: seen(engine) for email, engine in people.items()} == before
        own = {email: school.person_id(email) for email in (ADA, BEN)}
        for email, engine in ((ADA, people[ADA]), (BEN, people[BEN])):
            with transaction(engine) as session:
                rows = session.execute(
                    text("SELECT DISTINCT c.lecturer_id FROM quiz_attempts AS a JOIN courses AS c ON c.id = a.course_id")
                )
                assert rows.scalars().all() == [own[email]]
                n_archived = session.scalar(text("SELECT count(*) FROM quiz_attempts WHERE tableoid = 'archived_attempts'::regclass"))
                assert n_archived == 60
            for table in (ArchivedAttempt, ArchivedEstimate, Archive):
                with pytest.raises(NotPermittedError), transaction(engine) as session:
                    session.execute(select(table.__table__))
            for statement in (update(QuizAttempt).values(feedback="changed"), update(TopicPerformance).values(rule="changed")):
                with pytest.raises(LmskitError) as refused, transaction(engine) as session:
                    session.execute(statement)
                assert isinstance(refused.value, (TermClosedError, NotPermittedError))
    assert {email: seen(engine) for email, engine in people.items()} == before


@pytest.mark.usefixtures("term")
def test_another_account_of_the_machine_cannot_read_the_files(school):
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can act as another account")
    with tempfile.TemporaryDirectory() as name, archived(school, Path(name) / "archives") as report:
        (folder := Path(name)).chmod(0o755)
        files = sorted(folder.rglob("*"))
        assert any(path.suffix == ".parquet" for path in files)
        pid = os.fork()
        if pid == 0:
            readable = 0
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                folder.stat()  # so far it gets
                for path in [Path(report.location), *files]:
                    try:
                        os.close(os.open(path, os.O_RDONLY))
                        readable += 1
                    except PermissionError:
                        pass
            except BaseException:  # noqa: BLE001 - the process ends here
                readable = 255
            finally:
                os._exit(min(readable, 255))
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def ended(thread, raised):
    thread.join(TO_WAIT)
    return (thread.is_alive(), *raised)


@contextmanager
def waiting(work):
    """Do some work in a thread, and give a function that waits for its end and returns what it raised."""
    raised: list[Exception] = []

    def run():
        try:
            work()
        except LmskitError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: ended(thread, raised)
    finally:
        thread.join(TO_WAIT)


def until_waiting(school, endpoint):
    """Wait until a session of the database waits for a lock."""
    until = time.monotonic() + TO_WAIT
    with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as superuser:
        statement = b"SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        while superuser.execute(statement, [school.name]).fetchone() == (0,):
            assert time.monotonic() < until
            time.sleep(0.02)


def mark(session, word):
    """Change attempts of Ada's course of the term, as Ada."""
    course = session.scalars(select(Course.id).where(Course.code == "ADA-OVER")).one()
    session.execute(update(QuizAttempt).where(QuizAttempt.course_id == course).values(feedback=word))


def test_closing_waits_for_those_who_write_and_keeps_what_they_wrote(school, endpoint):
    def close():
        with transaction(school.engine(ADMIN)) as session:
            close_term(session, TERM)

    with transaction(school.engine(ADA)) as session:
        mark(session, "written before")
        with waiting(close) as outcome:
            until_waiting(school, endpoint)
            session.commit()
            assert outcome() == (False,)
    with transaction(school.engine(ADMIN)) as session:
        feedback = session.scalars(
            select(QuizAttempt.feedback).join(Course, Course.id == QuizAttempt.course_id).where(Course.code == "ADA-OVER")
        )
        assert set(feedback) == {"written before"}
        open_term(session, TERM)


def test_a_course_moves_to_another_term_when_those_who_write_in_it_are_done(school, endpoint):
    def move(code):
        with transaction(school.engine(ADMIN)) as session:
            going_on = select(Course.term_id).where(Course.code == "ADA-NOW").scalar_subquery()
            over = select(Term.id).where(Term.code == TERM).scalar_subquery()
            session.execute(update(Course).where(Course.code == "ADA-OVER").values(term_id=over if code == TERM else going_on))

    with transaction(school.engine(ADA)) as session:
        mark(session, "written in the term that it leaves")
        with waiting(functools.partial(move, "another")) as outcome:
            until_waiting(school, endpoint)
            session.commit()
            assert outcome() == (False,)
    move(TERM)


def test_who_writes_while_a_term_is_closed_waits_and_is_refused(school, endpoint):
    def write():
        with transaction(school.engine(ADA)) as session:
            mark(session, "too late")

    with transaction(school.engine(ADMIN)) as session:
        close_term(session, TERM)
        with waiting(write) as outcome:
            until_waiting(school, endpoint)
            session.commit()
            alive, refused = outcome()
    assert not alive
    assert isinstance(refused, TermClosedError)
    with transaction(school.engine(ADMIN)) as session:
        open_term(session, TERM)


def test_a_snapshot_from_before_a_term_was_closed_writes_nothing_into_it(school):
    with school.engine(ADA).connect().execution_options(isolation_level="REPEATABLE READ") as writer:
        writer.execute(text("SELECT count(*) FROM lms.quiz_attempts"))
        with transaction(school.engine(ADMIN)) as session:
            close_term(session, TERM)
        with pytest.raises((DBAPIError, LmskitError)) as refused:
            writer.execute(
                text(
                    "UPDATE lms.quiz_attempts SET feedback = 'too late'"
                    " WHERE course_id = (SELECT id FROM lms.courses WHERE code = 'ADA-OVER')"
                )
            )
        assert "concurrent" in str(refused.value.__cause__ or refused.value)
    with transaction(school.engine(ADMIN)) as session:
        open_term(session, TERM)


@pytest.mark.skipif(not OULAD.is_dir(), reason=f"the data set is not there: {OULAD}")
def test_three_terms_of_oulad_read_as_before_when_they_are_archived(migrated_database, endpoint, say, tmp_path):
    school = School(migrated_database, "archived_oulad")
    mine, theirs = "lecturer.FFF@oulad.invalid", "lecturer.AAA@oulad.invalid"
    write, read = (functools.partial(begin, school.engine(ADMIN)) for begin in (transaction, snapshot))
    with write() as session:
        import_oulad(session, OULAD)
    with write() as session:
        refresh(session)
    with psycopg.connect(endpoint.superuser_conninfo(school.name), autocommit=True) as superuser:
        superuser.execute("ANALYZE")
        for email in (mine, theirs):
            school.passwords[email] = f"the password of {email}"
            verifier = scram_verifier(school.passwords[email])
            superuser.execute("SELECT lms.set_login(id, %s, '!') FROM lms.users WHERE lower(email) = lower(%s)", [verifier, email])
    before = {email: seen(school.engine(email)) for email in (mine, theirs)}
    assert {code[:3] for code in before[mine]} == {"FFF"}
    store = FolderArchives(tmp_path / "archives", make=True)
    moved = 0
    for code in ("2013B", "2013J", "2014B"):
        with write() as session:
            close_term(session, code)
        report = create_archive(write, read, store, code)
        verify_archive(write, code, tmp_path)
        moved += report.manifest.rows_of("quiz_attempts")
    after = {email: seen(school.engine(email)) for email in (mine, theirs)}
    for email, found in after.items():
        assert found.keys() == before[email].keys()
        assert [code for code in found if found[code] != before[email][code]] == []
    n_rows = "SELECT count(*), count(*) FILTER (WHERE a.tableoid = 'lms.archived_attempts'::regclass) FROM lms.quiz_attempts AS a"
    with read() as session:
        everyone = session.execute(text(n_rows)).one()
        archived_of_mine = session.execute(text(f"{n_rows} JOIN lms.courses AS c ON c.id = a.course_id WHERE c.module_code = 'FFF'")).one()
    with transaction(school.engine(mine)) as session:
        assert session.execute(text(n_rows)).one() == archived_of_mine
    assert everyone == (173_912, moved)
    for code in ("2013B", "2013J", "2014B"):
        restore_archive(write, code, tmp_path, from_files=code == "2013B")
    restored = {email: seen(school.engine(email)) for email in (mine, theirs)}
    assert [code for code in restored[mine] if restored[mine][code] != before[mine][code]] == []
    n_read = sum(len(found) for found in before.values())
    say(f"three terms of OULAD archived: {moved:,} of 173,912 attempts; {n_read} courses of two lecturers read as before")
