"""A process that imports one file, as the command line does, and prints each step when it begins; the tests kill it.

python -m tests.reliability.importing FILE COURSE [STEP]

It goes no further than the beginning of a step that is named, until it is killed.
"""

import signal
import sys
from pathlib import Path

from lmskit.db import engine_for, retried, transaction
from lmskit.importers.registry import detected
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.settings import DEMO_ADMIN


def main() -> None:
    """Import, commit, and print that it is done."""
    path, course = Path(sys.argv[1]), sys.argv[2]

    def work() -> None:
        with transaction(engine_for(DEMO_ADMIN)) as session:
            import_path(session, path, detected(path), ImportOptions(course=course), progress=print_step)
            print_step("Saving", 0, None)

    retried(work)
    print_step("Done", 0, None)


def print_step(step: str, _done: int, _total: int | None) -> None:
    """Print the name of a step."""
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()
    if sys.argv[3:] == [step]:
        signal.pause()


if __name__ == "__main__":
    main()
