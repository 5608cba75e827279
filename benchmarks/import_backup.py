r"""How fast the attempts of a Moodle backup are imported: lmskit against `psql \copy` of the same rows, in one interleaved run.

Both bring the same rows into the same table, with its constraints, foreign keys, indexes and row security:

- lmskit recognises the backup, unpacks it, reads its XML, validates every attempt with a reason for each refusal, reports the outcome of
  each, and commits, as an administrator. Course, students and quizzes are there already; they are read and found unchanged, and that
  counts.
- `psql \copy` reads a CSV file of rows that are valid already, with the ids they have in the database. It validates nothing. COPY into
  a table with row security needs a superuser.

After each, the table's content is compared with the other's. Everything runs in a cluster of its own that is removed.

    python benchmarks/import_backup.py [--students 1000] [--quizzes 5] [--repeat 3] [--steps] [--profile FILE]
"""

from __future__ import annotations

import argparse
import cProfile
import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.import_bench import ImportBench
from benchmarks.made_up_backup import Backup, written
from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "quiz_id, course_id, student_id, number, score, max_score, started_at, submitted_at, origin, banked, answers, feedback"


class Bench(ImportBench):
    """A scratch cluster into which a backup was imported once."""

    def __init__(self, scratch: Path, students: int, quizzes: int) -> None:
        self.attempts = students * quizzes
        self.file, self.rows_file = scratch / "backup.mbz", scratch / "attempts.csv"
        self.size = written(self.file, Backup(students=students, quizzes=quizzes, attempts=1))
        super().__init__()
        self.add_course()
        self.imported()
        self.superuser(f"\\copy (SELECT {COLUMNS} FROM quiz_attempts ORDER BY id) TO '{self.rows_file}' WITH (FORMAT csv)")  # noqa: S608 - our constant
        self.seconds.clear()

    def empty(self) -> None:
        """Take the attempts away, and leave no work behind that would slow down the next run."""
        self.superuser("TRUNCATE quiz_attempts CASCADE", "VACUUM ANALYZE", "CHECKPOINT")

    def checksum(self) -> str:
        """The attempts without what differs from run to run."""
        return self.superuser(f"SELECT count(*), sum(hashtextextended(ROW({COLUMNS})::text, 0)::numeric) FROM quiz_attempts")  # noqa: S608 - our constant

    def imported(self) -> float:
        """Import the backup, with the commit, and return the seconds."""
        from lmskit.db import transaction
        from lmskit.importers.formats import Format, ReadOptions
        from lmskit.importers.registry import detected
        from lmskit.services.file_import import ImportOptions, import_file

        note = self.timed("Recognising and unpacking")
        begun = time.perf_counter()
        found = detected(self.file)
        assert isinstance(found, Format)
        with transaction(self.admin) as session:
            report = import_file(session, found.open(self.file, ReadOptions()), ImportOptions(course="CS1"), progress=note)
            note("Saving", 0, None)
        note("", 0, None)
        assert not report.rejections, report.rejections[0]
        assert sum(each.added for each in report.entities if each.kind == "attempts") == self.attempts
        return time.perf_counter() - begun

    def copied(self) -> float:
        r"""`\copy` the valid rows and return the seconds."""
        begun = time.perf_counter()
        self.superuser(f"\\copy quiz_attempts ({COLUMNS}) FROM '{self.rows_file}' WITH (FORMAT csv)")
        return time.perf_counter() - begun


def run(bench: Bench, repeat: int, *, steps: bool) -> None:
    """Time both in turn, compare what they wrote, and print medians and the ratio."""
    imports, copies, checksums = [], [], set()
    for _ in range(repeat):
        bench.empty()
        imports.append(bench.imported())
        checksums.add(bench.checksum())
        bench.empty()
        copies.append(bench.copied())
        checksums.add(bench.checksum())
    assert len(checksums) == 1, f"the tables differ: {checksums}"
    real, copy = statistics.median(imports), statistics.median(copies)
    n_rows, megabytes = bench.attempts, bench.size / 1024**2
    print(f"{n_rows:,} attempts in {megabytes:,.0f} MiB of XML, {repeat} runs of each, in turn; both wrote the same rows")
    print(f"lmskit import  {real:7.2f} s  {n_rows / real:9,.0f} attempts/s   {megabytes / real:6.1f} MiB/s of XML")
    print(f"psql \\copy     {copy:7.2f} s  {n_rows / copy:9,.0f} attempts/s")
    print(f"the import takes {real / copy:.1f} times as long as psql \\copy")
    bench.print_steps(repeat, steps=steps)


def main() -> None:
    """Read the arguments, set up the scratch cluster, measure, and remove it."""
    parser = argparse.ArgumentParser(description="Import of a Moodle backup: lmskit and psql \\copy.")
    parser.add_argument("--students", type=int, default=1000, help="students of the course")
    parser.add_argument("--quizzes", type=int, default=5, help="quizzes, at each of which every student has an attempt")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each")
    parser.add_argument("--steps", action="store_true", help="also print how long each step took")
    parser.add_argument("--profile", help="write a profile of one more import into this file, for `python -m pstats`")
    arguments = parser.parse_args()
    with scratch_cluster() as scratch:
        bench = Bench(scratch, arguments.students, arguments.quizzes)
        run(bench, arguments.repeat, steps=arguments.steps)
        if arguments.profile:
            bench.empty()
            profile = cProfile.Profile()
            profile.runcall(bench.imported)
            profile.dump_stats(arguments.profile)


if __name__ == "__main__":
    main()
