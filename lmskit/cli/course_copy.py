"""`lmskit course copy` and `lmskit term copy`: courses into another term, without their people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lmskit.cli.asking import asked, confirmed
from lmskit.cli.dry_run import WAS_DRY, DryRun, Yes
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.printing import print_line
from lmskit.db import snapshot, transaction
from lmskit.errors import StaffNotChosenError
from lmskit.queries.course import course_by_code, courses_of_term
from lmskit.rounding import count_text
from lmskit.schemas.course_copy import CopyCourse, CopyTerm
from lmskit.services.course_copy import NOT_COPIED_SENTENCE, copy_course, copy_term
from lmskit.services.staff import staff_members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.services.course_copy import CopiedCourse

app, of_terms = typer.Typer(name="course"), typer.Typer(name="term")

Staff = Annotated[
    str | None,
    typer.Option(
        "--staff",
        metavar="all|none|EMAIL,EMAIL",
        help="Who of the staff comes along, with the same role. Asked where there is any.",
        show_default=False,
    ),
]
QUESTION = "Who comes along: all, none, or addresses"
INSTEAD = StaffNotChosenError.options


@app.command()
def copy(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    *,
    term: Annotated[str, typer.Option(help="Code of the term to copy it into, which is open.", show_default=False)],
    code: Annotated[
        str | None,
        typer.Option(help="Code of the copy. Default: that of the course with the other term in it, or MODULE-TERM.", show_default=False),
    ] = None,
    lecturer: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Who is responsible for the copy. Default: who is for the course.", show_default=False),
    ] = None,
    staff: Staff = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Copy a course into another term: weeks, quizzes with keys, materials, question banks and rule; no people and no results."""
    request = CopyCourse.model_validate({"course": course, "term": term, "code": code, "lecturer": lecturer, "staff": staff})
    if request.staff is None:
        with snapshot() as session:
            members = staff_members(session, course_by_code(session, request.course).id)
        if members and not yes:
            answer = _asked_staff([f"{email} ({role})" for email, role in members])
            request = CopyCourse.model_validate(request.model_dump() | {"staff": answer})
    if not yes or dry_run:
        with transaction() as session:
            _print([copy_course(session, request, dry_run=True)])
        if _was_dry(dry_run=dry_run):
            return
        confirmed(f"Copy {course}?", instead="--yes")
    with transaction() as session:
        copied = copy_course(session, request)
    if yes:
        _print([copied])
    print_line(f"{copied.code} was created in {copied.to_term.code}. To enrol a student: lmskit enrollment add {copied.code} EMAIL")


@of_terms.command("copy")
def copy_all(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Code of the term whose courses are copied.", show_default=False)],
    term: Annotated[str, typer.Argument(metavar="TO", help="Code of the term to copy them into, which is open.", show_default=False)],
    *,
    staff: Staff = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Copy all courses of a term into another one, as `lmskit course copy` does.

    A course whose copy is there already is left out and named; the status is 3 then.
    """
    request = CopyTerm.model_validate({"source": source, "term": term, "staff": staff})
    if request.staff is None:
        with snapshot() as session:
            members = [
                f"{course.code}: {email} ({role})"
                for course in courses_of_term(session, request.source)
                for email, role in staff_members(session, course.id)
            ]
        if members and not yes:
            request = CopyTerm.model_validate(request.model_dump() | {"staff": _asked_staff(members)})
    if not yes or dry_run:
        with transaction() as session:
            tried = copy_term(session, request, dry_run=True)
        _print(tried.copied)
        _print_left_out(tried.left_out)
        if _was_dry(dry_run=dry_run):
            return
        if tried.copied:
            confirmed(f"Copy {count_text(len(tried.copied), 'course')} into {term}?", instead="--yes")
    with transaction() as session:
        done = copy_term(session, request)
    if yes:
        _print(done.copied)
        _print_left_out(done.left_out)
    print_line(f"{count_text(len(done.copied), 'course')} of {source} copied into {term}.")
    if done.left_out:
        raise typer.Exit(PARTLY)


def _asked_staff(members: Sequence[str]) -> str:
    print_line("On the staff:")
    for member in members:
        print_line(f"  {member}")
    return asked(QUESTION, instead=INSTEAD)


def _print(copied: Sequence[CopiedCourse]) -> None:
    for course in copied:
        first, *rest = course.sentences
        print_line(first)
        for sentence in rest:
            print_line(f"  {sentence}")
    print_line(NOT_COPIED_SENTENCE)


def _print_left_out(left_out: dict[str, str]) -> None:
    for course, reason in left_out.items():
        print_line(f"{course} is left out: {reason}")


def _was_dry(*, dry_run: bool) -> bool:
    if dry_run:
        print_line(WAS_DRY)
    return dry_run
