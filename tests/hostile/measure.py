"""Import the whole corpus in a process of its own, and print the most memory that it took: `python -m tests.hostile.measure`.

Nothing is kept: each import is rolled back.
"""

import json
import tempfile
from pathlib import Path

from sqlalchemy.orm import Session

from lmskit.db import engine_for
from lmskit.errors import LmskitError
from lmskit.importers.registry import detected, format_named
from lmskit.services.file_import import ImportOptions, import_path
from tests import factories
from tests.hostile.corpus import CORPUS
from tests.hostile.entry import ROSTER, Entry, Taken, in_lines

MANY_ROWS = 10_000
LONG = Entry(
    "many rows", in_lines(ROSTER, lambda number: f"{number},Family{number},Given,person{number}@example.org\n", MANY_ROWS), Taken(MANY_ROWS)
)


def megabytes() -> float:
    """The most memory of this process so far. What `getrusage` tells begins with the most of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def run(entry: Entry, session: Session, course: str, folder: Path) -> str:
    """Import one file; return what came of it."""
    path = entry.make(folder)
    try:
        form = format_named(entry.form) if entry.form else detected(path)
        report = import_path(session, path, form, ImportOptions(course=course, week=1))
    except LmskitError as error:
        return type(error).__name__
    return report.total.identity()


def main() -> None:
    """Print, as JSON, what came of each file and the memory after it."""
    told = {"": ("nothing yet", megabytes())}
    for entry in (*CORPUS, LONG):
        with tempfile.TemporaryDirectory() as folder, Session(engine_for()) as session:
            course = factories.course(session, weeks=2)
            told[entry.name] = (run(entry, session, course.code, Path(folder)), megabytes())
            session.rollback()
    print(json.dumps(told))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
