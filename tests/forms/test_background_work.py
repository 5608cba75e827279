import functools
import threading
import time

import pytest
from sqlalchemy import select, text

from lmskit.db import snapshot, transaction
from lmskit.db.transaction import interrupter
from lmskit.errors import ConflictError
from lmskit.forms.background_work import BackgroundWork, Task
from lmskit.models import Term
from tests import factories

LONG = 600


@pytest.fixture
def begin(admin_engine):
    return functools.partial(transaction, admin_engine)


class Outcome:
    """Collects the results of work, as a form would."""

    def __init__(self):
        self.results, self.ends = [], 0

    def ended(self):
        self.ends += 1


def start(work, outcome, work_box=None):
    work_box = work_box or BackgroundWork()
    assert work_box.start(work, done=outcome.results.append, ended=outcome.ended)
    return work_box


def terms_called(admin_engine, code):
    with snapshot(admin_engine) as session:
        return session.scalars(select(Term.code).where(Term.code == code)).all()


@pytest.mark.parametrize("waiting", ["in a statement", "between two"])
def test_cancelled_work_changes_nothing(begin, admin_engine, waiting):
    code, half_done, outcome = factories.unique("CANCELLED"), threading.Event(), Outcome()

    def work(task):
        with begin() as session, task.interruptible(interrupter(session)):
            factories.term(session, code=code)
            half_done.set()
            if waiting == "in a statement":
                session.execute(text("SELECT pg_sleep(:long)"), {"long": LONG})
            for row in range(LONG * 100):
                task.report("Reading", row, None)
                time.sleep(0.01)

    started = time.monotonic()
    work_box = start(work, outcome)
    assert half_done.wait(LONG)
    time.sleep(0.2)
    work_box.cancel.click()
    work_box.join(LONG)
    assert time.monotonic() - started < LONG / 2
    assert work_box.message.value == "Cancelled. Nothing was changed."
    assert (outcome.results, outcome.ends) == ([], 1)
    assert terms_called(admin_engine, code) == []
    assert work_box.view.layout.display == "none"


def test_work_that_is_being_saved_cannot_be_cancelled(begin, admin_engine):
    code, outcome = factories.unique("SAVED"), Outcome()
    answers = []

    def work(task):
        with begin() as session:
            with task.interruptible(interrupter(session)):
                factories.term(session, code=code)
            answers.append(task.cancel())
        return "saved"

    work_box = start(work, outcome)
    work_box.join(LONG)
    try:
        assert (answers, outcome.results) == ([False], ["saved"])
        assert terms_called(admin_engine, code) == [code]
    finally:
        with begin() as session:
            session.delete(session.scalars(select(Term).where(Term.code == code)).one())


def test_a_late_cancellation_does_not_affect_the_next_task_on_the_same_connection(begin):
    outcome, work_box = Outcome(), BackgroundWork()
    tasks = []

    def work(task):
        tasks.append(task)
        with begin() as session, task.interruptible(interrupter(session)):
            return session.scalar(text("SELECT 1"))

    start(work, outcome, work_box).join(LONG)
    assert not tasks[0].cancel()
    start(work, outcome, work_box).join(LONG)
    assert outcome.results == [1, 1]


def test_one_task_runs_at_a_time():
    go, outcome = threading.Event(), Outcome()
    work_box = start(lambda _task: go.wait(LONG), outcome)
    assert work_box.running
    assert not work_box.start(pytest.fail, done=pytest.fail, ended=pytest.fail)
    go.set()
    work_box.join(LONG)
    assert not work_box.running
    assert outcome.results == [True]


def test_a_refusal_is_shown_as_its_sentence_and_a_bug_as_a_bug(caplog):
    outcome = Outcome()

    def refuse(_task):
        raise ConflictError("There is one already.")

    work_box = start(refuse, outcome)
    work_box.join(LONG)
    assert work_box.message.value == "There is one already."
    start(lambda task: task.no_such_thing, outcome, work_box).join(LONG)
    assert "lmskit failed unexpectedly (AttributeError)." in work_box.message.value
    assert "AttributeError" in caplog.text
    assert (outcome.results, outcome.ends) == ([], 2)


def test_progress_is_shown_at_once_for_a_new_step_and_then_every_tenth_of_a_second():
    shown, now = [], [0.0]
    task = Task(lambda *picture: shown.append(picture), clock=lambda: now[0])
    for done in range(5):
        task.report("Reading", done, 5)
        now[0] += 0.04
    task.report("Writing", 0, None)
    assert shown == [("Reading", 0, 5), ("Reading", 3, 5), ("Writing", 0, None)]


def test_the_last_report_is_shown_though_it_came_soon_after_another_one_and_nothing_after_the_end():
    shown, now, latest = [], [0.0], threading.Event()

    def show(step, done, total):
        shown.append((step, done, total))
        if done == 2:
            latest.set()

    task = Task(show, clock=lambda: now[0])
    task.report("Fetching", 1, 4)
    task.report("Fetching", 2, 4)
    assert latest.wait(LONG)
    task.report("Fetching", 3, 4)
    task.end()
    assert task._later is not None
    task._later.join(LONG)
    assert shown == [("Fetching", 1, 4), ("Fetching", 2, 4)]
