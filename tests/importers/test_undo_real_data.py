"""All of OULAD is imported and taken back: every table is as before, and with newer evidence on top what stays is named."""

import hashlib

import psycopg
import pytest
from sqlalchemy import func, select, text

from lmskit.models import ImportRun, Quiz, QuizAttempt
from lmskit.services.import_undo import undo_import
from lmskit.services.import_undo.report import Why
from lmskit.services.oulad import import_oulad
from tests import factories
from tests.importers.test_import_undo import APART, COLUMNS
from tests.importers.test_oulad_real_data import ENTITIES, OULAD

pytestmark = pytest.mark.skipif(not OULAD.is_dir(), reason=f"the data set is not there: {OULAD}")


def checksums(session):
    """How many rows each table has, and a checksum of them in the server; of none that record what was done."""
    found = {}
    for table, columns in session.execute(COLUMNS).all():
        if table not in APART:
            row = f"md5((ROW({columns}))::text)"
            statement = text(f"SELECT count(*), string_agg({row}, '' ORDER BY {row}) FROM lms.{table} AS t")
            count, rows = session.execute(statement).one()
            found[table] = (count, hashlib.sha256((rows or "").encode()).hexdigest())
    return found


@pytest.mark.long
def test_an_undo_of_all_of_oulad_leaves_every_table_as_it_was(session, endpoint, say):
    before = checksums(session)
    import_oulad(session, OULAD)
    # As the server may do at any moment, and would make its planner expect empty tables in the undo.
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as server:
        server.execute(f"ANALYZE (SKIP_LOCKED) {', '.join(f'lms.{table}' for table in before)}")
    run = session.scalar(select(func.max(ImportRun.id)))
    later = checksums(session)
    assert later["quiz_attempts"][0] - before["quiz_attempts"][0] == ENTITIES["attempts"]
    report = undo_import(session, run)
    assert (report.kept, report.impossible, report.rest) == ((), (), "")
    assert report.n_taken_back >= sum(ENTITIES.values())
    assert checksums(session) == before
    say(f"undo of OULAD: {report.n_taken_back:,} rows taken back, {len(before)} tables with the checksums of before")


@pytest.mark.exhaustive
def test_with_newer_evidence_on_top_all_else_of_oulad_is_taken_back(session):
    import_oulad(session, OULAD)
    run = session.scalar(select(func.max(ImportRun.id)))
    attempt = session.scalars(select(QuizAttempt).where(~QuizAttempt.banked).order_by(QuizAttempt.id.desc()).limit(1)).one()
    quiz = session.get_one(Quiz, attempt.quiz_id)
    student = factories.attempt(session, quiz, attempt.student_id, number=2).student_id
    session.flush()
    report = undo_import(session, run)
    stays = {each.kind: (each.n_rows, each.why) for each in report.impossible}
    assert report.kept == ()
    assert {kind: stays[kind] for kind in ("people", "enrollments", "courses", "quizzes")} == {
        "people": (2, Why.USED), "enrollments": (1, Why.USED), "courses": (1, Why.USED), "quizzes": (1, Why.USED),
    }  # fmt: skip
    assert session.scalar(select(func.count()).select_from(QuizAttempt).where(QuizAttempt.student_id == student)) == 1
    assert report.n_taken_back >= sum(ENTITIES.values()) - 100
