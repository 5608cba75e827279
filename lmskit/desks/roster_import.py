"""The form that imports files, wired to the readers of their formats and to the database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from lmskit.db import PATIENT, Opener, access, retried, snapshot, transaction
from lmskit.db.transaction import interrupter
from lmskit.desks.material import BY_WORDS
from lmskit.desks.options import course_options, lecturer_options, term_options
from lmskit.errors import ConflictError, FileFormatError, ImportFileError, LmskitError
from lmskit.forms.background_work import Task
from lmskit.forms.import_file import FileLook, RosterImportOptions
from lmskit.forms.roster_import import RosterImport
from lmskit.importers import plain_csv
from lmskit.importers.advice import refusal_in_form, refused_in_form, report_in_form
from lmskit.importers.cartridge.package import Cartridge, CartridgeFormat
from lmskit.importers.column_mapping import MAPPED_FIELDS, table_columns
from lmskit.importers.described_course import ChosenWeek
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.importers.record import Source
from lmskit.importers.registry import FORMATS, AnyFormat, detected, format_named
from lmskit.importers.report import ImportReport
from lmskit.importers.source_key import source_key
from lmskit.materials.chosen_store import store_of
from lmskit.queries.import_run import import_runs
from lmskit.queries.material_vectors import lacks_vectors
from lmskit.readable import minute
from lmskit.schemas.file_import import ImportFile
from lmskit.services.file_import import ImportOptions, import_opened
from lmskit.services.import_choices import remember_choices, remembered_choices
from lmskit.services.mastery import refresh
from lmskit.services.permission import require_administrator


def roster_import_desk(course: str = "", *, begin: Opener = transaction, read: Opener = snapshot) -> RosterImport:
    """Return the form; it begins with `course`, or with no course. An import and the refresh of mastery after it are one transaction."""
    with read() as session:
        require_administrator(session)
        known_courses, known_terms, known_lecturers = course_options(session), term_options(session), lecturer_options(session)
        last = _last_import(session)

    def preview_file(task: Task, request: ImportFile) -> ImportReport:
        def work() -> ImportReport:
            source = open_source(request)
            with begin() as session, task.interruptible(interrupter(session)):
                return _import(session, source, request, task, dry_run=True)

        with refused_in_form():
            return report_in_form(retried(work, lock_attempts=PATIENT))

    def import_previewed(task: Task, request: ImportFile, preview: ImportReport) -> tuple[ImportReport, str]:
        def work() -> tuple[ImportReport, str]:
            source = open_source(request)
            if source.sha256 != preview.sha256:
                raise ConflictError(f"{source.name} has changed since the preview. Nothing was imported; preview it again.")
            with begin() as session, task.interruptible(interrupter(session)):
                report = _import(session, source, request, task, dry_run=False)
                if key := source_key(Path(request.path)):
                    remember_choices(session, key, reading_of(request))
                sentences = []
                if report.touched:
                    done = refresh(session, touched=report.touched, progress=task.report)
                    sentences = [done.sentence(), *done.skipped_sentences]
                if report.course is not None and isinstance(source, Cartridge) and lacks_vectors(session, report.course.code):
                    sentences.append(BY_WORDS)
                if request.notify:
                    sentences.append("Messages wait in the outbox. To send them, open admin/outbox.")
            return report_in_form(report), " ".join(sentences)

        with refused_in_form():
            return retried(work, lock_attempts=PATIENT)

    return RosterImport(
        options=RosterImportOptions(
            formats=[(found.title, found.name) for found in FORMATS if isinstance(found, Format | CartridgeFormat)],
            courses=known_courses,
            lecturers=known_lecturers,
            terms=known_terms,
        ),
        look=lambda request: _look_with_memory(request, read),
        on_preview=preview_file,
        on_import=import_previewed,
        last=last,
        course=course,
    )


def _last_import(session: Session) -> str:
    """What was imported last, by anyone: it may have gone on after the page with its form was closed. Empty if nothing was."""
    newest = import_runs(session, limit=1)
    for run in newest.to_dict("records"):
        when, by = minute(run["started_at"]), run["actor"]
        counts = f"{run['added']:,} added, {run['changed']:,} changed, {run['unchanged']:,} unchanged, {run['rejected']:,} rejected"
        what = f"took import {run['undoes']} back" if pd.notna(run["undoes"]) else run["name"]
        return f"Last import: {what}, {when}, by {by}, {run['status']}: {counts}. All imports are in admin/taking_back."
    return ""


def look_at(request: ImportFile) -> FileLook:
    """What the file of a request is, in a sentence such as "grades.csv: Canvas gradebook; choose its course.", and its columns."""
    path, reading = Path(request.path), reading_of(request)
    columns = table_columns(path, reading)
    try:
        format_ = _format_of(request)
    except LmskitError as error:
        if columns is None or (isinstance(error, FileFormatError) and not error.is_mappable):
            return FileLook(refusal_in_form(error), is_refused=True)
        fields = MAPPED_FIELDS[plain_csv.FORMAT.name]
        sentence = f"{refusal_in_form(error)} Or choose the columns of a plain table below."
        return FileLook(sentence, is_refused=True, columns=columns, fields=fields)
    try:
        found = _importable(format_, path)
    except LmskitError as error:  # recognised as something else, so there is nothing to map
        return FileLook(refusal_in_form(error), is_refused=True)
    course = "; choose its course" if found.needs_course else "; it describes its course" if found.describes_course else ""
    what = f"{path.name}: {found.title}{course}."
    return FileLook(what, columns=columns, fields=MAPPED_FIELDS.get(found.name, ()), describes_course=found.describes_course)


def _look_with_memory(request: ImportFile, read: Opener) -> FileLook:
    found, key = look_at(request), source_key(Path(request.path))
    if key is None:
        return found
    with read() as session:
        return replace(found, source_key=key, remembered=remembered_choices(session, key))


def reading_of(request: ImportFile) -> ReadOptions:
    """How the file of a request is to be read."""
    return ReadOptions(
        delimiter=request.delimiter,
        decimal_mark=request.decimal_mark,
        columns=request.columns,
        title=request.title,
        max_scores=request.max_scores,
        time_zone=request.time_zone,
        day_order=request.day_order,
        source=request.source,
        all_students=request.all_students,
        sections={number: None if week is None else ChosenWeek(week.number, week.topic) for number, week in request.sections.items()},
    )


def _format_of(request: ImportFile) -> AnyFormat:
    return detected(Path(request.path), reading_of(request)) if request.format is None else format_named(request.format)


def open_source(request: ImportFile) -> Source | Cartridge:
    """Open the file of a request.

    Raises
    ------
    ImportFileError
        The file cannot be read, or its format is unknown.
    """
    path = Path(request.path)
    return _importable(_format_of(request), path).open(path, reading_of(request))


def _importable(found: AnyFormat, path: Path) -> Format | CartridgeFormat:
    if isinstance(found, BankFormat):
        raise ImportFileError(f"{path.name} holds questions for a quiz ({found.title}). Import it with admin/quiz_setup.")
    if not isinstance(found, Format | CartridgeFormat):
        command = f"lmskit import {found.name} {path}{' --course CODE' if found.needs_course else ''}"
        raise ImportFileError(f"{path.name} is in the format {found.title}, which the form does not import. A command does: {command}")
    return found


def _import(session: Session, source: Source | Cartridge, request: ImportFile, task: Task, *, dry_run: bool) -> ImportReport:
    options = ImportOptions(
        course=request.course,
        lecturer=request.lecturer,
        term=request.term,
        module=request.module,
        week=request.week,
        weeks=request.weeks,
        without_week=request.without_week,
        rename=request.rename,
        new_quizzes=request.new_quizzes,
        same_quizzes=request.same_quizzes,
        notify=request.notify,
        withdraw_missing=request.withdraw_missing,
        withdraw_at_most=request.withdraw_at_most,
        remove_missing=request.remove_missing,
        remove_at_most=request.remove_at_most,
        dry_run=dry_run,
    )
    store = store_of(access().settings) if isinstance(source, Cartridge) else None
    return import_opened(session, source, options, store=store, progress=task.report)
