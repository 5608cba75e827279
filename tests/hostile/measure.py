"""Import the whole corpus in a process of its own, and print its peak memory: `python -m tests.hostile.measure`.

Nothing is stored: each import is rolled back.
"""

import json
import tempfile
from pathlib import Path

from sqlalchemy.orm import Session

from lmskit.db import engine_for
from lmskit.errors import LmskitError
from lmskit.importers.registry import detected, format_named
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.settings import DEMO_ADMIN
from tests import factories
from tests.hostile.corpus import CORPUS
from tests.hostile.entry import ROSTER, Entry, Imported, in_lines
from tests.hostile.workbooks import LARGE

MANY_ROWS = 10_000
LONG = Entry(
    "many rows",
    in_lines(ROSTER, lambda number: f"{number},Family{number},Given,person{number}@example.org\n", MANY_ROWS),
    Imported(MANY_ROWS),
)


def megabytes() -> float:
    """The peak memory of this process. That of `getrusage` includes the peak of the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def run(entry: Entry, session: Session, course: str, folder: Path) -> str:
    """Import one file; return the counts of its rows, or the name of the error."""
    path = entry.make(folder)
    try:
        form = format_named(entry.form) if entry.form else detected(path)
        report = import_path(session, path, form, ImportOptions(course=course, week=1))
    except LmskitError as error:
        return type(error).__name__
    return report.total.identity()


def main() -> None:
    """Print, as JSON, the result of each file and the peak memory after it."""
    results = {"": ("no file yet", megabytes())}
    for entry in (*CORPUS, *LARGE, LONG):
        with tempfile.TemporaryDirectory() as folder, Session(engine_for(DEMO_ADMIN)) as session:
            course = factories.course(session, weeks=2)
            entry.enroll(session, course)
            results[entry.name] = (run(entry, session, course.code, Path(folder)), megabytes())
            session.rollback()
    print(json.dumps(results))  # noqa: T201 - a command


if __name__ == "__main__":
    main()
