r"""How fast attempts are imported: lmskit against `psql \copy` and against the ORM's `add_all`, in one interleaved run.

All three bring the same rows into the same table, with its constraints, foreign keys, indexes and row security:

- lmskit reads studentAssessment.csv, validates every row with a reason for each refusal, and inserts what is valid,
  as an administrator. Courses, students, enrollments and quizzes are there already; their files are read and found
  unchanged, which is not counted.
- `psql \copy` reads a CSV file of rows that are valid already, with the ids they have in the database. It validates
  nothing. COPY into a table with row security needs a superuser.
- `add_all` gets dictionaries of the same valid rows, as an administrator.

After each, the table's content is compared with the others'. Everything runs in a cluster of its own that is removed.

    python benchmarks/import_attempts.py [OULAD] [--rows 100000] [--repeat 3]

OULAD is the folder of the data set; without it, rows of the same shape are made up.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
import shutil
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.import_bench import ImportBench
from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from collections.abc import Callable


COLUMNS = "quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin, banked"
COUNTED_STEPS = ("Reading studentAssessment.csv", "Checking attempts", "Writing attempts")
LMSKIT, COPY, ORM = "lmskit", "psql \\copy", "ORM add_all"
HEADERS = {
    "courses.csv": ["code_module", "code_presentation", "module_presentation_length"],
    "assessments.csv": ["code_module", "code_presentation", "id_assessment", "assessment_type", "date", "weight"],
    "studentInfo.csv": ["code_module", "code_presentation", "id_student", "final_result"],
    "studentRegistration.csv": ["code_module", "code_presentation", "id_student", "date_registration", "date_unregistration"],
    "studentAssessment.csv": ["id_assessment", "id_student", "date_submitted", "is_banked", "score"],
}
STUDENTS_IN_COURSE, ASSESSMENTS_IN_COURSE = 1500, 10


def first_rows(source: Path, target: Path, rows: int) -> None:
    """Copy the five files, of the attempts the first `rows`."""
    for name in HEADERS:
        if name != "studentAssessment.csv":
            shutil.copyfile(source / name, target / name)
    with (
        (source / "studentAssessment.csv").open(encoding="utf-8") as lines,
        (target / "studentAssessment.csv").open("w", encoding="utf-8") as part,
    ):
        part.writelines(itertools.islice(lines, rows + 1))


def made_up(target: Path, rows: int) -> None:
    """Write files of the data set's shape with `rows` attempts, by assessment as in the data set."""
    chance = random.Random(1)
    n_courses = -(-rows // (STUDENTS_IN_COURSE * ASSESSMENTS_IN_COURSE))
    presentations = [(f"M{course // 4:03d}", ("2013B", "2013J", "2014B", "2014J")[course % 4]) for course in range(n_courses)]
    content: dict[str, list[list[object]]] = {name: [list(header)] for name, header in HEADERS.items()}
    for course, (module, presentation) in enumerate(presentations):
        content["courses.csv"].append([module, presentation, 269])
        students = range(course * STUDENTS_IN_COURSE, (course + 1) * STUDENTS_IN_COURSE)
        content["studentInfo.csv"] += [[module, presentation, student, "Pass"] for student in students]
        content["studentRegistration.csv"] += [[module, presentation, student, -30, "?"] for student in students]
        for nth in range(ASSESSMENTS_IN_COURSE):
            assessment = course * ASSESSMENTS_IN_COURSE + nth
            content["assessments.csv"].append([module, presentation, assessment, "TMA", 20 + 24 * nth, 20])
            content["studentAssessment.csv"] += [
                [assessment, student, 20 + 24 * nth - chance.randrange(6), 0, chance.randrange(101)] for student in students
            ]
    del content["studentAssessment.csv"][rows + 1 :]
    for name, lines in content.items():
        with (target / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(lines)


class Bench(ImportBench):
    """A scratch cluster in which everything but the attempts is imported."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self.rows_file = scratch / "attempts.csv"
        super().__init__()
        self.lmskit()
        self.superuser(f"\\copy (SELECT {COLUMNS} FROM quiz_attempts ORDER BY id) TO '{self.rows_file}' WITH (FORMAT csv)")  # noqa: S608 - our constant
        with self.rows_file.open(encoding="utf-8", newline="") as stream:
            self.valid_rows = [dict(zip(COLUMNS.split(", "), (cell or None for cell in row), strict=True)) for row in csv.reader(stream)]

    def empty(self) -> None:
        """Take the attempts away, and leave no work behind that would slow down the next run."""
        self.superuser("TRUNCATE quiz_attempts", "VACUUM ANALYZE", "CHECKPOINT")

    def checksum(self) -> str:
        """The attempts without what differs from run to run."""
        return self.superuser(f"SELECT count(*), sum(hashtextextended(ROW({COLUMNS})::text, 0)::numeric) FROM quiz_attempts")  # noqa: S608 - our constant

    def lmskit(self) -> float:
        """Import all files and return the seconds that the attempts took, with the commit."""
        from lmskit.db import transaction
        from lmskit.services.oulad import import_oulad

        self.seconds.clear()
        note = self.timed()
        with transaction(self.admin) as session:
            report = import_oulad(session, self.folder, progress=note)
            note("Saving", 0, None)
        note("", 0, None)
        assert not report.rejections, report.rejections[0]
        return sum(self.seconds[step] for step in COUNTED_STEPS) + self.seconds["Saving"]

    def psql(self) -> float:
        r"""`\copy` the valid rows and return the seconds."""
        begun = time.perf_counter()
        self.superuser(f"\\copy quiz_attempts ({COLUMNS}) FROM '{self.rows_file}' WITH (FORMAT csv)")
        return time.perf_counter() - begun

    def add_all(self) -> float:
        """Add the valid rows as objects of the ORM and return the seconds."""
        from lmskit.db import transaction
        from lmskit.models import QuizAttempt

        begun = time.perf_counter()
        with transaction(self.admin) as session:
            session.add_all([QuizAttempt(**{**row, "banked": row["banked"] == "t"}) for row in self.valid_rows])
        return time.perf_counter() - begun


def run(bench: Bench, repeat: int) -> None:
    """Time all three in turn, compare what they wrote, and print medians and ratios."""
    ways: dict[str, Callable[[], float]] = {LMSKIT: bench.lmskit, COPY: bench.psql, ORM: bench.add_all}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    checksums: set[str] = set()
    for _ in range(repeat):
        for name, way in ways.items():
            bench.empty()
            seconds[name].append(way())
            checksums.add(bench.checksum())
    assert len(checksums) == 1, f"the tables differ: {checksums}"
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    n_rows = len(bench.valid_rows)
    print(f"{n_rows:,} attempts, {repeat} runs of each, in turn; all three wrote the same rows")
    for name, median in medians.items():
        all_times = ", ".join(f"{time_taken:.2f}" for time_taken in seconds[name])
        print(f"{name:12} {median:7.2f} s  {n_rows / median:9,.0f} rows/s   ({all_times})")
    against_copy, against_orm = medians[COPY] / medians[LMSKIT], medians[ORM] / medians[LMSKIT]
    print(f"{LMSKIT} is {against_copy:.2f} times as fast as {COPY}, and {against_orm:.1f} times as fast as {ORM}")


def main() -> None:
    """Read the arguments, set up the scratch cluster, measure, and remove it."""
    parser = argparse.ArgumentParser(description="Import of attempts: lmskit, psql \\copy and ORM add_all.")
    parser.add_argument("oulad", nargs="?", type=Path, help="folder of the data set; made-up rows without it")
    parser.add_argument("--rows", type=int, default=100_000, help="attempts to import")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each")
    arguments = parser.parse_args()
    with scratch_cluster() as scratch:
        folder = scratch / "oulad"
        folder.mkdir()
        if arguments.oulad:
            first_rows(arguments.oulad, folder, arguments.rows)
        else:
            made_up(folder, arguments.rows)
        run(Bench(folder, scratch), arguments.repeat)


if __name__ == "__main__":
    main()
