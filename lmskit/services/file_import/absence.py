"""Scores that a file does not have any more, and students with results whom none of its rows names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers.report import Outcome
from lmskit.rounding import count_text
from lmskit.services.file_import.withdrawal import LARGEST_UNCONFIRMED_PERCENTAGE, MOST_UNCONFIRMED

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
    done = "no longer counts" if context.options.asked.remove_missing else "stays"
    context.missing = [
        Outcome(
            context.source.name, None, None, "missing", f"{student.name} · {count_text(student.n_quizzes, 'quiz', 'quizzes')}",
            f"is no longer in the file; what lmskit has, {count_text(student.n_results, 'result')}, {done}",
        )
        for student in students
    ]  # fmt: skip


def refuse_too_many_missing(context: ImportContext) -> None:
    """Refuse to let the results of many students count no longer, unless their number was confirmed; a rehearsal reports them.

    Raises
    ------
    ImportFileError
        There are more students than was confirmed, or than need no confirmation; or a row that might name one of them was rejected.
    """
    asked, name = context.options.asked, context.source.name
    (counts,) = context.statements["taken_back"].read("result_counts", ResultCountRow)
    if asked.dry_run or not counts.n_missing:
        return
    if counts.is_rejected or any(part.rejections for part in context.source.parts if part.name in context.enrollment_parts):
        raise ImportFileError(
            "Results that are not in the file cannot be taken back while rows that name students are rejected; nothing was written. "
            "Correct the file, or leave --remove-missing out."
        )
    is_many = counts.n_missing > MOST_UNCONFIRMED or counts.n_missing * 100 > counts.n_students * LARGEST_UNCONFIRMED_PERCENTAGE
    if counts.n_missing > asked.remove_at_most if asked.remove_at_most is not None else is_many:
        students = f"{counts.n_missing:,} of {count_text(counts.n_students, 'student')} with results"
        raise ImportFileError(
            f"{students} are not in {name}, and their results would count no longer; nothing was written. "
            f"Look at them with --dry-run --report FILE.csv. To take their results back: --remove-at-most {counts.n_missing}"
        )
