"""The students whom a file excuses from quizzes, and whom it excuses no longer, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lmskit.importers.report import Outcome

if TYPE_CHECKING:
    from lmskit.services.file_import.context import ImportContext


class EndedExcuseRow(NamedTuple):
    """An excuse that ends by a cell that is not counted: its position, the student and quiz, and what the cell means."""

    part: str
    row: int
    column: str | None
    what: str
    why: str


class ExcusedStudentRow(NamedTuple):
    """A student and quiz whose excuse is new, ends or is kept beside a score, with the scores that no longer count."""

    state: str
    what: str
    scores: str


def list_excuses(context: ImportContext) -> None:
    """Keep the excuses that are new, end or are kept, for the report."""
    read = context.statements["excuses"].read
    context.ended_excuses = [
        Outcome(found.part, found.row, found.column, "changed", found.what, f"excuse taken back: {found.why}")
        for found in read("outcomes", EndedExcuseRow)
    ]
    for found in read("students", ExcusedStudentRow):
        context.excused[found.state].append(Outcome(context.source.name, None, None, found.state, found.what, "", found.scores))
