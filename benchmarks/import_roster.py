r"""How long a roster of 50,000 students takes: preview and import with lmskit, against the least that PostgreSQL needs for the same rows.

- lmskit reads the file twice, as an administrator does: once for the preview, and once for the import with its
  commit. Each time it recognises every student by id, SIS id and address, validates every row, writes people, their ids
  and their enrollments under constraints, row security and audit, and reports the outcome of each row.
- The floor: `psql \copy` puts the lines of the same file into a table of text columns without a constraint, and bare
  INSERT ... SELECT statements bring them to the same three tables in one transaction, with constraints, foreign keys and audit. That
  validates no row, recognises nobody and reports nothing; it is what PostgreSQL needs for such rows by itself.

The import is also repeated once, and all rows must be unchanged. Everything runs in a cluster of its own that is removed.

    python benchmarks/import_roster.py [--students 50000] [--repeat 3] [--steps]
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.import_bench import ImportBench
from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from lmskit.importers.report import ImportReport

HEADER = ("id", "sis_id", "email", "family_name", "given_name")
FAMILIES = ("Ångström", "de la Cruz", "O'Neill", "Nguyễn", "Müller-Lüdenscheidt", "Smith", "Иванова", "王", "al-Khwārizmī", "Jones")
GIVEN = ("Ada", "Björk", "Chloé", "Đorđe", "Emmy", "Fatima", "Grace", "Hypatia", "Imre", "Józef", "Katherine")


def made_up(path: Path, students: int) -> None:
    """Write a roster of students who differ in id, SIS id and address."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        writer.writerows(
            (100_000 + nth, f"S{nth:07d}", f"student.{nth}@example.org", f"{FAMILIES[nth % 10]} {nth}", GIVEN[nth % 11])
            for nth in range(students)
        )


BARE_INSERTS = (
    """
    INSERT INTO users (email, family_name, given_name, sort_name, role)
    SELECT email, family_name, given_name, lower(family_name || ', ' || given_name), 'student' FROM public.roster
    """,
    """
    INSERT INTO external_ids (source, kind, external_id, person_id)
    SELECT id.source, 'person', id.value, u.id
    FROM public.roster AS r
    JOIN users AS u USING (email)
    CROSS JOIN LATERAL (VALUES ('csv', r.id), ('sis', r.sis_id)) AS id (source, value)
    """,
    """
    INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
    SELECT c.id, u.id, 'active', 'import', t.starts_on
    FROM public.roster AS r
    JOIN users AS u USING (email)
    CROSS JOIN courses AS c
    JOIN terms AS t ON t.id = c.term_id
    """,
)
"""What brings the lines of the file to the tables without any check but those of the tables."""


class Bench(ImportBench):
    """A scratch cluster with one course without students."""

    def __init__(self, scratch: Path, students: int) -> None:
        self.students = students
        self.file = scratch / "roster.csv"
        made_up(self.file, students)
        super().__init__()
        self.add_course()

    def written(self) -> list[str]:
        """Return how many students, ids and enrollments there are."""
        return self.superuser(
            "SELECT count(*) FROM users WHERE role = 'student'",
            "SELECT count(*) FROM external_ids",
            "SELECT count(*) FROM student_enrollments",
        ).splitlines()

    def empty(self) -> None:
        """Take the students away, and leave no work behind that would slow down the next run."""
        self.superuser(
            "TRUNCATE student_enrollments, external_ids, audit_log CASCADE",
            "DELETE FROM users WHERE role = 'student'",
            "VACUUM FULL users",
            "VACUUM ANALYZE",
            "CHECKPOINT",
        )

    def imported(self, *, dry_run: bool) -> tuple[float, ImportReport]:
        """Import the roster, with the commit, and return the seconds and the report."""
        from lmskit.db import transaction
        from lmskit.importers.formats import Format, ReadOptions
        from lmskit.importers.registry import detected
        from lmskit.services.file_import import ImportOptions, import_file

        note = self.timed()
        begun = time.perf_counter()
        found = detected(self.file)
        assert isinstance(found, Format)
        with transaction(self.admin) as session:
            report = import_file(session, found.open(self.file, ReadOptions()), ImportOptions(course="CS1", dry_run=dry_run), progress=note)
            note("Saving", 0, None)
        note("", 0, None)
        return time.perf_counter() - begun, report

    def floor(self) -> tuple[float, float]:
        r"""Return the seconds of `\copy` into a plain table, and of the statements that enroll its students without any check."""
        self.superuser(
            "DROP TABLE IF EXISTS public.roster", f"CREATE TABLE public.roster ({', '.join(f'{column} text' for column in HEADER)})"
        )
        begun = time.perf_counter()
        self.superuser(f"\\copy public.roster FROM '{self.file}' WITH (FORMAT csv, HEADER)")
        copied = time.perf_counter()
        self.superuser("BEGIN", *BARE_INSERTS, "COMMIT")
        return copied - begun, time.perf_counter() - copied


def run(bench: Bench, repeat: int, *, steps: bool) -> None:
    """Time all in turn, check what was written, and print medians and the ratios."""
    previews, imports, repeats, copies, floors = [], [], [], [], []
    for _ in range(repeat):
        bench.empty()
        preview, rehearsed = bench.imported(dry_run=True)
        real, report = bench.imported(dry_run=False)
        assert report.total.added == bench.students, report.total.identity()
        assert (rehearsed.files, rehearsed.outcomes) == (report.files, report.outcomes)
        again, unchanged = bench.imported(dry_run=False)
        assert unchanged.total.unchanged == bench.students, unchanged.total.identity()
        previews.append(preview)
        imports.append(real)
        repeats.append(again)
        written = bench.written()
        bench.empty()
        copy, inserts = bench.floor()
        copies.append(copy)
        floors.append(copy + inserts)
        assert bench.written() == written == [str(bench.students), str(2 * bench.students), str(bench.students)]
    preview, real, again, copy, floor = map(statistics.median, (previews, imports, repeats, copies, floors))
    print(f"A roster of {bench.students:,} students, {repeat} runs of each, in turn; medians")
    print(f"preview              {preview:7.2f} s")
    print(f"import               {real:7.2f} s   {bench.students / real:9,.0f} students/s")
    print(f"preview and import   {preview + real:7.2f} s")
    print(f"import again         {again:7.2f} s   every row unchanged")
    print(f"psql \\copy           {copy:7.2f} s   into a table of texts, unchecked")
    print(f"the floor            {floor:7.2f} s   \\copy and bare INSERT ... SELECT into the three tables")
    print(f"preview and import take {(preview + real) / floor:.1f} times as long as the floor; the import alone {real / floor:.1f} times")
    bench.print_steps(repeat, steps=steps)


def main() -> None:
    """Read the arguments, set up the scratch cluster, measure, and remove it."""
    parser = argparse.ArgumentParser(description="Import of a roster: lmskit with preview, and psql \\copy.")
    parser.add_argument("--students", type=int, default=50_000, help="students in the file")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each")
    parser.add_argument("--steps", action="store_true", help="also print how long each step took")
    arguments = parser.parse_args()
    with scratch_cluster() as scratch:
        run(Bench(scratch, arguments.students), arguments.repeat, steps=arguments.steps)


if __name__ == "__main__":
    main()
