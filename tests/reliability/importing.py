"""A process that imports one file, as the command line does, and says each step as it begins: made to be killed.

python -m tests.reliability.importing FILE COURSE
"""

import sys
from pathlib import Path

from lmskit.db import engine_for, retried, transaction
from lmskit.importers.registry import format_named
from lmskit.services.file_import import ImportOptions, import_path
from lmskit.settings import DEMO_ADMIN


def main() -> None:
    """Import, commit, and say that it is done."""
    path, course = Path(sys.argv[1]), sys.argv[2]

    def work() -> None:
        with transaction(engine_for(DEMO_ADMIN)) as session:
            import_path(session, path, format_named("csv"), ImportOptions(course=course), progress=tell)
            tell("Saving", 0, None)

    retried(work)
    tell("Done", 0, None)


def tell(step: str, _done: int, _total: int | None) -> None:
    """Say a step."""
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
