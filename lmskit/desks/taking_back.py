"""Taking imports back and deleting what was made by mistake, wired to the database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.db import PATIENT, Opener, retried, snapshot, transaction
from lmskit.db.transaction import interrupter
from lmskit.desks.options import course_options, term_options
from lmskit.desks.released_files import sweep_released
from lmskit.forms.deletion import DeletionForm, DeletionShown
from lmskit.forms.import_undo import ImportShown, PastImports, UndoShown
from lmskit.forms.taking_back import TakingBackScreen
from lmskit.listings import WRITTEN_ROWS
from lmskit.queries.import_run import count_import_runs, import_run, import_runs, undone_by, written_rows
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.personal_data import person_id_of
from lmskit.queries.question_bank import question_banks
from lmskit.queries.quiz import quizzes
from lmskit.readable import minute
from lmskit.rounding import count_text
from lmskit.schemas.deletion import Deletable, DeleteRequest
from lmskit.services.deletion import delete_attempt, delete_course, delete_person, delete_quiz, delete_term
from lmskit.services.import_undo import UndoReport, undo_import
from lmskit.services.mastery import refresh
from lmskit.services.permission import require_administrator
from lmskit.services.question_bank import forget_bank

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.forms.background_work import Task
    from lmskit.services.deletion_counts import Deletion, Going

MOST_NAMES = 20
"""Rows of one kind and reason that the table names."""


def taking_back_desk(run: int | None = None, *, begin: Opener = transaction, read: Opener = snapshot) -> TakingBackScreen:
    """Return the screen; it begins with the import of this number."""
    with read() as session:
        require_administrator(session)

    def page(*, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            return import_runs(session, limit=limit, offset=offset), count_import_runs(session)

    def show(number: int) -> ImportShown:
        with read() as session:
            return _shown(session, number)

    def rehearse(task: Task, number: int) -> UndoShown:
        return _undone(begin, task, number, dry_run=True)

    def undo(task: Task, number: int) -> UndoShown:
        return _undone(begin, task, number, dry_run=False)

    return TakingBackScreen(
        PastImports(read=page, on_show=show, on_rehearse=rehearse, on_undo=undo, run=run), _deletion_form(begin=begin, read=read)
    )


def _deletion_form(*, begin: Opener, read: Opener) -> DeletionForm:
    def options() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        with read() as session:
            return course_options(session), term_options(session)

    def quiz_options(course: str) -> list[tuple[str, int]]:
        with read() as session:
            found = quizzes(session, course, limit=MAX_PAGE)
        return [(f"{title} · {number}", int(number)) for title, number in zip(found["title"], found["quiz_id"], strict=True)]

    def bank_options(course: str) -> list[tuple[str, str]]:
        with read() as session:
            found = question_banks(session, course, limit=MAX_PAGE)
        return [(f"{name} · {count_text(n, 'question')}", name) for name, n in zip(found["bank"], found["n_questions"], strict=True)]

    def plan_deletion(request: DeleteRequest) -> DeletionShown:
        with begin() as session:
            planned = _deleted(session, request, dry_run=True)
        return DeletionShown(planned.sentence, planned.n_going, planned.going)

    def delete(request: DeleteRequest, shown: DeletionShown) -> DeletionShown:
        def work() -> Deletion:
            with begin() as session:
                return _deleted(session, request, shown=shown.going)

        done = retried(work, idempotent=False)
        return DeletionShown(f"Deleted: {done.what}.{f' {done.sentence}' if done.going else ''}", done.n_going, done.going)

    return DeletionForm(
        read_options=options, read_quizzes=quiz_options, read_banks=bank_options, on_rehearse=plan_deletion, on_delete=delete
    )


def _shown(session: Session, number: int) -> ImportShown:
    found = import_run(session, number)
    taken_back = undone_by(session, found)
    began = minute(found.started_at)
    counts = f"{found.added:,} added + {found.changed:,} changed + {found.unchanged:,} unchanged + {found.rejected:,} rejected"
    sentences = [f"Import {found.id}: {found.name} ({found.format}), {began}, {found.status.value}. Rows: {found.rows_in:,} = {counts}."]
    if found.audit_from is None:
        sentences.append("What it wrote is not known: it ran before lmskit recorded that, or has written nothing.")
    if taken_back:
        sentences.append(f"Taken back, wholly or in part, by: {', '.join(map(str, taken_back))}.")
    return ImportShown(" ".join(sentences), WRITTEN_ROWS.shown(written_rows(session, found)))


def _undone(begin: Opener, task: Task, number: int, *, dry_run: bool) -> UndoShown:
    """Undo and refresh mastery in one transaction."""
    released: tuple[str, ...] = ()

    def work() -> UndoShown:
        nonlocal released
        warnings: tuple[str, ...] = ()
        with begin() as session, task.interruptible(interrupter(session)):
            report = undo_import(session, number, dry_run=dry_run, progress=task.report)
            released = report.released
            if report.touched and not dry_run:
                warnings = tuple(refresh(session, touched=report.touched, progress=task.report).skipped_sentences)
        return UndoShown(_sentence(report), report.n_taken_back, three_lists(report), warnings)

    undone = retried(work, lock_attempts=PATIENT)
    waiting = sweep_released(begin, released)
    return replace(undone, warnings=(*undone.warnings, waiting)) if waiting else undone


def _sentence(report: UndoReport) -> str:
    if report.undone_by is not None:
        number = count_text(report.n_taken_back, "row")
        return f"Import {report.run} was taken back by run {report.undone_by}: {number}. {report.rest}".rstrip()
    if not report.n_taken_back:
        return f"{report.nothing} {report.rest}".rstrip()
    would = f"Taking import {report.run} ({report.name}) back would remove or put back {count_text(report.n_taken_back, 'row')}."
    return f"Nothing was changed. {would} {report.rest}".rstrip()


def three_lists(report: UndoReport) -> pd.DataFrame:
    """What is taken back, what stays because it was changed since, and what cannot be taken back and why, as one table."""
    rows = [
        {"What": "taken back", "Rows": count, "Kind": each.kind, "Why": why, "Which": ""}
        for each in report.taken_back
        for count, why in ((each.removed, "added by the import: removed"), (each.put_back, "changed by the import: put back"))
        if count
    ]
    for what, untouched in (("kept", report.kept), ("not possible", report.impossible)):
        for left in untouched:
            more = f"; and {left.n_rows - MOST_NAMES:,} more" if left.n_rows > MOST_NAMES and left.names else ""
            which = "; ".join(left.names[:MOST_NAMES]) + more
            rows.append({"What": what, "Rows": left.n_rows, "Kind": left.kind, "Why": str(left.why), "Which": which})
    return pd.DataFrame(rows, columns=["What", "Rows", "Kind", "Why", "Which"])


def _deleted(session: Session, request: DeleteRequest, *, dry_run: bool = False, shown: Going | None = None) -> Deletion:
    match request.what:
        case Deletable.QUIZ:
            return delete_quiz(session, request.course or "", str(request.quiz), dry_run=dry_run, shown=shown)
        case Deletable.QUESTION_BANK:
            return forget_bank(session, request.course or "", request.bank or "", dry_run=dry_run, shown=shown)
        case Deletable.ATTEMPT:
            return delete_attempt(session, request.attempt or 0, dry_run=dry_run)
        case Deletable.COURSE:
            return delete_course(session, request.course or "", dry_run=dry_run, shown=shown)
        case Deletable.TERM:
            return delete_term(session, request.term or "", dry_run=dry_run, shown=shown)
        case Deletable.PERSON:
            return delete_person(session, person_id_of(session, request.person or ""), dry_run=dry_run, shown=shown)
