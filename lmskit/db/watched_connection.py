"""A connection that knows for whom it waits.

What a session waits for can be seen only while it waits, and from another session. psycopg wakes up ten times a second while the server
is busy; if a statement has been running for a while, the connection then asks over a second one who stands in its way, shows it
(`lmskit.progress.waits_shown`), and remembers it for the error that follows if the server ends the wait.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from lmskit.db.address import THRESHOLD
from lmskit.db.blocking import AS_READER_OF_PEOPLE, Queues, locked_sentence, read_queues, waiting_sentence
from lmskit.db.pooler import is_pooled
from lmskit.db.session_limits import LIFTED, LIFTED_IN_TRANSACTION, MORE_BUFFERS
from lmskit.progress import show_wait

if TYPE_CHECKING:
    from collections.abc import Generator

Result = TypeVar("Result")

FIRST_LOOK = 1.0
"""Seconds after which a statement that still runs is looked at; half the limit for locks if that is less."""
LONGEST_PAUSE = 4.0
"""Seconds from one look to the next at most, while the statement is only slow."""
LOOK_LIMIT = 2
"""Seconds that a look may take: connecting, and reading."""


class LockTimeoutError(psycopg.errors.LockNotAvailable):
    """The server ended the wait for a lock; `sentence` says who held it, and `pids` are the numbers of those sessions."""

    def __init__(self, message: str, *, sentence: str, pids: tuple[int, ...]) -> None:
        super().__init__(message)
        self.sentence, self.pids = sentence, pids


class WatchedConnection(psycopg.Connection[Any]):
    """A connection of psycopg that waits for a lock no longer than `lock_timeout` seconds, and then says who held it."""

    lock_timeout: float
    is_pooled = False
    """Whether a pooler is in between: a setting or a prepared statement may then be on another connection of the pooler's next time."""
    opened_with: tuple[list[Any], dict[str, Any]] | None = None
    _watch: _Watch | None = None

    @classmethod
    def open(cls, arguments: list[Any], parameters: dict[str, Any], *, lock_timeout: float, may_be_pooled: bool = False) -> Self:
        """Connect. Through a pooler, a statement that runs is not looked at, and each transaction has to begin with `limit_waits`.

        Parameters
        ----------
        arguments, parameters
            As for `psycopg.connect`. They are kept, since a look at who is in the way needs a connection of the same login.
        lock_timeout
            Seconds.
        may_be_pooled
            Whether to ask if a pooler is in between.

        Raises
        ------
        UnreachableError
            The pooler signs everybody in as one login.
        """
        opened = cls.connect(*arguments, **parameters)
        opened.lock_timeout = lock_timeout
        if may_be_pooled and is_pooled(opened, parameters.get("user")):
            opened.is_pooled = True
            if THRESHOLD not in parameters:
                opened.prepare_threshold = None
            return opened
        opened.autocommit = True  # a setting made within a transaction would end with it
        opened.execute(f"SET lock_timeout = {lock_timeout * 1000:.0f}; {LIFTED}; {MORE_BUFFERS}".encode(), prepare=False)
        opened.autocommit = False
        opened.opened_with = (arguments, {name: value for name, value in parameters.items() if name != "context"})
        return opened

    def limit_waits(self) -> None:
        """At the beginning of a transaction through a pooler: wait for a lock no longer than `lock_timeout`."""
        if self.is_pooled:
            self.execute(f"SET LOCAL lock_timeout = {self.lock_timeout * 1000:.0f}; {LIFTED_IN_TRANSACTION}".encode(), prepare=False)

    def wait(self, gen: Generator[Any, Any, Result], *arguments: Any, **options: Any) -> Result:
        """Wait for the server, as psycopg does, and look who is in the way."""
        if self.opened_with is None:
            return super().wait(gen, *arguments, **options)
        watch = self._watch = _Watch(self)
        try:
            return super().wait(watch.over(gen), *arguments, **options)
        except psycopg.errors.LockNotAvailable as error:
            sentence, pids = locked_sentence(watch.queues, self.info.backend_pid, error.diag.context)
            raise LockTimeoutError(str(error), sentence=sentence, pids=pids) from error
        except psycopg.errors.QueryCanceled:
            if watch.interrupted:
                raise KeyboardInterrupt from None
            raise
        finally:
            self._watch = None
            watch.end()

    def look(self) -> Queues:
        """Ask over a further connection who waits for whom."""
        arguments, parameters = self.opened_with or ([], {})
        with closing(psycopg.connect(*arguments, **{**parameters, "autocommit": True, "connect_timeout": LOOK_LIMIT})) as eye:
            limits = f"SET statement_timeout = {LOOK_LIMIT * 1000}; SET lock_timeout = {LOOK_LIMIT * 500}"
            eye.execute(f"{limits}; {AS_READER_OF_PEOPLE}".encode())
            return read_queues(eye.cursor())


class _Watch:
    """Looks from time to time while one statement runs."""

    def __init__(self, connection: WatchedConnection) -> None:
        self._connection = connection
        self._began = time.monotonic()
        self._pause = min(FIRST_LOOK, connection.lock_timeout / 2)
        self._next = self._began + self._pause
        self._waits_since: float | None = None
        self.queues: Queues | None = None
        """What was seen when the statement was last seen waiting."""
        self.interrupted = False

    def over(self, steps: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        """Go through the steps of psycopg as they are, and look in between."""
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if not ready and time.monotonic() >= self._next:
                    self._look()
                wanted = steps.send(ready)
        except StopIteration as end:
            result: Result = end.value
            return result

    def _look(self) -> None:
        connection = self._connection
        if connection.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        pid = connection.info.backend_pid
        seen_at = time.monotonic()
        try:
            queues: Queues | None = connection.look()
        except psycopg.Error:  # such as: the login has no connection left
            queues = None
        except KeyboardInterrupt:
            # If this went further, the statement would run on, and the connection could not be used; psycopg does the same while it waits.
            self.interrupted = True
            connection.cancel_safe(timeout=LOOK_LIMIT)
            queues = None
        waits = queues is not None and bool(queues.heads(pid))
        if queues is not None and waits:
            self.queues = queues
            if self._waits_since is None:
                self._waits_since = seen_at - self._pause
            show_wait(waiting_sentence(queues, pid, seen_at - self._waits_since))
        elif queues is not None:
            self.end()
            self.queues = None
            self._pause = min(self._pause * 2, LONGEST_PAUSE, connection.lock_timeout / 2)
        self._next = time.monotonic() + self._pause

    def end(self) -> None:
        """Say that it goes on."""
        if self._waits_since is not None:
            self._waits_since = None
            show_wait(None)
