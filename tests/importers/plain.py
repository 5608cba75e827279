"""Plain CSV files that tests write and import."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.importers.report import ImportReport
from lmskit.models import Course
from lmskit.services.file_import import ImportOptions, import_file
from tests import factories

Import: TypeAlias = Callable[..., ImportReport]

TABLES = ("terms", "users", "courses", "syllabi", "quizzes", "student_enrollments", "quiz_attempts", "external_ids", "outbox")
COLUMNS = {"users": "ROW(t.id, t.email, t.family_name, t.given_name, t.sort_name, t.role)"}
"""No login may select the hash of a password."""


def content(session: Session) -> dict[str, Sequence[Any]]:
    """Every row of the tables that an import writes."""
    return {
        table: session.execute(text(f"SELECT {COLUMNS.get(table, 't')}::text FROM {table} AS t ORDER BY 1")).scalars().all()
        for table in TABLES
    }


def csv_file(path: Path, rows: str | Iterable[Sequence[str]]) -> Path:
    """Write a file of unchanged lines, or of cells that are quoted if necessary."""
    if isinstance(rows, str):
        path.write_text("".join(f"{line.strip()}\n" for line in rows.strip().splitlines()), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    return path


@pytest.fixture
def course(session: Session) -> Course:
    """The course into which files without a course are imported: 16 weeks from 14 September 2026."""
    return factories.course(session, weeks=2)


@pytest.fixture
def imported(session: Session, tmp_path: Path, course: Course) -> Import:
    """Import lines of CSV into the course."""

    def run(rows: str | Iterable[Sequence[str]], **options: Any) -> ImportReport:
        path = csv_file(tmp_path / "file.csv", rows)
        return import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(**{"course": course.code, **options}))

    return run


def states_of(report: ImportReport) -> str:
    """The results of the rows, in their order."""
    return " ".join(outcome.state for outcome in report.outcomes)


def reasons(report: ImportReport) -> list[tuple[int | None, str]]:
    """The rejected rows and the reasons."""
    return [(rejection.row, rejection.reason) for rejection in report.rejections]


def warnings_of(report: ImportReport) -> list[tuple[int | None, str]]:
    """The rows that were imported with a warning, and the reasons."""
    return [(warning.row, warning.reason) for warning in report.warnings]
