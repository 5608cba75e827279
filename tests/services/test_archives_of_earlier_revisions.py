"""Archives that earlier revisions wrote are restored: each folder of `archives` beside this file is one, named by its revision.

A migration that changes a column of the files makes another one necessary. The last test fails then, and says what to copy.
"""

import datetime as dt
import hashlib
import shutil
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.orm import Session

from lmskit.archives.store import MANIFEST, FolderArchives, checked_manifest
from lmskit.services.archive import create_archive
from lmskit.services.archive_restore import restore_archive
from lmskit.services.term import close_term
from lmskit.vocabulary import TermState

EARLIER = Path(__file__).parent / "archives"
BASE = 9_000_000_000
"""Numbers above those that other tests use."""
WORLD = f"""
INSERT INTO terms (id, code, name, starts_on, ends_on) OVERRIDING SYSTEM VALUE
    VALUES ({BASE}, 'GOLDEN', 'Kept', '2020-01-01', '2020-06-30');
INSERT INTO users (id, email, family_name, sort_name, role) OVERRIDING SYSTEM VALUE
    SELECT {BASE} + n, 'kept' || n || '@example.org', 'Kept', 'kept', (CASE n WHEN 0 THEN 'lecturer' ELSE 'student' END)::user_role
    FROM generate_series(0, 3) AS n;
INSERT INTO courses (id, code, module_code, title, term_id, lecturer_id, origin, mastery_rule, mastery_parameters) OVERRIDING SYSTEM VALUE
    VALUES ({BASE}, 'GOLDEN-1', 'GOLDEN', 'Kept', {BASE}, {BASE}, 'import', 'average', '{{}}');
INSERT INTO syllabi (course_id, week_number, topic) SELECT {BASE}, n, 'Topic ' || n FROM generate_series(1, 2) AS n;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT {BASE}, {BASE} + n, 'completed', 'import', '2020-01-01' FROM generate_series(1, 3) AS n;
INSERT INTO quizzes (id, course_id, week_number, title, max_score) OVERRIDING SYSTEM VALUE
    SELECT {BASE} + n, {BASE}, n, 'Quiz ' || n, 10 FROM generate_series(1, 2) AS n;
"""
ROWS = f"""
INSERT INTO quiz_attempts (id, quiz_id, course_id, student_id, number, score, max_score, feedback, answers, submitted_at, origin)
    OVERRIDING SYSTEM VALUE
    SELECT {BASE} + 10 * q + n, {BASE} + q, {BASE}, {BASE} + n, 1, CASE n WHEN 3 THEN NULL ELSE 2.5 * n END, 10, 'Größe "10"',
        '[{{"question": "a", "response": "ß", "score": 1.5}}]', timestamptz '2020-02-01 12:00:00.123456Z', 'import'
    FROM generate_series(1, 2) AS q, generate_series(1, 3) AS n;
INSERT INTO topic_performance (student_id, course_id, week_number, level, value, low, high, n_evidence, rule, parameters, computed_at)
    SELECT {BASE} + n, {BASE}, w, 'developing', 1 / 3.0, 0.1 * n, 0.9, n, 'average', '{{"a": 0.1}}', timestamptz '2020-03-01 12:00Z'
    FROM generate_series(1, 2) AS w, generate_series(1, 2) AS n;
"""


@pytest.fixture
def superuser(admin_engine, endpoint):
    """A session whose commits are savepoints, in a database with the course of the archives and without its results."""

    def connect():
        return psycopg.connect(endpoint.superuser_conninfo("lmskit"), options="-c search_path=lms,public")

    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    with engine.connect() as connection, connection.begin() as everything:
        with Session(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            session.connection().exec_driver_sql(WORLD)
            yield session
        everything.rollback()


def opener(session):
    @contextmanager
    def begin():
        yield session
        session.commit()

    return begin


@pytest.mark.parametrize("revision", sorted(path.name for path in EARLIER.iterdir()))
def test_it_is_restored(revision, superuser, tmp_path):
    folder = EARLIER / revision
    manifest = (folder / MANIFEST).read_bytes()
    sha256 = hashlib.sha256(manifest).hexdigest()
    checked = checked_manifest(folder, sha256)
    assert checked.schema_revision == revision
    superuser.execute(
        text(
            "INSERT INTO archives (term_id, location, sha256, manifest, ended_at)"
            " VALUES (:term, :location, :sha256, CAST(:manifest AS jsonb), NULL)"
        ),
        {"term": BASE, "location": str(folder), "sha256": sha256, "manifest": manifest.decode()},
    )
    superuser.execute(text("UPDATE terms SET state = 'archived' WHERE id = :term"), {"term": BASE})
    restore_archive(opener(superuser), "GOLDEN", tmp_path, from_files=True)
    attempts = superuser.execute(
        text("SELECT id - :base, score, feedback, answers, submitted_at FROM ONLY quiz_attempts WHERE course_id = :base ORDER BY id"),
        {"base": BASE},
    ).all()
    assert [row[0] for row in attempts] == [11, 12, 13, 21, 22, 23]
    assert [None if row[1] is None else float(row[1]) for row in attempts[:3]] == [2.5, 5.0, None]
    when = dt.datetime(2020, 2, 1, 12, 0, 0, 123_456, tzinfo=dt.UTC)
    assert {(row[2], str(row[3]), row[4]) for row in attempts} == {
        ('Größe "10"', "[{'score': 1.5, 'question': 'a', 'response': 'ß'}]", when),
    }
    estimates = superuser.execute(text("SELECT value, low, high FROM ONLY topic_performance WHERE course_id = :base"), {"base": BASE}).all()
    assert sorted(tuple(row) for row in estimates) == sorted([(1 / 3, 0.1, 0.9), (1 / 3, 0.2, 0.9)] * 2)
    assert superuser.scalar(text("SELECT state FROM terms WHERE id = :base"), {"base": BASE}) == TermState.CLOSED


def test_files_as_they_are_written_now_are_among_them(superuser, tmp_path):
    superuser.execute(text("""UPDATE quizzes SET questions = '[{"id": "a"}]' WHERE course_id = :base"""), {"base": BASE})
    superuser.connection().exec_driver_sql(ROWS)
    begin = opener(superuser)
    close_term(superuser, "GOLDEN")
    now = create_archive(begin, begin, FolderArchives(tmp_path / "archives", make=True), "GOLDEN")
    earlier = {path.name: checked_manifest(path, hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()) for path in EARLIER.iterdir()}
    columns = {name: file.columns for name, file in now.manifest.files.items()}
    newest = earlier[max(earlier)] if earlier else None
    if newest is None or {name: file.columns for name, file in newest.files.items()} != columns:
        copy = shutil.copytree(now.location, EARLIER.parent / f"new-{now.manifest.schema_revision}")
        pytest.fail(f"The files have other columns now. Keep them as an example: mv {copy} {EARLIER / now.manifest.schema_revision}")
