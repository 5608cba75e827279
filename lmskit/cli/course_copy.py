"""`lmskit course copy` and `lmskit term copy`: courses into another term, without their people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lmskit.cli.asking import asked, confirmed
from lmskit.cli.dry_run import WAS_DRY, DryRun, Yes
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.printing import print_line
from lmskit.db import PATIENT, retried, snapshot, transaction
from lmskit.errors import InputError, StaffNotChosenError
from lmskit.queries.course import course_by_code, courses_of_term
from lmskit.rounding import count_text
from lmskit.schemas.course_copy import CopyCourse, CopyTerm
from lmskit.services.course_copy import NOT_COPIED_SENTENCE, copied, copy_as_shown
from lmskit.services.staff import staff_members

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from lmskit.services.copied_course import CopiedTerm

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
            members = [f"{email} ({role})" for email, role in staff_members(session, course_by_code(session, request.course).id)]
        if members and not (yes or dry_run):
            answer = _asked_staff(members, what=request.course)
            request = CopyCourse.model_validate(request.model_dump() | {"staff": answer})
    done = _done(request, dry_run=dry_run, yes=yes)
    if done is not None:
        [copy] = done.copied
        print_line(f"{copy.code} was created in {copy.to_term.code}. To enrol a student: lmskit enrollment add {copy.code} EMAIL")


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

    A course whose copy is there already, or for which a code has to be given, is left out and named; the status is 3 then.
    """
    request = CopyTerm.model_validate({"source": source, "term": term, "staff": staff})
    if request.staff is None:
        with snapshot() as session:
            members = [
                f"{course.code}: {email} ({role})"
                for course in courses_of_term(session, request.source)
                for email, role in staff_members(session, course.id)
            ]
        if members and not (yes or dry_run):
            answer = _asked_staff(members, what=f"courses of {request.source}")
            request = CopyTerm.model_validate(request.model_dump() | {"staff": answer})
    done = _done(request, dry_run=dry_run, yes=yes)
    if done is not None:
        if done.copied:
            print_line(f"{count_text(len(done.copied), 'course')} of {source} copied into {term}.")
        if done.left_out:
            raise typer.Exit(PARTLY)


def _done(request: CopyCourse | CopyTerm, *, dry_run: bool, yes: bool) -> CopiedTerm | None:
    """Show what would be copied, ask, and copy that; None after a dry run."""
    if yes and not dry_run:
        done = _committed(lambda session: copied(session, request))
        _print(done)
        return done
    with transaction() as session:
        shown = copied(session, request, dry_run=True)
    _print(shown)
    if dry_run:
        print_line(WAS_DRY)
        return None
    if not shown.copied:
        return shown
    what = request.course if isinstance(request, CopyCourse) else f"{count_text(len(shown.copied), 'course')} into {request.term}"
    confirmed(f"Copy {what}?", instead="--yes")
    return _committed(lambda session: copy_as_shown(session, request, shown.sentences))


def _committed(work: Callable[[Session], CopiedTerm]) -> CopiedTerm:
    """Do the work in one transaction, again if others hold what it needs."""

    def attempt() -> CopiedTerm:
        with transaction() as session:
            return work(session)

    return retried(attempt, lock_attempts=PATIENT, idempotent=False)


def _asked_staff(members: Sequence[str], *, what: str) -> str:
    print_line("On the staff:")
    for member in members:
        print_line(f"  {member}")
    try:
        return asked(QUESTION, instead=StaffNotChosenError.options)
    except InputError:
        raise StaffNotChosenError(what=what, staff=members) from None


def _print(done: CopiedTerm) -> None:
    for course in done.copied:
        first, *rest = course.sentences
        print_line(first)
        for sentence in rest:
            print_line(f"  {sentence}")
    for sentence in done.left_out_sentences:
        print_line(sentence)
    print_line(NOT_COPIED_SENTENCE if done.copied else "There is nothing to copy.")
