"""From the records of a source to the tables, in one transaction, with a report about every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.progress import silent
from lmskit.services.file_import.context import ImportContext
from lmskit.services.file_import.course import prepare_course
from lmskit.services.file_import.options import find_options
from lmskit.services.file_import.pipeline import PIPELINE
from lmskit.services.file_import.stage import Code, Repeat, Sql
from lmskit.services.importing import ImportOptions, importing, record
from lmskit.services.planner import joining_whole_tables
from lmskit.services.staging_table import analyze

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.record import Source
    from lmskit.importers.report import ImportReport
    from lmskit.progress import Progress
    from lmskit.services.file_import.stage import Step


def import_file(session: Session, source: Source, options: ImportOptions | None = None, *, progress: Progress = silent) -> ImportReport:
    """Bring the database to what a file says, and report the outcome of every row.

    People are found by their id in the source system, then by their SIS id, then by address; contradictions are rejected.
    Importing the same file twice changes nothing the second time. A student who is not in the file stays enrolled, unless
    `ImportOptions.withdraw_missing` is set. The mastery of `ImportReport.touched` is out of date afterwards:
    `services.mastery.refresh` computes it again.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    source
        An opened file, such as ``detected(path).open(path, ReadOptions())``.
    options
        What the person who imports says besides the file.
    progress
        Receives each step. An exception that it raises cancels the import; roll the transaction back then.

    Raises
    ------
    ImportFileError
        A file cannot be read to its end; or students who are not in the file are to be withdrawn, and some rows are rejected,
        or there are more of these students than was confirmed.
    InputError
        Neither the file nor `options` says which course the file is about; or the course is new, and its term or its lecturer is not
        given; or a number of students to withdraw is confirmed, and none are to be withdrawn.
    CourseNotFoundError, LecturerNotFoundError, TermNotFoundError
        There is no course or term with this code, or no lecturer with this address.
    NotPermittedError
        The signed-in person is not an administrator.
    ConflictError
        Another person changed the same rows at the same time.
    """
    found = find_options(session, source.system, options or ImportOptions())
    if found.asked.withdraw_missing and source.is_partial:
        raise ImportFileError(
            f"{source.name} does not hold all students, so those who are not in it cannot be withdrawn: {advice.LEAVE_WITHDRAW_OUT}."
        )
    if found.asked.remove_missing and source.is_partial:
        raise ImportFileError(
            f"{source.name} does not hold all results, so those that are not in it cannot be taken back: {advice.LEAVE_REMOVE_OUT}."
        )
    progress("Waiting for other imports to end", 0, None)
    asked = found.asked
    with importing(session, source.format, source.name, dry_run=asked.dry_run) as run, joining_whole_tables(session):
        report = _run(ImportContext(session, source, prepare_course(session, source, found), progress))
        if not asked.dry_run:
            record(session, run, report)
    return report


def _run(context: ImportContext) -> ImportReport:
    """Run the steps of the pipeline and return the report."""
    for stage in PIPELINE:
        if stage.when(context.options.asked):
            if stage.title is not None:
                context.progress(stage.title, 0, None)
            written = 0
            for step in stage.steps:
                written = _run_step(context, step, written_before=written)
    assert context.report is not None  # noqa: S101 - made by a step
    return context.report


def _run_step(context: ImportContext, step: Step, *, written_before: int) -> int:
    """Run a step and return how many rows it wrote; `written_before` is that of the step before it."""
    match step:
        case Sql():
            written = context.statements[step.file].run(step.part)
            for table in (*((step.makes,) if step.makes else ()), *step.analyzes):
                analyze(context.session, table)
            return written
        case Code():
            step.run(context)
        case Repeat() if written_before or not step.only_after_rejections:
            while sum(_run_step(context, inner, written_before=0) for inner in step.steps):
                pass
    return 0
