"""A transaction is done whole or not at all, and a failure of the connection is reported in a sentence."""
# ruff: noqa: PT012 - what a transaction raises depends on several statements in it

import os
import threading

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lmskit.db import retried, snapshot, transaction, violated_constraint
from lmskit.db.bulk import copy_rows, stage
from lmskit.db.failure import LOST
from lmskit.errors import BusyError, NotPermittedError, UnreachableError

TERM = "INSERT INTO terms (code, name, starts_on, ends_on) VALUES (:code, 'A term', '2026-01-01', '2026-06-30')"


def codes(engine):
    with transaction(engine) as session:
        return set(session.execute(text("SELECT code FROM terms WHERE code LIKE 'TRANSACTION-%'")).scalars())


@pytest.fixture(autouse=True)
def _no_terms(admin_engine):
    yield
    with transaction(admin_engine) as session:
        session.execute(text("DELETE FROM terms WHERE code LIKE 'TRANSACTION-%'"))


def end_sessions(endpoint, pid):
    with psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def backend(session):
    return session.execute(text("SELECT pg_backend_pid()")).scalar_one()


def test_what_happens_in_a_block_is_kept(admin_engine):
    with transaction(admin_engine) as session:
        session.execute(text(TERM), {"code": "TRANSACTION-1"})
    assert codes(admin_engine) == {"TRANSACTION-1"}


def test_nothing_of_a_block_that_raises_is_kept(admin_engine):
    with pytest.raises(RuntimeError), transaction(admin_engine) as session:
        session.execute(text(TERM), {"code": "TRANSACTION-2"})
        raise RuntimeError
    assert codes(admin_engine) == set()


def test_a_snapshot_sees_one_moment_and_cannot_write(admin_engine):
    with snapshot(admin_engine) as reading:
        before = reading.execute(text("SELECT count(*) FROM terms")).scalar_one()
        with transaction(admin_engine) as writing:
            writing.execute(text(TERM), {"code": "TRANSACTION-3"})
        assert reading.execute(text("SELECT count(*) FROM terms")).scalar_one() == before
    with pytest.raises(Exception, match="read-only transaction"), snapshot(admin_engine) as reading:
        reading.execute(text(TERM), {"code": "TRANSACTION-4"})
    with transaction(admin_engine) as writing:
        writing.execute(text(TERM), {"code": "TRANSACTION-5"})
    assert codes(admin_engine) == {"TRANSACTION-3", "TRANSACTION-5"}


def test_a_connection_lost_during_the_work_is_reported_and_the_next_block_works(admin_engine, endpoint):
    with pytest.raises(UnreachableError) as lost, transaction(admin_engine) as session:
        session.execute(text(TERM), {"code": "TRANSACTION-6"})
        end_sessions(endpoint, backend(session))
        session.execute(text("SELECT 1"))
    assert str(lost.value) == LOST
    assert codes(admin_engine) == set()


def test_a_lost_connection_is_tried_again(admin_engine, endpoint):
    tries = []

    def work():
        with transaction(admin_engine) as session:
            tries.append(backend(session))
            session.execute(text(TERM), {"code": "TRANSACTION-7"})
            if len(tries) == 1:
                end_sessions(endpoint, tries[0])
            return session.execute(text("SELECT 'done'")).scalar_one()

    assert retried(work) == "done"
    assert len(tries) == 2
    assert codes(admin_engine) == {"TRANSACTION-7"}


def test_work_that_cannot_be_repeated_is_not_tried_again_when_the_connection_is_lost(admin_engine, endpoint):
    tries = []

    def work():
        with transaction(admin_engine) as session:
            tries.append(backend(session))
            end_sessions(endpoint, tries[-1])
            session.execute(text("SELECT 1"))

    with pytest.raises(UnreachableError):
        retried(work, idempotent=False)
    assert len(tries) == 1


def test_a_deadlock_is_tried_again_and_both_succeed(admin_engine):
    with transaction(admin_engine) as session:
        for code in ("TRANSACTION-8", "TRANSACTION-9"):
            session.execute(text(TERM), {"code": code})
    meeting = threading.Barrier(2, timeout=20)
    failures = []

    def swap(first, second):
        tries = []

        def work():
            tries.append(1)
            with transaction(admin_engine) as session:
                statement = text("UPDATE terms SET name = name || '.' WHERE code = :code")
                session.execute(statement, {"code": first})
                if len(tries) == 1:
                    meeting.wait()
                session.execute(statement, {"code": second})

        try:
            retried(work, idempotent=False)
        except Exception as error:  # noqa: BLE001 - to be shown by the assertion below
            failures.append(error)

    threads = [
        threading.Thread(target=swap, args=pair) for pair in (("TRANSACTION-8", "TRANSACTION-9"), ("TRANSACTION-9", "TRANSACTION-8"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with transaction(admin_engine) as session:
        assert set(session.execute(text("SELECT name FROM terms WHERE code LIKE 'TRANSACTION-%'")).scalars()) == {"A term.."}


@pytest.mark.parametrize(
    ("setting", "statement", "sentence"),
    [
        ("statement_timeout", "SELECT pg_sleep(5)", "took too long"),
        ("lock_timeout", "LOCK TABLE terms IN ROW EXCLUSIVE MODE", "Another session holds what this needs"),
    ],
)
def test_a_time_limit_is_a_sentence(admin_engine, endpoint, setting, statement, sentence):
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as other:
        other.execute("LOCK TABLE terms IN SHARE ROW EXCLUSIVE MODE")
        with pytest.raises(BusyError, match=sentence), transaction(admin_engine) as session:
            session.execute(text(f"SET LOCAL {setting} = 50"))
            session.execute(text(statement))


def test_a_mistake_in_the_program_stays_what_it_is(admin_engine):
    with pytest.raises(ValueError, match="of ours"), transaction(admin_engine):
        message = "of ours"
        raise ValueError(message)
    with pytest.raises(ValueError, match="at least 1"):
        retried(lambda: None, attempts=0)


def test_the_constraint_that_was_violated_is_named(admin_engine):
    with pytest.raises(IntegrityError) as error, transaction(admin_engine) as session:
        session.execute(text(TERM), {"code": "T-10"})
        session.execute(text(TERM), {"code": "T-10"})
    assert violated_constraint(error.value) == "uq_terms_code"
    with pytest.raises(IntegrityError) as error, transaction(admin_engine) as session:
        session.execute(text("INSERT INTO terms (code) VALUES ('T-11')"))
    assert violated_constraint(error.value) is None


@pytest.mark.parametrize("types", [None, ["int8", "text", "numeric"]])
def test_copied_rows_arrive_as_they_are_and_are_dropped_with_the_transaction(session, types):
    from decimal import Decimal

    rows = [(1, 'tab\there, \\N and "quotes"\nand a line', Decimal("1.50")), (2, "", None), (3, None, Decimal(0))]
    stage(session, "arriving", {"id": "bigint", "words": "text", "score": "numeric"})
    assert copy_rows(session, "arriving", ["id", "words", "score"], iter(rows), types=types) == 3
    assert session.execute(text("SELECT id, words, score FROM arriving ORDER BY id")).all() == rows


def test_a_staging_table_is_dropped_after_the_transaction(admin_engine):
    with transaction(admin_engine) as session:
        stage(session, "short lived", {'odd "name"': "int"})
        assert copy_rows(session, "short lived", ['odd "name"'], ((n,) for n in range(1000))) == 1000
    with transaction(admin_engine) as session:
        assert session.execute(text("SELECT to_regclass('\"short lived\"')")).scalar_one() is None


def test_a_lecturer_cannot_stage(lecturer_engine):
    with pytest.raises(NotPermittedError), transaction(lecturer_engine) as session:
        stage(session, "arriving", {"id": "bigint"})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_leaves_the_parents_connections_alone(admin_engine):
    with transaction(admin_engine) as session:
        pid = backend(session)
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        assert backend(session) == pid
