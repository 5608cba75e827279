"""Bring a course up to date with what a learning management system says over the network: an import whose file is the system.

What the system is asked for follows from what is stored; the one thing that is remembered is up to which moment its changes are known,
beside the report of the last import of a sync. An import that is taken back takes that along.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import select

from lmskit.errors import ImportFileError
from lmskit.importers.described_course import first_site
from lmskit.importers.record import PersonKey
from lmskit.importers.web_service.known import KnownAttempt, KnownCourse
from lmskit.models import ImportRun
from lmskit.progress import silent
from lmskit.queries.course import course_by_code
from lmskit.queries.course_sync import ADDRESS, SIS, last_sync, student_ids, synced_attempts, synced_quizzes
from lmskit.queries.external_id import ids_of_course
from lmskit.services.file_import import import_file
from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.record import Source
    from lmskit.importers.report import ImportReport
    from lmskit.progress import Progress
    from lmskit.services.importing import ImportOptions

KNOWN_UNTIL = "known_until"
"""The field of `import_runs.report` with the moment up to which the system's changes are known, by its clock."""


@administrators_only("sync courses")
def known_course(session: Session, course: str, *, system: str, format_: str, name: str) -> KnownCourse:
    """Return what is stored of a course.

    Parameters
    ----------
    session
        Of an administrator.
    course
        Code of the course.
    system
        Whose ids the records of the sync have.
    format_, name
        Of the imports of the sync.

    Raises
    ------
    CourseNotFoundError
        There is no course with this code.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    number = course_by_code(session, course).id
    students = {}
    for source, identifier, student in student_ids(session, number, system):
        field = {SIS: "sis_id", ADDRESS: "email"}.get(source, "source_id")
        students[PersonKey(**{field: identifier})] = student
    attempts: defaultdict[tuple[str, int], list[KnownAttempt]] = defaultdict(list)
    for row in synced_attempts(session, number, system):
        scores = {answer["question"]: answer.get("score") for answer in row.answers if isinstance(answer, dict) and "question" in answer}
        score = None if row.score is None else float(row.score)
        attempts[row.quiz, row.student_id].append(KnownAttempt(row.number, row.started_at, row.submitted_at, score, scores))
    quizzes = list(synced_quizzes(session, number, system))
    own = {row.quiz: row.questions for row in quizzes if row.questions and not row.is_numbered}
    run = last_sync(session, format_, name)
    since = None if run is None else run.report.get(KNOWN_UNTIL)
    return KnownCourse(
        students,
        attempts,
        own,
        frozenset(row.quiz for row in quizzes),
        None if since is None else dt.datetime.fromisoformat(str(since)),
        first_site(ids_of_course(session, system, number)),
    )


def sync_course(
    session: Session,
    source: Source,
    options: ImportOptions,
    *,
    lacking: str | None,
    known_until: dt.datetime | None,
    progress: Progress = silent,
) -> ImportReport:
    """Import what was read from a system.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    source
        What was read.
    options
        What the person who syncs says.
    lacking
        Why it is not certain that all people were read.
    known_until
        The moment up to which the system's changes are known after this import; None if more is to follow.
    progress
        Receives each step.

    Raises
    ------
    ImportFileError
        Students are to be withdrawn, and not all people were read.
    LmskitError
        As `import_file` raises it.
    """
    if options.withdraw_missing and lacking is not None:
        raise ImportFileError(
            f"{lacking}, so nobody can be withdrawn; nothing was written. Sync again later, or without --withdraw-missing."
        )
    report = import_file(session, source, options, progress=progress)
    if known_until is not None and not options.dry_run:
        of_sync = select(ImportRun).where(ImportRun.format == report.format, ImportRun.name == report.name)
        run = session.scalars(of_sync.order_by(ImportRun.id.desc()).limit(1)).one()
        run.report = run.report | {KNOWN_UNTIL: known_until.isoformat()}
        session.flush()
    return report
