"""Steps in Python between the statements: quizzes, and the withdrawal of students who are not in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.described_course import CourseSource, IdentifiedCourse, site_of
from lmskit.importers.report import Outcome
from lmskit.services.file_import.quizzes import Quizzes
from lmskit.services.importing import add_warnings

if TYPE_CHECKING:
    from lmskit.services.file_import.context import ImportContext

_FIRST_REJECTED_ENROLLMENT = text("""
    SELECT f.name, pos.row_number, r.reason
    FROM file_rejected AS r
    JOIN file_position AS pos ON pos.position_id = r.position_id
    JOIN file_part AS f ON f.part = pos.part
    JOIN file_enrollment AS e ON e.position_id = r.position_id
    ORDER BY f.part_order, pos.row_number
    LIMIT 1
""")


class MissingStudentRow(NamedTuple):
    """A student who is not in the file, the code of the course, and whether the student was enrolled by hand."""

    name: str
    course: str
    is_by_hand: bool


def plan_quizzes(context: ImportContext) -> None:
    """Find the quizzes of the file in lmskit, and fill `file_quiz`."""
    options = context.options
    source = context.source
    address = source.described_course.external_id if isinstance(source, CourseSource) else ""
    address = source.id_of_course if isinstance(source, IdentifiedCourse) else address
    context.quizzes = Quizzes(context.session, options.course, system=options.system, site=site_of(address), asked=options.asked)
    context.quizzes.plan(context.quiz_records)


def write_quizzes(context: ImportContext) -> None:
    """Write the quizzes that are needed, and their warnings."""
    assert context.quizzes is not None  # noqa: S101 - made by an earlier step
    context.quizzes.write()
    add_warnings(context.session, context.quizzes.warnings)


def join_quizzes(context: ImportContext) -> None:
    """Join the numbered questions of reports with those of banks, once the answers to them are stored."""
    assert context.quizzes is not None  # noqa: S101 - made by an earlier step
    add_warnings(context.session, context.quizzes.join())


def note_weeks(context: ImportContext) -> None:
    """Note which quizzes of the file have no week, so that their results are not evidence, and which got one."""
    assert context.quizzes is not None  # noqa: S101 - made by an earlier step
    context.quizzes.note_weeks()


def refuse_if_rows_were_rejected(context: ImportContext) -> None:
    """Refuse to withdraw anyone if a rejected row might name a student who would be withdrawn.

    Raises
    ------
    ImportFileError
        The reader or the validation rejected a row of a part with enrollments.
    """
    unreadable = [rejection for part in context.source.parts if part.name in context.enrollment_parts for rejection in part.rejections]
    found = context.session.execute(_FIRST_REJECTED_ENROLLMENT).first()
    if unreadable or found is not None:
        first = str(unreadable[0]) if unreadable or found is None else f"{found[0]}, row {found[1]}: {found[2]}"
        raise ImportFileError(
            "Students who are not in the file cannot be withdrawn while rows that name students are rejected; nothing was written. "
            f"Correct the file, or {advice.LEAVE_WITHDRAW_OUT}. The first rejection: {first}."
        )


def list_withdrawn(context: ImportContext) -> None:
    """Keep the outcomes of the withdrawn students for the report."""
    students = context.statements["enrollments"].read("missing_students", MissingStudentRow)
    name = context.source.name
    context.withdrawn = [
        Outcome(name, None, None, "withdrawn", f"{student.name} · {student.course}", _why_withdrawn(student)) for student in students
    ]


def _why_withdrawn(student: MissingStudentRow) -> str:
    return "is not in the file; was enrolled by hand" if student.is_by_hand else "is not in the file"
