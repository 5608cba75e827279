"""A process that forks others, each of which archives or restores a term as the command line does; the tests kill them.

python -m tests.reliability.archiving STORE PERSON TERM

Each line of standard input is the work: `create`, `restore`, `restore from files` or `rewrite`. The id of the process is printed, and with
its id before them `Begins` when it is connected, the steps that it shows, and `Done` when it has come to the end.
"""

import functools
import os
import sys
from pathlib import Path

from lmskit.archives.store import FolderArchives
from lmskit.db import engine_for, snapshot, transaction
from lmskit.queries.term import term_by_code
from lmskit.services.archive import create_archive, rewrite_archive
from lmskit.services.archive_restore import restore_archive
from tests.reliability.forks import fork_for_each_line


def show(step: str, *_progress: object) -> None:
    """Print a step that begins."""
    sys.stdout.write(f"{os.getpid()} {step}\n")
    sys.stdout.flush()


def carry_out(store: str, person: str, term: str, work: str) -> None:
    """Do the work."""
    engine = engine_for(person)
    write, read = functools.partial(transaction, engine), functools.partial(snapshot, engine)
    with read() as session:
        term_by_code(session, term)
    show("Begins")
    if work == "create":
        create_archive(write, read, FolderArchives(Path(store)), term, progress=show)
    elif work == "rewrite":
        rewrite_archive(write, read, term, Path(store), progress=show)
    else:
        restore_archive(write, term, Path(store), from_files=work == "restore from files", progress=show)
    show("Done")


def main() -> None:
    """Carry out orders until the input ends."""
    store, person, term = sys.argv[1:]
    fork_for_each_line(lambda work: carry_out(store, person, term, work))


if __name__ == "__main__":
    main()
