"""Scores that a file does not have any more, and students whom none of its rows names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.report import MissingCheck, Outcome
from lmskit.rounding import count_text
from lmskit.services.withdrawal_check import LARGEST_UNCONFIRMED_PERCENTAGE, MOST_UNCONFIRMED

if TYPE_CHECKING:
    from lmskit.services.file_import.context import ImportContext


class TakenBackRow(NamedTuple):
    """A score that no longer counts, as `Outcome`."""

    part: str
    row: int
    column: str | None
    state: str
    what: str
    reason: str
    before: str
    after: str


class MissingResultsRow(NamedTuple):
    """A student whom no row names, with the number of quizzes of the file and of results that lmskit has."""

    name: str
    n_quizzes: int
    n_results: int


class AbsentStudentRow(NamedTuple):
    """A student of a course of the file whom no row names, and the code of the course."""

    name: str
    course: str


class RemovedResultRow(NamedTuple):
    """A result that counts no longer: student and quiz, and score."""

    what: str
    before: str


class ResultCountRow(NamedTuple):
    """How many students have results at quizzes of the file, how many of them no row names, and whether a row of a student is rejected."""

    n_students: int
    n_missing: int
    is_rejected: bool


def list_taken_back(context: ImportContext) -> None:
    """Keep the outcomes of the scores that no longer count for the report."""
    context.taken_back = [Outcome(*row) for row in context.statements["taken_back"].read("outcomes", TakenBackRow)]


def list_missing(context: ImportContext) -> None:
    """Keep the students whom no row names, though they have results at quizzes of the file, for the report."""
    students = context.statements["taken_back"].read("missing_students", MissingResultsRow)
    if context.options.asked.remove_missing or context.source.is_partial:
        return  # their results are listed one by one; or the file does not say who is missing
    context.missing = [
        Outcome(
            context.source.name, None, None, "missing", f"{student.name} · {count_text(student.n_quizzes, 'quiz', 'quizzes')}",
            f"is no longer in the file; what lmskit has, {count_text(student.n_results, 'result')}, stays",
        )
        for student in students
    ]  # fmt: skip


def list_absent(context: ImportContext) -> None:
    """Keep the students of the courses of a roster whom no row names, and who stay enrolled, for the report."""
    students = context.statements["enrollments"].read("absent_students", AbsentStudentRow)
    if context.options.asked.withdraw_missing or context.source.is_partial:
        return
    context.absent = [
        Outcome(context.source.name, None, None, "missing", f"{student.name} · {student.course}", "is not in the file; stays enrolled")
        for student in students
    ]


def removal_check(counts: ResultCountRow, file: str) -> MissingCheck:
    """Decide whether results can be taken back without a confirmation of the number of their students.

    Examples
    --------
    >>> removal_check(ResultCountRow(180, 18, False), "grades.csv").reasons
    ()
    >>> removal_check(ResultCountRow(180, 19, False), "grades.csv").reasons
    ('19 of 180 students with results are not in grades.csv',)
    """
    is_many = counts.n_missing > MOST_UNCONFIRMED or counts.n_missing * 100 > counts.n_students * LARGEST_UNCONFIRMED_PERCENTAGE
    are = "is" if counts.n_missing == 1 else "are"
    students = f"{counts.n_missing:,} of {count_text(counts.n_students, 'student')} with results {are} not in {file}"
    return MissingCheck(counts.n_missing, (students,) if is_many else ())


def check_removals(context: ImportContext) -> None:
    """Count the students whose results would count no longer, and refuse too many; a rehearsal only reports them.

    Raises
    ------
    ImportFileError
        There are more students than was confirmed, or than need no confirmation; or a row that might name one of them was rejected.
    """
    asked, name = context.options.asked, context.source.name
    (counts,) = context.statements["taken_back"].read("result_counts", ResultCountRow)
    context.removal = check = removal_check(counts, name)
    if not check.count:
        return
    if counts.is_rejected or any(part.rejections for part in context.source.parts if part.name in context.enrollment_parts):
        raise ImportFileError(
            "Results that are not in the file cannot be taken back while rows that name students are rejected; nothing was written. "
            f"Correct the file, or {advice.LEAVE_REMOVE_OUT}."
        )
    is_refused = check.count > asked.remove_at_most if asked.remove_at_most is not None else bool(check.reasons)
    if is_refused and not asked.dry_run:
        are = "is" if check.count == 1 else "are"
        raise ImportFileError(
            f"{check.count:,} of {count_text(counts.n_students, 'student')} with results {are} not in {name}, and their results would "
            f"count no longer; nothing was written. {advice.REMOVE_ALL.about(check.count)}"
        )


def list_removed(context: ImportContext) -> None:
    """Keep the outcomes of the results that count no longer, because no row names their student, for the report."""
    rows = context.statements["taken_back"].read("removed_results", RemovedResultRow)
    context.removed = [
        Outcome(
            context.source.name,
            None,
            None,
            "changed",
            row.what,
            "taken back: the student is not in the file",
            row.before,
            "no longer counts",
        )
        for row in rows
    ]
