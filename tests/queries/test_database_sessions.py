"""What `lmskit doctor` says of sessions: who is named, as what, and from when on."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from lmskit.db.blocking import OpenSession, Queues, Wait, clock_time
from lmskit.db.cluster.processes import Taken
from lmskit.queries.database_sessions import IDLE_LIMIT, RUNNING_LIMIT, WAITING_LIMIT, _session_findings
from lmskit.queries.load import _of_login

NOW = dt.datetime(2026, 9, 14, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def opened(pid, *, state="idle in transaction", since=SECOND, began=None, tables=(), keeps_rows=False):
    """A session of a person, whose statement began, or which is idle, since a time ago."""
    start = None if since is None else NOW - since
    first = start if began is None else NOW - began
    return OpenSession(pid, f"{pid}@example.org", True, False, state, first, start, keeps_rows, tables, 0)


def found(*sessions, waits=()):
    """What is said of these sessions: of each its number, whether it is a fault, and the sentence."""
    queues = Queues(tuple(waits), {session.pid: session for session in sessions}, True, NOW)
    findings = list(_session_findings(queues))
    return [(int(said.name.removeprefix("session ")), not said.is_well and not said.is_note, said.sentence) for said in findings]


def named(*sessions, waits=()):
    return [(pid, is_wrong) for pid, is_wrong, _ in found(*sessions, waits=waits)]


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ({"since": IDLE_LIMIT}, []),
        ({"since": IDLE_LIMIT + SECOND}, [(1, True)]),
        ({"since": SECOND, "tables": ("users",)}, [(1, False)]),
        ({"state": "active", "since": RUNNING_LIMIT, "began": SECOND}, []),
        ({"state": "active", "since": RUNNING_LIMIT + SECOND, "began": SECOND}, [(1, False)]),
        ({"state": "active", "since": SECOND, "began": IDLE_LIMIT}, []),
        ({"state": "active", "since": SECOND, "began": IDLE_LIMIT + SECOND}, [(1, False)]),
        ({"state": "active", "since": SECOND, "tables": ("users",)}, []),
        ({"state": "idle", "since": None}, []),
    ],
)
def test_a_session_for_which_nobody_waits_is_named_from_its_limit_on(session, expected):
    assert named(opened(1, **session)) == expected


@pytest.mark.parametrize(
    ("state", "waited", "is_wrong"),
    [("active", WAITING_LIMIT, False), ("active", WAITING_LIMIT + SECOND, True), ("idle in transaction", SECOND, True)],
)
def test_a_session_that_holds_others_up_is_named_once_and_those_who_wait_are_not(state, waited, is_wrong):
    sessions = [opened(pid, state="active", since=IDLE_LIMIT * 2) for pid in (2, 3)]
    waits = [Wait(2, 1, NOW - waited, "users"), Wait(3, 2, None, None)]
    assert named(opened(1, state=state), *sessions, waits=waits) == [(1, is_wrong)]


def test_an_idle_session_beside_one_that_holds_others_up_is_named_too():
    waits = [Wait(2, 1, NOW - SECOND, None)]
    assert named(opened(1), opened(2, state="active"), opened(3, since=IDLE_LIMIT * 2), waits=waits) == [(1, True), (3, True)]


def test_five_of_those_who_wait_are_named_and_the_others_counted():
    sessions = [opened(1), *(opened(pid, state="active") for pid in range(2, 9))]
    waits = [Wait(pid, 1, NOW - pid * SECOND, None) for pid in range(2, 9)]
    ((_, _, sentence),) = found(*sessions, waits=waits)
    assert [f"{pid}@example.org (session {pid}) since" in sentence for pid in range(2, 9)] == [False] * 2 + [True] * 5
    assert " and 2 more wait for it. " in sentence
    ((_, _, five),) = found(*sessions[:6], waits=waits[:5])
    assert "more" not in five
    ((_, _, alone),) = found(*sessions[:2], waits=waits[:1])
    assert " waits for it. " in alone


def test_the_sentence_says_since_when_and_what_it_holds():
    began, since = IDLE_LIMIT * 3, IDLE_LIMIT * 2
    ((_, _, idle),) = found(opened(1, since=since, began=began, tables=("users",), keeps_rows=True))
    assert f"open since {clock_time(NOW - began)}, idle since {clock_time(NOW - since)}. It holds " in idle
    assert "for which nobody waits yet. It keeps the server from removing old rows. To end the sessions of that person" in idle
    ((_, _, at_work),) = found(opened(1, state="active", since=RUNNING_LIMIT * 2))
    assert f"running one statement since {clock_time(NOW - RUNNING_LIMIT * 2)}. To " in at_work
    waits = [Wait(2, 1, NOW - SECOND, None)]
    ((_, _, unknown),) = found(opened(1, state=None, since=None), opened(2, state="active"), waits=waits)
    assert unknown.startswith("1@example.org has a session open. ")


def seen(pid, *, works=True, seconds=60.0) -> Any:
    """A row of `pg_stat_activity`."""
    return SimpleNamespace(pid=pid, works=works, seconds=seconds)


MEGABYTE = 1024**2


@pytest.mark.parametrize(
    ("rows", "taken", "is_named"),
    [
        ([seen(1)], {}, False),
        ([seen(1), seen(2, works=False)], {}, False),
        ([seen(1), seen(2)], {}, True),
        ([seen(1, works=False, seconds=1.9), seen(2, works=False, seconds=1.9)], {}, True),
        ([seen(1, works=False, seconds=2.0), seen(2, works=False, seconds=2.0)], {}, False),
        ([seen(1)], {1: Taken(processor=2.0)}, False),
        ([seen(1)], {1: Taken(processor=2.1)}, True),
        ([seen(1, works=False)], {1: Taken(processor=2.1)}, False),
        ([seen(1, works=False)], {1: Taken(memory=256 * MEGABYTE - 1)}, False),
        ([seen(1, works=False)], {1: Taken(memory=256 * MEGABYTE)}, True),
        ([seen(1, works=False)], {1: Taken(temporary=256 * MEGABYTE)}, True),
    ],
)
def test_a_login_is_named_when_it_takes_much(rows, taken, is_named):
    assert bool(list(_of_login("ada@example.org", rows, taken))) is is_named


def test_what_the_sessions_of_a_login_take_is_added_up_in_units_of_people():
    taken = {1: Taken(processor=1200.4, memory=100 * MEGABYTE, temporary=3 * MEGABYTE), 2: Taken(memory=200 * MEGABYTE)}
    (finding,) = _of_login("ada@example.org", [seen(1), seen(2, works=False, seconds=1)], taken)
    assert finding.sentence == (
        "ada@example.org has 2 sessions, 1 at work at this moment and 1 begun in the last 2 s: 1,200 s of processor time used, "
        "300 MB of memory and 3 MB of temporary files held. To end them: lmskit doctor --end 1"
    )
