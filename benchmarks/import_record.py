"""What it costs that an import can be taken back: the same import with its run named in the audit trail, and without.

    python -m benchmarks.import_record ../shared/data/oulad [--repeat 5]

Each import of the folder is rolled back, and the two take turns. Everything runs in a cluster of its own that is removed.
"""

import argparse
import statistics
import time
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from benchmarks.scratch import scratch_cluster
from lmskit.db import access, engine_for, keep_login, migrator_engine, revision, transaction
from lmskit.models import AuditEntry
from lmskit.services import importing
from lmskit.services.oulad import import_oulad
from lmskit.services.seed import seed_administrator
from lmskit.settings import DEMO_ADMIN


def main() -> None:
    """Measure both by turns, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args()
    with scratch_cluster():
        access().server.start()
        revision.upgrade()
        with transaction(migrator_engine()) as session:
            seed_administrator(session, keep_login)
        measure(engine_for(DEMO_ADMIN), asked.folder, asked.repeat)


def measure(admin: Engine, folder: Path, repeat: int) -> None:
    """Import and roll back, `repeat` times each way."""
    name_run = importing._name_run  # noqa: SLF001 - what is measured is what it switches on
    took: dict[bool, list[float]] = {True: [], False: []}
    rows_in = 0
    for turn in range(2 * repeat):
        recorded = turn % 2 == 0
        importing._name_run = name_run if recorded else lambda _session, _run: None  # type: ignore[assignment] # noqa: SLF001
        with Session(admin) as session:
            started = time.perf_counter()
            rows_in = import_oulad(session, folder).total.rows_in
            took[recorded].append(time.perf_counter() - started)
            n_named = session.scalar(select(func.count()).where(AuditEntry.import_run_id.is_not(None)))
            assert bool(n_named) == recorded, n_named
            session.rollback()
    medians = {recorded: statistics.median(times) for recorded, times in took.items()}
    shares = [with_ / without for with_, without in zip(took[True], took[False], strict=True)]
    print(f"{rows_in:,} rows: {medians[True]:.2f} s recorded, {medians[False]:.2f} s not: {statistics.median(shares):.3f} times")
    print("each pair: " + ", ".join(f"{share:.3f}" for share in shares))


if __name__ == "__main__":
    main()
