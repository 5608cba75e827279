import functools
import threading
import time

import pytest
from sqlalchemy import select, text

from lmskit.db import snapshot, transaction
from lmskit.db.transaction import interrupter
from lmskit.errors import ConflictError
from lmskit.forms.long_work import LongWork, Task
from lmskit.models import Term
from tests import factories

LONG = 60


@pytest.fixture
def begin(admin_engine):
    return functools.partial(transaction, admin_engine)


class Outcome:
    """What a form would do with the end of its work."""

    def __init__(self):
        self.results, self.ends = [], 0

    def ended(self):
        self.ends += 1


def start(work, outcome, long_work=None):
    long_work = long_work or LongWork()
    assert long_work.start(work, done=outcome.results.append, ended=outcome.ended)
    return long_work


def terms_called(admin_engine, code):
    with snapshot(admin_engine) as session:
        return session.scalars(select(Term.code).where(Term.code == code)).all()


@pytest.mark.parametrize("waiting", ["in a statement", "between two"])
def test_work_that_is_cancelled_in_the_middle_leaves_nothing(begin, admin_engine, waiting):
    code, half_done, outcome = factories.unique("CANCELLED"), threading.Event(), Outcome()

    def work(task):
        with begin() as session, task.interruptible(interrupter(session)):
            factories.term(session, code=code)
            half_done.set()
            if waiting == "in a statement":
                session.execute(text("SELECT pg_sleep(:long)"), {"long": LONG})
            for row in range(LONG * 100):
                task.tell("Reading", row, None)
                time.sleep(0.01)

    started = time.monotonic()
    long_work = start(work, outcome)
    assert half_done.wait(LONG)
    time.sleep(0.2)
    long_work.cancel.click()
    long_work.join(LONG)
    assert time.monotonic() - started < LONG / 2
    assert long_work.message.value == "Cancelled. Nothing was changed."
    assert (outcome.results, outcome.ends) == ([], 1)
    assert terms_called(admin_engine, code) == []
    assert long_work.view.layout.display == "none"


def test_once_it_is_being_saved_it_cannot_be_cancelled_and_is_there(begin, admin_engine):
    code, outcome = factories.unique("SAVED"), Outcome()
    answers = []

    def work(task):
        with begin() as session:
            with task.interruptible(interrupter(session)):
                factories.term(session, code=code)
            answers.append(task.cancel())
        return "saved"

    long_work = start(work, outcome)
    long_work.join(LONG)
    try:
        assert (answers, outcome.results) == ([False], ["saved"])
        assert terms_called(admin_engine, code) == [code]
    finally:
        with begin() as session:
            session.delete(session.scalars(select(Term).where(Term.code == code)).one())


def test_cancelling_one_piece_of_work_does_not_touch_the_next_one_on_the_same_connection(begin):
    outcome, long_work = Outcome(), LongWork()
    tasks = []

    def work(task):
        tasks.append(task)
        with begin() as session, task.interruptible(interrupter(session)):
            return session.scalar(text("SELECT 1"))

    start(work, outcome, long_work).join(LONG)
    assert not tasks[0].cancel()
    start(work, outcome, long_work).join(LONG)
    assert outcome.results == [1, 1]


def test_there_is_one_piece_of_work_at_a_time():
    go, outcome = threading.Event(), Outcome()
    long_work = start(lambda _task: go.wait(LONG), outcome)
    assert long_work.running
    assert not long_work.start(pytest.fail, done=pytest.fail, ended=pytest.fail)
    go.set()
    long_work.join(LONG)
    assert not long_work.running
    assert outcome.results == [True]


def test_a_refusal_is_its_sentence_and_a_bug_says_that_it_is_one(caplog):
    outcome = Outcome()

    def refuse(_task):
        raise ConflictError("There is one already.")

    long_work = start(refuse, outcome)
    long_work.join(LONG)
    assert long_work.message.value == "There is one already."
    start(lambda task: task.no_such_thing, outcome, long_work).join(LONG)
    assert "lmskit failed unexpectedly (AttributeError)." in long_work.message.value
    assert "AttributeError" in caplog.text
    assert (outcome.results, outcome.ends) == ([], 2)


def test_progress_is_shown_at_once_for_a_new_step_and_then_now_and_then():
    shown, now = [], [0.0]
    task = Task(lambda *picture: shown.append(picture), clock=lambda: now[0])
    for done in range(5):
        task.tell("Reading", done, 5)
        now[0] += 0.04
    task.tell("Writing", 0, None)
    assert shown == [("Reading", 0, 5), ("Reading", 3, 5), ("Writing", 0, None)]
