"""A process that forks others: modules are imported once, and each child can be killed.

Reads one order per line from standard input, as JSON, and prints the id of the process that carries it out.
Started by `crew.Crew`; a child ends by being killed, or when its work is done.
"""

import contextlib
import datetime as dt
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from lmskit.db import Opener, access, engine_for, transaction
from lmskit.errors import LmskitError
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.admission import admit
from lmskit.services.delivery import deliver_waiting
from lmskit.services.enrollment import enroll
from lmskit.services.erasure import erase_person
from lmskit.services.import_undo import undo_import
from lmskit.services.mastery import refresh
from lmskit.services.material_vectors import embed_passages
from lmskit.services.person_merge import merge_people, split_person
from lmskit.services.transport import Transport, transport_of
from lmskit.settings import Settings


def enrol(begin: Opener, transport: Transport, lease: dt.timedelta, order: dict[str, Any]) -> None:
    """Enrol one student after the other; skip those who are enrolled already."""
    for email in order["emails"]:
        with contextlib.suppress(LmskitError):
            admit(begin, transport, EnrollStudent(course=order["course"], email=email), lease=lease)


def request(begin: Opener, _transport: Transport, _lease: dt.timedelta, order: dict[str, Any]) -> None:
    """Request one enrollment after the other, and leave the messages to others."""
    for email in order["emails"]:
        with contextlib.suppress(LmskitError), begin() as session:
            enroll(session, EnrollStudent(course=order["course"], email=email))


def dispatch(begin: Opener, transport: Transport, lease: dt.timedelta, _order: dict[str, Any]) -> None:
    """Deliver waiting messages for ever."""
    while True:
        with contextlib.suppress(LmskitError):
            deliver_waiting(begin, transport, lease=lease)
        time.sleep(0.01)


def click(begin: Opener, _transport: Transport, lease: dt.timedelta, order: dict[str, Any]) -> None:
    """Press the button twice at the given time, and write the answers to a file."""
    wanted = EnrollStudent(course=order["course"], email=order["email"], family_name="Click", given_name="Double")
    answers = []

    def press() -> None:
        time.sleep(max(0.0, order["at"] - time.time()))
        try:
            answers.append(admit(begin, transport_of(access().settings), wanted, lease=lease))
        except LmskitError as error:
            answers.append(f"{type(error).__name__}: {error}")

    presses = [threading.Thread(target=press) for _ in range(2)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    part = Path(order["answers"]).with_suffix(".part")
    part.write_text(json.dumps(answers), encoding="utf-8")
    part.replace(order["answers"])


def embed(begin: Opener, _transport: Transport, _lease: dt.timedelta, order: dict[str, Any]) -> None:
    """Let search use another model."""
    embed_passages(begin, Settings(embedder=f"tests.reliability.two_models:{order['model']}"), model=order["model"])


def erase(begin: Opener, _transport: Transport, _lease: dt.timedelta, order: dict[str, Any]) -> None:
    """Erase one person after the other, and write to a file whom it begins with and whom it has erased."""
    with Path(order["progress"]).open("a", encoding="utf-8", buffering=1) as progress:
        for person in range(order["first"], order["last"] + 1):
            progress.write(f"begins {person}\n")
            with begin() as session:
                erase_person(session, person)
            progress.write(f"erased {person}\n")


def merge(begin: Opener, _transport: Transport, _lease: dt.timedelta, order: dict[str, Any]) -> None:
    """Merge the two of a pair, and split those that are merged, pair after pair; write to a file what it begins with and what is done."""
    with Path(order["progress"]).open("a", encoding="utf-8", buffering=1) as progress:
        for kept in range(order["first"], order["last"] + 1, 2):
            progress.write(f"begins {kept}\n")
            with begin() as session:
                receipt = session.scalar(text("SELECT id FROM person_merges WHERE kept_id = :kept"), {"kept": kept})
                touched = (
                    merge_people(session, str(kept), str(kept + 1)).touched if receipt is None else split_person(session, receipt).touched
                )
                refresh(session, touched=touched)
            progress.write(f"done {kept}\n")


def undo(begin: Opener, _transport: Transport, _lease: dt.timedelta, order: dict[str, Any]) -> None:
    """Take an import back, as the command does, and estimate mastery again."""
    with begin() as session:
        report = undo_import(session, order["run"])
        refresh(session, touched=report.touched)


WORK = {
    "undo": undo,
    "merge": merge,
    "embed": embed,
    "erase": erase,
    "request": request,
    "enrol": enrol,
    "dispatch": dispatch,
    "click": click,
}


def carry_out(order: dict[str, Any]) -> None:
    """Do the work as the person in the order, or with the database address in it."""
    # The mail server recognises the process by the sender.
    os.environ["LMSKIT_MAIL_FROM"] = f"w{os.getpid()}@example.org"
    engine = access().engine_at(make_url(order["url"])) if "url" in order else engine_for(order["person"])
    WORK[order["work"]](lambda: transaction(engine), transport_of(access().settings), dt.timedelta(seconds=order["lease"]), order)


def main() -> None:
    """Carry out orders until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                carry_out(json.loads(line))
            finally:
                os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
