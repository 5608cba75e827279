"""What one lecturer can do to the work of all: more than a hundred ways to stop others, and how much later an administrator's work ends.

Each way of `tests/neighbour/ways/` is tried beside the commands that import, refresh mastery, enrol, list, read a report and ask the
doctor. Printed are, for each, the task that it delays most and by how much, what stopped and with which sentence, and whether the doctor
names the login. Everything runs on a server of its own that is removed.

    python -m benchmarks.bad_neighbour [--only WORDS] [--kernels] [--memory MEGABYTES] [--patience SECONDS]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from unittest.mock import patch

from benchmarks.scratch import scratch_cluster


def main() -> int:
    """Try every way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only ways whose means or name hold these words")
    parser.add_argument("--kernels", action="store_true", help="build reports in processes of their own")
    parser.add_argument("--memory", type=int, default=1024, help="megabytes that a session may take")
    parser.add_argument("--patience", type=int, default=2, help="seconds that the administrator's work waits for a lock")
    asked = parser.parse_args()
    with scratch_cluster() as scratch:
        os.environ["LMSKIT_REPORTS_DIR"] = str(scratch)
        os.environ["LMSKIT_LOCK_TIMEOUT"] = str(asked.patience)
        from lmskit.db import Access
        from lmskit.settings import DEMO_ADMIN
        from tests.neighbour.measure import alone, beside
        from tests.neighbour.tasks import tasks
        from tests.neighbour.ways import ways
        from tests.neighbour.world import street

        n_faulty = 0
        with (
            patch("lmskit.db.cluster.launch.session_memory", lambda: asked.memory * 1024**2),
            street(Access(default_person=DEMO_ADMIN), {}) as made,
        ):
            work = tasks(scratch, kernels=asked.kernels)
            usual = alone(work)
            print("alone: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in usual.items()), flush=True)
            for way in ways():
                if asked.only not in f"{way.means} {way.name}":
                    continue
                begun = time.perf_counter()
                result = beside(made, way, work, usual)
                print(f"{result.line(usual)}  [{time.perf_counter() - begun:.0f} s]", flush=True)
                for fault in result.faults:
                    print(f"            ! {fault}", flush=True)
                n_faulty += bool(result.faults)
        print(f"{n_faulty} ways do what they must not")
    return 1 if n_faulty else 0


if __name__ == "__main__":
    sys.exit(main())
