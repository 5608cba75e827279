"""The form that imports files, wired to the readers of their formats and to the database."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from lmskit.db import PATIENT, Opener, retried, snapshot, transaction
from lmskit.db.transaction import interrupter
from lmskit.desks.options import course_options, lecturer_options, term_options
from lmskit.errors import ConflictError, ImportFileError
from lmskit.forms.background_work import Task
from lmskit.forms.roster_import import RosterImport, RosterImportOptions
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.importers.record import Source
from lmskit.importers.registry import FORMATS, AnyFormat, detected, format_named
from lmskit.importers.report import ImportReport
from lmskit.schemas.file_import import ImportFile
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.mastery import refresh
from lmskit.services.permission import require_administrator


def roster_import_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> RosterImport:
    """Return the form; it begins with `course`, or with no course. An import and the refresh of mastery after it are one transaction."""
    with read() as session:
        require_administrator(session)
        known_courses, known_terms, known_lecturers = course_options(session), term_options(session), lecturer_options(session)

    def preview_file(task: Task, request: ImportFile) -> ImportReport:
        def work() -> ImportReport:
            source = open_source(request)
            with begin() as session, task.interruptible(interrupter(session)):
                return _import(session, source, request, task, dry_run=True)

        return retried(work, lock_attempts=PATIENT)

    def import_previewed(task: Task, request: ImportFile, preview: ImportReport) -> tuple[ImportReport, str]:
        def work() -> tuple[ImportReport, str]:
            source = open_source(request)
            if source.sha256 != preview.sha256:
                raise ConflictError(f"{source.name} has changed since the preview. Nothing was imported; preview it again.")
            with begin() as session, task.interruptible(interrupter(session)):
                report = _import(session, source, request, task, dry_run=False)
                sentences = []
                if report.touched:
                    done = refresh(session, touched=report.touched, progress=task.report)
                    sentences = [done.sentence(), *(f"Mastery of {code} was not refreshed: {why}" for code, why in done.skipped.items())]
                if request.notify:
                    sentences.append("Messages wait in the outbox. To send them, open admin/outbox.")
            return report, " ".join(sentences)

        return retried(work, lock_attempts=PATIENT)

    return RosterImport(
        options=RosterImportOptions(
            formats=[(found.title, found.name) for found in FORMATS if isinstance(found, Format)],
            courses=known_courses,
            lecturers=known_lecturers,
            terms=known_terms,
        ),
        detect=describe,
        on_preview=preview_file,
        on_import=import_previewed,
        course=course,
    )


def describe(path: Path) -> str:
    """The content of a path in words, such as "Canvas gradebook"."""
    found = _importable(detected(path), path)
    return f"{found.title}; choose its course" if found.needs_course else found.title


def open_source(request: ImportFile) -> Source:
    """Open the file of a request.

    Raises
    ------
    ImportFileError
        The file cannot be read, or its format is unknown.
    """
    path = Path(request.path)
    reading = ReadOptions(columns=request.columns)
    found = detected(path, reading) if request.format is None else format_named(request.format)
    return _importable(found, path).open(path, reading)


def _importable(found: AnyFormat, path: Path) -> Format:
    if isinstance(found, BankFormat):
        raise ImportFileError(f"{path.name} holds questions for a quiz ({found.title}). Import it with admin/quiz_setup.")
    if not isinstance(found, Format):
        raise ImportFileError(f"{path.name} is the {found.title}. It has an import of its own: lmskit import {found.name} {path}")
    return found


def _import(session: Session, source: Source, request: ImportFile, task: Task, *, dry_run: bool) -> ImportReport:
    options = ImportOptions(
        course=request.course,
        lecturer=request.lecturer,
        term=request.term,
        week=request.week,
        notify=request.notify,
        withdraw_missing=request.withdraw_missing,
        withdraw_at_most=request.withdraw_at_most,
        dry_run=dry_run,
    )
    return import_file(session, source, options, progress=task.report)
