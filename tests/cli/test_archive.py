"""`lmskit term` and `lmskit archive`: a term is closed, archived, verified, and brought back."""

import datetime as dt
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, select, text

from lmskit.db import transaction
from lmskit.db.vacuum import vacuum
from lmskit.models import Course, Enrollment, Quiz, QuizAttempt, Syllabus, Term, TopicPerformance
from lmskit.queries.archive import MOVED_BETWEEN
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import TermState
from tests import factories
from tests.conftest import DEMO_LECTURER


@pytest.fixture
def term(admin_engine, lmskit):
    """The code of a term that is over, with three attempts and their estimates; it is brought back and removed afterwards."""
    with transaction(admin_engine) as session:
        made = factories.term(session, starts_on=dt.date(2020, 9, 14))
        course = factories.course(session, in_term=made, weeks=1)
        quiz = factories.quiz(session, course)
        for score in (3, 5, 9):
            student = factories.student(session)
            factories.enrollment(session, course, student)
            factories.attempt(session, quiz, student, score=score)
    lmskit("mastery", "refresh", "--course", course.code)
    yield made.code
    with transaction(admin_engine) as session:
        state = session.scalars(select(Term.state).where(Term.id == made.id)).one()
    if state is TermState.ARCHIVED:
        lmskit("archive", "restore", made.code)
    if state is not TermState.OPEN:
        lmskit("term", "open", made.code)
    lmskit("archive", "prune", made.code)
    with transaction(admin_engine) as session:
        for table in (TopicPerformance, QuizAttempt, Quiz, Enrollment, Syllabus):
            session.execute(delete(table).where(table.course_id == course.id))
        session.execute(delete(Course).where(Course.id == course.id))
        session.execute(delete(Term).where(Term.id == made.id))


def one_line(result):
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def cleaned_up(engine):
    """When the tables between which rows move were last vacuumed and had their statistics gathered, the one that was first."""
    tables = ["quiz_attempts", "topic_performance", "archived_attempts", "archived_estimates"]
    times = "least(coalesce(last_vacuum, '-infinity'), coalesce(last_analyze, '-infinity'))"
    with transaction(engine) as session:
        statement = f"SELECT min({times})::text, clock_timestamp()::text FROM pg_stat_user_tables WHERE relname = ANY(:tables)"
        return session.execute(text(statement), {"tables": tables}).one()


def test_a_term_is_closed_archived_verified_and_brought_back(lmskit, admin_engine, term, tmp_path):
    folder = tmp_path / "archives"
    closed = one_line(lmskit("term", "close", term, "--yes"))
    assert closed.endswith(f"The term {term} is closed. 3 enrollments are completed. To archive it: lmskit archive create --term {term}")
    assert "closed" in next(line for line in lmskit("term", "list", "--limit", "1000").stdout.splitlines() if term in line)
    missing = lmskit("archive", "create", "--term", term, "--to", str(folder))
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert f"mkdir -m 700 {folder}" in missing.stderr
    folder.touch()
    for name, reason in (
        (str(folder), f"{folder} is not a folder"),
        ("", "is empty"),
        ("~nobody-is-called-this/archives", "There is no home folder"),
        ("s3:///", "names no bucket"),
    ):
        lost = lmskit("archive", "prune", "--unknown", "--in", name)
        assert (lost.exit_code, lost.stdout) == (1, ""), lost.stderr
        refused = lmskit("archive", "create", "--term", term, "--to", name)
        assert (refused.exit_code, refused.stdout, reason in " ".join(refused.stderr.split())) == (1, "", True), refused.stderr
    folder.unlink()
    folder.mkdir(mode=0o700)
    vacuum(MOVED_BETWEEN)  # so that the server has no reason to do it by itself, and to be in the way
    began = cleaned_up(admin_engine)[1]
    created = one_line(lmskit("archive", "create", "--term", term, "--to", str(folder)))
    (files,) = folder.iterdir()
    assert created == (
        f"The term {term} is archived: 3 attempts and 3 estimates of mastery. Its files are in {files}; keep a copy on another machine."
    )
    done, now = cleaned_up(admin_engine)
    assert done > began
    assert re.search(rf"{term}\t.*\t\d+ kB\t", lmskit("archive", "list").stdout)
    shown = one_line(lmskit("term", "show", term))
    assert shown.startswith(f"{term}, ")
    assert shown.endswith(
        "It has 1 course, 3 students, 1 week and 1 quiz; 3 attempts and 3 estimates of mastery. "
        f"To bring it back: lmskit archive restore {term}"
    )
    assert one_line(lmskit("archive", "verify", term)).startswith(f"The archive of {term} is in order: 3 attempts and 3 estimates")
    refused = lmskit("term", "open", term)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"is archived. Nothing was changed. To bring it back: lmskit archive restore {term}" in refused.stderr
    assert one_line(lmskit("archive", "rewrite", term)).startswith(f"The files of {term} are in {folder}")
    (again,) = folder.iterdir()
    assert again != files
    restored = one_line(lmskit("archive", "restore", term, "--from-files"))
    assert restored.endswith(f"To open it: lmskit term open {term}")
    assert cleaned_up(admin_engine)[0] > now
    assert one_line(lmskit("term", "open", term)) == f"The term {term} is open. 3 enrollments are active again, as before it was closed."
    unknown = shutil.copytree(again, folder / "OTHER-20260101T000000000000Z")
    asked = lmskit("archive", "prune", "--unknown")
    assert (asked.exit_code, str(unknown) in asked.stdout, "--yes" in asked.stderr) == (1, True, True)
    elsewhere = unknown.rename(tmp_path / unknown.name)
    assert "The database knows all" in lmskit("archive", "prune", "--unknown").stdout
    assert lmskit("archive", "prune", term, "--in", str(tmp_path)).exit_code == 1
    assert "1 archive removed." in lmskit("archive", "prune", "--unknown", "--in", str(tmp_path), "--yes").stdout
    assert not elsewhere.exists()
    absent = lmskit("archive", "prune", "--unknown", "--in", str(tmp_path / "absent"))
    assert (absent.exit_code, "There is no folder" in absent.stderr) == (1, True)
    assert lmskit("archive", "prune").exit_code == lmskit("archive", "prune", term, "--unknown").exit_code == 1
    assert one_line(lmskit("archive", "prune", term)).startswith(f"1 earlier archive of {term} removed.")
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("lecturer_engine")
def test_who_may_not_and_what_is_not_there_is_said_in_a_sentence(lmskit, configure, term):
    for command in (("term", "close"), ("archive", "verify"), ("archive", "restore"), ("archive", "prune"), ("archive", "rewrite")):
        unknown = lmskit(*command, "NOWHERE")
        assert (unknown.exit_code, unknown.stdout) == (1, ""), command
        assert "NOWHERE" in unknown.stderr, command
    configure(LMSKIT_PERSON=DEMO_LECTURER)
    for line in ("archive list", f"archive verify {term}", f"term close {term}", f"archive create --term {term}"):
        refused = lmskit(*line.split())
        assert refused.exit_code == 1, (line, refused.output)
        assert "administrator" in refused.stderr or "There is no term" in refused.stderr, (line, refused.stderr)
    assert not Path("archives").exists()


def test_where_nothing_can_be_cleaned_up_nothing_is_raised(admin_engine):
    """By a login that may not, of a table that is not there, and on a server that does not answer."""
    before = cleaned_up(admin_engine)[0]
    for tables, engine in (
        (["quiz_attempts"], admin_engine),
        (["no_table"], admin_engine),
        (["quiz_attempts"], create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")),
    ):
        vacuum(tables, engine)
    assert cleaned_up(admin_engine)[0] == before


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to another process")
def test_archiving_that_a_person_interrupts_leaves_no_files(admin_engine, lmskit, term, tmp_path):
    lmskit("term", "close", term, "--yes")
    command = [sys.executable, "-m", "lmskit", "archive", "create", "--term", term, "--to", str(tmp_path)]
    with transaction(admin_engine) as other:
        other.execute(text("SELECT FROM terms WHERE code = :code FOR NO KEY UPDATE"), {"code": term})
        environment = os.environ | {"LMSKIT_PERSON": DEMO_ADMIN}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            waits = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
            while not other.scalar(waits) and process.poll() is None:
                time.sleep(0.02)
            (waiting,) = [folder.name for folder in tmp_path.iterdir()]
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=60)
    assert (process.returncode != 0, said[0]) == (True, b""), said
    assert waiting.startswith(term)
    assert list(tmp_path.iterdir()) == []
    assert term not in lmskit("archive", "list").stdout
    assert "closed" in next(line for line in lmskit("term", "list").stdout.splitlines() if term in line)
