"""What archiving costs and gains: sizes, the time to archive, verify and restore, and the dashboard before and afterwards.

OULAD is imported into a cluster of its own that is removed, and three of its four terms are archived. The views of the dashboard are
read by an administrator for a course of an archived term and for one of the open term: before, afterwards, and cleaned up, as the command
does it. All must read the same.

    python benchmarks/archive.py ../shared/data/oulad [--repeat 9]
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from benchmarks.scratch import scratch_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.db import Opener

ARCHIVED = ("2013B", "2013J", "2014B")
COURSES = {"archived": "FFF-2013J", "open": "FFF-2014J"}
TABLES = ("quiz_attempts", "archived_attempts", "topic_performance", "archived_estimates")
MEGABYTE = 1024**2
Measured: TypeAlias = dict[str, tuple[float, list[str]]]
"""By view, the median of the seconds and what it read."""


def views(course: str) -> dict[str, Callable[[Session], list[pd.DataFrame]]]:
    """Return the queries of each view, as functions of a session."""
    from sqlalchemy import select

    from lmskit.models import Course, Enrollment
    from lmskit.queries.attempt import quiz_totals, student_attempts
    from lmskit.queries.evidence import course_evidence
    from lmskit.queries.mastery import class_weeks, mastery_cells, student_weeks, students_to_help

    def a_student(session: Session) -> list[pd.DataFrame]:
        first = select(Enrollment.student_id).join(Course).where(Course.code == course).order_by(Enrollment.student_id).limit(1)
        student = session.scalars(first).one()
        return [student_weeks(session, course, student), student_attempts(session, course, student)]

    return {
        "a class": lambda session: [class_weeks(session, course), mastery_cells(session, course), students_to_help(session, course)],
        "a student": a_student,
        "the quizzes": lambda session: [quiz_totals(session, course)],
        "evidence": lambda session: [course_evidence(session, [session.scalars(select(Course.id).where(Course.code == course)).one()])],
    }


def measured(read: Opener, repeat: int) -> Measured:
    """Return by view the median of the seconds, and what it read."""
    found = {}
    for kind, course in COURSES.items():
        for view, query in views(course).items():
            seconds: list[float] = []
            tables: list[pd.DataFrame] = []
            for _ in range(repeat + 1):
                with read() as session:
                    began = time.perf_counter()
                    tables = query(session)
                    seconds.append(time.perf_counter() - began)
            found[f"{view}, {kind} term"] = (statistics.median(seconds[1:]), [table.to_csv() for table in tables])
    return found


def show(before: Measured, *later: Measured) -> None:
    """Print how long each view took, and refuse one that reads something else."""
    for view, (seconds, seen) in before.items():
        assert all(found[view][1] == seen for found in later), f"{view} reads something else"
        print(f"  {view:32}{seconds * 1000:8.1f}", end="")
        print("".join(f"{found[view][0] * 1000:8.1f}{found[view][0] / seconds:7.2f}x" for found in later))


def show_sizes(when: str, read: Opener) -> None:
    """Print the size of each table with its indexes."""
    from sqlalchemy import text

    print(f"\n{when}: MB with indexes")
    with read() as session:
        for table in TABLES:
            size = session.scalar(text("SELECT pg_total_relation_size(CAST(:table AS regclass))"), {"table": table})
            print(f"  {table:32}{size / MEGABYTE:8.1f}")


def timed(name: str, work: Callable[[], object]) -> None:
    """Do some work, and print how long it took."""
    began = time.perf_counter()
    work()
    print(f"  {name:32}{time.perf_counter() - began:8.1f} s", flush=True)


def main() -> None:
    """Import, archive, measure, restore."""
    parser = argparse.ArgumentParser(description="What archiving costs and gains.")
    parser.add_argument("oulad", type=Path)
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args()
    with scratch_cluster() as scratch:
        from lmskit.archives.store import FolderArchives
        from lmskit.db import access, engine_for, keep_login, migrator_engine, revision, snapshot, transaction
        from lmskit.db.vacuum import vacuum
        from lmskit.services.archive import create_archive
        from lmskit.services.archive_restore import restore_archive, verify_archive
        from lmskit.services.mastery import refresh
        from lmskit.services.oulad import import_oulad
        from lmskit.services.seed import seed_administrator
        from lmskit.services.term import close_term
        from lmskit.settings import DEMO_ADMIN

        access().server.start()
        revision.upgrade()
        with transaction(migrator_engine()) as session:
            seed_administrator(session, keep_login)
        engine = engine_for(DEMO_ADMIN)
        write, read = functools.partial(transaction, engine), functools.partial(snapshot, engine)
        with write() as session:
            import_oulad(session, options.oulad)
        with write() as session:
            refresh(session)
        vacuum(TABLES)  # as the server does it, some minutes after an import

        show_sizes("Before", read)
        before = measured(read, options.repeat)
        store = FolderArchives(scratch / "archives", make=True)
        print()
        for code in ARCHIVED:
            with write() as session:
                close_term(session, code)
            timed(f"archive {code}", functools.partial(create_archive, write, read, store, code))
            timed(f"verify {code}", functools.partial(verify_archive, write, code, scratch))
        files = sum(path.stat().st_size for path in (scratch / "archives").rglob("*.parquet"))
        print(f"  {'files of all three':32}{files / MEGABYTE:8.1f} MB")
        show_sizes("Archived", read)
        after = measured(read, options.repeat)
        print()
        timed("clean up", lambda: vacuum(TABLES))
        cleaned = measured(read, options.repeat)
        print(f"\nms, median of {options.repeat}\n  {'':32}{'before':>8}{'after':>8}{'':8}{'cleaned up':>11}")
        show(before, after, cleaned)
        print()
        timed("restore 2013J from the database", lambda: restore_archive(write, "2013J", scratch))
        timed("restore 2014B from files", lambda: restore_archive(write, "2014B", scratch, from_files=True))


if __name__ == "__main__":
    main()
