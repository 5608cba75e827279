"""The neighbour, in a process of its own: does what it is ordered to do, until its standard input ends.

The order is JSON: the address, how the statements are sent, how many sessions send them, and the statements or the name of a function.
It answers with one line when it has begun, and with one when it has ended: the errors that its sessions met, by SQLSTATE.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_START = 1.0
"""Seconds that a loop or a long statement has before others begin to work."""


class Neighbour:
    """The sessions of one way to stop others."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.conninfo: str = order["conninfo"]
        self.statements: list[str] = order["statements"]
        self.errors: Counter[str] = Counter()
        self.first_error = ""
        self.ended = threading.Event()
        self._open: list[psycopg.Connection[Any]] = []

    def connect(self) -> psycopg.Connection[Any]:
        """Open a session."""
        connection = psycopg.connect(self.conninfo, autocommit=True)
        self._open.append(connection)
        return connection

    def send(self, connection: psycopg.Connection[Any], statement: str) -> None:
        """Send a statement; an error is counted."""
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            self.note(error)

    def note(self, error: psycopg.Error) -> None:
        """Count an error."""
        self.errors[error.sqlstate or "connection"] += 1
        self.first_error = self.first_error or str(error).splitlines()[0][:200]

    def hold(self) -> None:
        """Send the statements once and keep the session."""
        connection = self.connect()
        for statement in self.statements:
            self.send(connection, statement)

    def loop(self) -> None:
        """Send the statements again and again."""
        connection = self.connect()
        while not self.ended.is_set() and not connection.closed:
            for statement in self.statements:
                self.send(connection, statement)

    # Ways that need more than statements ----------------------------------------------------------------

    def log_in_and_out(self) -> None:
        """Open and close sessions as quickly as possible."""
        while not self.ended.is_set():
            try:
                psycopg.connect(self.conninfo).close()
            except psycopg.Error as error:
                self.note(error)

    def guess_passwords(self) -> None:
        """Try wrong passwords as quickly as possible."""
        wrong = make_conninfo(self.conninfo, password="a wrong one")
        while not self.ended.is_set():
            try:
                psycopg.connect(wrong).close()
            except psycopg.Error as error:
                self.note(error)

    def begin_to_log_in(self) -> None:
        """Ask to sign in on many connections, and answer none of the server's questions."""
        at = conninfo_to_dict(self.conninfo)
        words = b"".join(f"{word}\0".encode() for word in ("user", at["user"], "database", at["dbname"])) + b"\0"
        packet = (len(words) + 8).to_bytes(4, "big") + (196608).to_bytes(4, "big") + words
        opened: list[socket.socket] = []
        while not self.ended.is_set():
            with contextlib.suppress(OSError):
                if str(at["host"]).startswith("/"):
                    made = socket.socket(socket.AF_UNIX)
                    made.connect(f"{at['host']}/.s.PGSQL.{at['port']}")
                else:
                    made = socket.create_connection((str(at["host"]), int(str(at["port"]))))
                made.sendall(packet)
                opened.append(made)
            if len(opened) >= 300:
                time.sleep(0.2)
                for stale in opened[:20]:
                    stale.close()
                del opened[:20]

    def read_nothing(self) -> None:
        """Ask for many rows and read none of them, so that the server waits for this client."""
        connection = self.connect()
        connection.pgconn.send_query(self.statements[0].encode())

    def nested_savepoints(self) -> None:
        """Open one subtransaction within the other, each with a change of its own."""
        connection = self.connect()
        connection.execute("BEGIN")
        try:
            with connection.pipeline():
                for _ in range(40_000):
                    if self.ended.is_set():
                        return
                    connection.execute("SAVEPOINT s")
                    connection.execute(self.statements[0].encode())
        except psycopg.Error as error:
            self.note(error)

    def endless_statement(self) -> None:
        """Send a statement of many megabytes."""
        connection = self.connect()
        self.send(connection, "SELECT " + " + ".join(["1"] * 3_000_000))

    def nested_brackets(self) -> None:
        """Send a statement that the server has to read recursively."""
        connection = self.connect()
        self.send(connection, "SELECT " + "(" * 500_000 + "1" + ")" * 500_000)


MODES: dict[str, Callable[[Neighbour], None]] = {"hold": Neighbour.hold, "loop": Neighbour.loop}


def main() -> None:
    """Do as ordered."""
    order = json.loads(sys.stdin.readline())
    neighbour = Neighbour(order)
    act = MODES.get(order["how"]) or getattr(Neighbour, order["statements"][0] if order["how"] == "act" else "")
    if order["how"] == "act":
        neighbour.statements = order["statements"][1:]

    def session() -> None:
        try:
            act(neighbour)
        except psycopg.Error as error:
            if not neighbour.ended.is_set():
                neighbour.note(error)

    threads = [threading.Thread(target=session, daemon=True) for _ in range(order["sessions"])]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + order["head_start"]
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    _answer(neighbour)
    sys.stdin.readline()
    neighbour.ended.set()
    for connection in neighbour._open:
        with contextlib.suppress(psycopg.Error):
            connection.cancel_safe(timeout=2)
    _answer(neighbour)


def _answer(neighbour: Neighbour) -> None:
    print(json.dumps({"errors": dict(neighbour.errors), "first": neighbour.first_error}), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
