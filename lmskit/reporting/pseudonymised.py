"""Write the records of courses without names, for research: pseudonyms of this export alone, small groups hidden, and a report.

What is written stays personal data: who knows a student's scores can find the student by them, and the report says of how many.
"""

from __future__ import annotations

import csv
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.analytics.anonymity import LEAST, Anonymity, pseudonym, share_unique, with_small_groups_hidden
from lmskit.errors import InputError
from lmskit.queries.pseudonymised import levels_of_weeks, participants, shares
from lmskit.readable import as_cell
from lmskit.whole_file import whole_text_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session

    from lmskit.models import Course

KNOWN = ("ended_week", "started_week", "status")
"""What others could know of a student in a course; the first is hidden first."""
COLUMNS = {
    "students.csv": ("course", "student", "status", "started_week", "ended_week"),
    "attempts.csv": ("course", "student", "quiz", "week", "number", "share"),
    "mastery.csv": ("course", "student", "week", "level", "value"),
}
"""The files and their columns."""
TOGETHER = ["what", "at", "number", "level", "value"]
"""Columns of a table of scores and levels of mastery."""


@dataclass(frozen=True, slots=True)
class CourseExport:
    """How well the students of a course are hidden; `share_unique` is the share of those whose scores and mastery no other student has."""

    course: str
    anonymity: Anonymity
    share_unique: float

    @property
    def left_out(self) -> bool:
        """Whether the course has too few students to be exported."""
        return self.anonymity.smallest == 0


def export_pseudonymised(session: Session, courses: Sequence[Course], to: Path, *, least: int = LEAST) -> list[CourseExport]:
    """Write three tables and a report into a new folder, whole or not at all.

    A pseudonym stands for a student in one course of one export: its secret is forgotten, so that neither two exports nor two courses
    can be joined by it. Free texts, days and answers are not written.

    Raises
    ------
    InputError
        The folder exists, or cannot be made.
    """
    if to.exists():
        raise InputError(f"{to} exists. Nothing was written; name a folder that does not exist yet.")
    secret = secrets.token_bytes(32)
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.absolute().parent))
    except OSError as error:
        raise InputError(f"No folder can be made beside {to}: {error.strerror or error}. Name another one.") from error
    try:
        written: dict[str, list[tuple[object, ...]]] = {name: [] for name in COLUMNS}
        exported = [_export_course(session, course, secret, least, written) for course in courses]
        for name, columns in COLUMNS.items():
            _write(part / name, columns, written[name])
        with whole_text_file(part / "report.txt", newline=None) as report:
            report.write("\n".join(report_lines(exported, least)) + "\n")
        part.rename(to)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return exported


def report_lines(exported: Iterable[CourseExport], least: int) -> list[str]:
    """The report: for each course, how many share what others could know, and how many could be found by their scores."""
    lines = [
        "These are personal data under pseudonyms, not anonymous data: handle them as such.",
        f"What others could know of a student (status, weeks of beginning and end) is shared by at least {least} students of the course;",
        "where it was not, * stands for it. Pseudonyms hold within one course of this export; their secret was not kept.",
        "A hidden week of the end can follow from the week of the last attempt or of the last estimate of mastery.",
        "Students of two exports of a course can be joined by their scores, also where one hides what the other shows: give the same",
        "people one export of a course, and delete it before they get another.",
        "",
    ]
    for course in exported:
        if course.left_out:
            lines.append(f"{course.course}: left out, since it has fewer than {least} students.")
            continue
        hidden = ", ".join(f"{n} of {column}" for column, n in course.anonymity.n_hidden.items())
        lines.append(
            f"{course.course}: {course.anonymity.n_people} students; smallest group {course.anonymity.smallest}"
            f" (before: {course.anonymity.smallest_before}); hidden: {hidden};"
            f" {course.share_unique:.0%} have scores and mastery that no other student has, and could be found by them."
        )
    return lines


def _export_course(
    session: Session, course: Course, secret: bytes, least: int, written: dict[str, list[tuple[object, ...]]]
) -> CourseExport:
    people, anonymity = with_small_groups_hidden(participants(session, course.id), KNOWN, least=least)
    if people.empty:
        return CourseExport(course.code, anonymity, 0.0)
    attempts, mastery = shares(session, course.id), levels_of_weeks(session, course.id)
    names = {number: pseudonym(secret, course.id, number) for number in people["student_id"]}
    quizzes = {number: nth for nth, number in enumerate(dict.fromkeys(attempts["quiz_id"]), 1)}
    written["students.csv"] += sorted(
        (course.code, names[row.student_id], row.status, _blank(row.started_week), _blank(row.ended_week)) for row in people.itertuples()
    )
    written["attempts.csv"] += sorted(
        (course.code, names[row.student_id], quizzes[row.quiz_id], _blank(row.week_number), row.number, _blank(row.share))
        for row in attempts.itertuples()
        if row.student_id in names
    )
    written["mastery.csv"] += sorted(
        (course.code, names[row.student_id], row.week_number, row.level, _blank(row.value))
        for row in mastery.itertuples()
        if row.student_id in names
    )
    return CourseExport(course.code, anonymity, share_unique(_together(attempts, mastery), person="student_id", known=TOGETHER))


def _together(attempts: pd.DataFrame, mastery: pd.DataFrame) -> pd.DataFrame:
    """What the files have of each student, in one table: who knows the levels of a student finds the student as well as by scores."""
    scores = attempts.assign(what="attempt", at=attempts["quiz_id"], level="", value=attempts["share"])
    levels = mastery.assign(what="mastery", at=mastery["week_number"], number=0)
    tables = [table[["student_id", *TOGETHER]] for table in (scores, levels)]
    filled = [table for table in tables if not table.empty]
    return pd.concat(filled or tables[:1]).fillna({"value": -1.0})


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with whole_text_file(path) as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(tuple(_cell(value) for value in row) for row in rows)


def _blank(value: object) -> object:
    # A missing number differs from itself, and the missing value of pandas is neither.
    return "" if value is None or str(value) in {"nan", "<NA>"} else value


def _cell(value: object) -> object:
    return as_cell(value) if isinstance(value, str) else value
