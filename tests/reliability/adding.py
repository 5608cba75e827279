"""A process that forks others, each of which adds a folder to a course as the command line does; the tests kill them.

python -m tests.reliability.adding FOLDER STORE PERSON COURSE

Each line of standard input is the moment at which a process ends itself: `stored N` or `committed N`, of the Nth file that it writes into
the store; with `none` it goes on. The id of the process is printed, and `Done` when it has come to the end of the folder.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from lmskit.db import engine_for, transaction
from lmskit.materials.folder import files_of
from lmskit.materials.store import FolderStore
from lmskit.services.material import sweep
from lmskit.services.material_folder import add_files
from tests.reliability.forks import fork_for_each_line


class Moments:
    """Counts the moments of a process, and ends it at one of them as a power cut would."""

    def __init__(self, last: str) -> None:
        self._last = last
        self._counts = {"stored": 0, "committed": 0}

    def reach(self, moment: str) -> None:
        """Note that a file is in the store, or that the transaction after it is committed."""
        if moment == "committed" and self._counts["committed"] == self._counts["stored"]:
            return  # of a file that was there already
        self._counts[moment] += 1
        if self._last == f"{moment} {self._counts[moment]}":
            os.kill(os.getpid(), signal.SIGKILL)


class WatchedStore(FolderStore):
    """A folder that reaches a moment when a new file is in it."""

    def __init__(self, folder: Path, moments: Moments) -> None:
        super().__init__(folder)
        self._moments = moments

    def _write(self, stored_as: str, content: bytes) -> None:
        super()._write(stored_as, content)
        self._moments.reach("stored")


def add(folder: str, store: str, person: str, course: str, last: str) -> None:
    """Add the folder, and sweep what the changed files have left, as the command does."""
    engine, moments = engine_for(person), Moments(last)

    @contextmanager
    def opener() -> Iterator[Session]:
        with transaction(engine) as session:
            yield session
        moments.reach("committed")

    watched = WatchedStore(Path(store), moments)
    released = [name for result in add_files(opener, watched, course, files_of(Path(folder))) for name in result.released]
    with transaction(engine) as session:
        sweep(session, watched, released)
    sys.stdout.write("Done\n")
    sys.stdout.flush()


def main() -> None:
    """Carry out orders until the input ends."""
    folder, store, person, course = sys.argv[1:]
    fork_for_each_line(lambda last: add(folder, store, person, course, last))


if __name__ == "__main__":
    main()
