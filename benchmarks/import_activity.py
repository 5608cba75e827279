r"""How fast a log of Moodle is imported, and in how much memory: lmskit against `psql \copy` of the same rows, in one interleaved run.

Both bring the same rows into the same table, with its constraints, foreign keys, indexes, row security and the audit of it:

- lmskit recognises the log, reads every row, looks for its person among the students of the course and for its row among those that it
  has, counts what is left out by its reason, and commits, as an administrator.
- `psql \copy` reads a CSV file of rows that are valid already, with the ids they have in the database. It validates nothing. COPY into
  a table with row security needs a superuser.

After each, the table's content is compared with the other's. The log is then imported once more, which adds nothing. Everything runs in a
cluster of its own that is removed.

    python benchmarks/import_activity.py [--rows 1000000] [--students 500] [--repeat 1] [--steps]
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import random
import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.import_bench import ImportBench
from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from lmskit.importers.report import ImportReport

COLUMNS = "course_id, student_id, source, kind, resource, occurred_at, fingerprint"
HEADER = ["Time", "User full name", "Affected user", "Event context", "Component", "Event name", "Description", "Origin", "IP address"]
BEGUN = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
SECONDS = 100 * 86_400
"""The length of a term."""
ACTIVITIES = 80
EVENTS = (
    ("Course module viewed", "viewed the 'quiz' activity"),
    ("Quiz attempt submitted", "has submitted the attempt with id '{}' for the quiz"),
    ("User graded", "updated the grade with id '{}'"),
)
WEIGHTS = (17, 1, 2)


def made_up(target: Path, rows: int, students: int) -> None:
    """Write a log of `rows` rows, the newest first: most say what is opened, and one in ten is of a kind that is not taken."""
    chance = random.Random(1)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for row in range(rows, 0, -1):
            student, activity = chance.randrange(students), chance.randrange(ACTIVITIES)
            event, does = chance.choices(EVENTS, WEIGHTS)[0]
            at = (BEGUN + dt.timedelta(seconds=SECONDS * row // rows)).strftime("%d/%m/%y, %H:%M:%S")
            described = f"The user with id '{student}' {does.format(row)} with course module id '{activity}'."
            writer.writerow(
                [at, f"Given{student} Family{student}", "-", f"Quiz: Quiz {activity}", "Quiz", event, described, "web", "192.0.2.1"]
            )


class Bench(ImportBench):
    """A scratch cluster with a course and its students."""

    def __init__(self, scratch: Path, rows: int, students: int) -> None:
        self.file, self.rows_file = scratch / "log.csv", scratch / "activity.csv"
        made_up(self.file, rows, students)
        super().__init__()
        self.add_course()
        self.superuser(
            f"CREATE TEMPORARY TABLE number AS SELECT generate_series(0, {students - 1}) AS n",
            "INSERT INTO users (email, family_name, given_name, sort_name, role)"
            " SELECT 'student' || n || '@example.org', 'Family' || n, 'Given' || n, 'family' || n, 'student' FROM number",
            "INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)"
            " SELECT c.id, u.id, 'active', 'form', '2026-01-01' FROM courses AS c, users AS u WHERE u.role = 'student'",
        )

    def empty(self) -> None:
        """Take the activity away, and leave no work behind that would slow down the next run."""
        self.superuser("TRUNCATE student_activity", "VACUUM ANALYZE", "CHECKPOINT")

    def checksum(self) -> str:
        """The activity without what differs from run to run."""
        return self.superuser(f"SELECT count(*), sum(hashtextextended(ROW({COLUMNS})::text, 0)::numeric) FROM student_activity")  # noqa: S608 - our constant

    def imported(self) -> tuple[float, ImportReport]:
        """Import the log, with the commit, and return the seconds and the report."""
        from lmskit.db import transaction
        from lmskit.importers.registry import detected
        from lmskit.services.file_import import ImportOptions, import_path

        note = self.timed("Recognising")
        begun = time.perf_counter()
        with transaction(self.admin) as session:
            report = import_path(session, self.file, detected(self.file), ImportOptions(course="CS1"), progress=note)
            note("Saving", 0, None)
        note("", 0, None)
        seconds = time.perf_counter() - begun
        assert not report.rejections, report.rejections[0]
        return seconds, report

    def copied(self) -> float:
        r"""`\copy` the valid rows and return the seconds."""
        begun = time.perf_counter()
        self.superuser(f"\\copy student_activity ({COLUMNS}) FROM '{self.rows_file}' WITH (FORMAT csv)")
        return time.perf_counter() - begun

    def keep_rows(self) -> None:
        """Write the rows that were imported into the file that is copied."""
        self.superuser(f"\\copy (SELECT {COLUMNS} FROM student_activity ORDER BY id) TO '{self.rows_file}' WITH (FORMAT csv)")  # noqa: S608 - our constant


def run(bench: Bench, rows: int, repeat: int, *, steps: bool) -> None:
    """Time both in turn, compare what they wrote, and print medians and the ratio."""
    imports, copies, checksums = [], [], set()
    added = 0
    for _ in range(repeat):
        bench.empty()
        seconds, report = bench.imported()
        imports.append(seconds)
        added = report.total.added
        checksums.add(bench.checksum())
        bench.keep_rows()
        bench.empty()
        copies.append(bench.copied())
        checksums.add(bench.checksum())
    again, report = bench.imported()
    assert len(checksums) == 1, f"the tables differ: {checksums}"
    assert (report.total.added, report.total.unchanged) == (0, added), report.total
    real, copy = statistics.median(imports), statistics.median(copies)
    print(f"{rows:,} rows of a log, of which {added:,} are activity; {repeat} runs of each, in turn; both wrote the same rows")
    print(f"lmskit import  {real:7.2f} s  {rows / real:9,.0f} rows/s")
    print(f"psql \\copy     {copy:7.2f} s  {added / copy:9,.0f} rows/s")
    print(f"once more      {again:7.2f} s  {rows / again:9,.0f} rows/s, nothing added")
    print(f"the import takes {real / copy:.1f} times as long as psql \\copy")
    bench.print_steps(repeat + 1, steps=steps)


def main() -> None:
    """Read the arguments, set up the scratch cluster, measure, and remove it."""
    parser = argparse.ArgumentParser(description="Import of a Moodle log: lmskit and psql \\copy.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the log")
    parser.add_argument("--students", type=int, default=500, help="students of the course")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each")
    parser.add_argument("--steps", action="store_true", help="also print how long each step took")
    arguments = parser.parse_args()
    with scratch_cluster() as scratch:
        run(Bench(scratch, arguments.rows, arguments.students), arguments.rows, arguments.repeat, steps=arguments.steps)


if __name__ == "__main__":
    main()
