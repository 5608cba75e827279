"""What is said where the server ends, or its disk is full, while a backup is made or restored."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from lmskit.db.cluster.disk import NOT_WRITTEN, says_full
from lmskit.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def server_full(outcome: str) -> BackupError:
    """Return the error for a full disk of the server; `outcome` says what that means, as the second half of a sentence."""
    return BackupError(f"The disk of the server is full, so {outcome}. Free some space on that disk, then try again.")


def server_ended(outcome: str, reason: object) -> BackupError:
    """Return the error for a connection that the server has ended."""
    said = " ".join(str(reason).split())[:300]
    return BackupError(
        f"The server ended the connection, so {outcome}; that says nothing about any backup. It said: {said} "
        "Look at the server's log, then try again."
    )


def no_room(work: Path, name: str) -> BackupError:
    """Return the error for a disk of this machine that has no room for the copy of a backup which a restore reads."""
    return BackupError(
        f"The disk that holds {work} is full, so {name} was not restored, and what was there is as it was. It needs twice as much room as "
        "the backup has bytes. Free some space on that disk, or name another folder with LMSKIT_HOME; then try again."
    )


@contextmanager
def server_failures(outcome: str) -> Iterator[None]:
    """Raise an error for people to read instead of that of a connection which the server has ended, or could not write for.

    Raises
    ------
    BackupError
        It was so.
    """
    try:
        yield
    except psycopg.Error as error:
        if says_full(error) or NOT_WRITTEN in str(error):
            raise server_full(outcome) from error
        if isinstance(error, psycopg.OperationalError):
            raise server_ended(outcome, error) from error
        raise
