"""Import whatever a path holds: each kind of format has its own way into the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import InputError
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.progress import Progress, silent
from lmskit.services.file_import.writer import import_file
from lmskit.services.oulad import import_oulad
from lmskit.services.question_bank import import_bank

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lmskit.importers.registry import AnyFormat
    from lmskit.importers.report import ImportReport


def import_path(
    session: Session,
    path: Path,
    format_: AnyFormat,
    *,
    options: ReadOptions | None = None,
    course: str | None = None,
    lecturer: str | None = None,
    term: str | None = None,
    week: int | None = None,
    notify: bool = False,
    withdraw_missing: bool = False,
    dry_run: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Import a file, folder or archive of a format, as `import_file`, `import_bank` and `import_oulad` do.

    Raises
    ------
    InputError
        The format needs a course, and none is named.
    LmskitError
        As those functions raise them.
    """
    reading = options or ReadOptions()
    if format_.needs_course and course is None:
        raise InputError(f"{path.name} ({format_.title}) does not say which course it is about. Name the course: --course CODE")
    if isinstance(format_, Format):
        return import_file(
            session,
            format_.open(path, reading),
            course=course,
            lecturer=lecturer,
            term=term,
            week=week,
            notify=notify,
            withdraw_missing=withdraw_missing,
            dry_run=dry_run,
            progress=progress,
        )
    if isinstance(format_, BankFormat):
        bank = format_.open(path, reading)
        return import_bank(session, bank, course=course or "", week=week, title=reading.title, dry_run=dry_run)
    return import_oulad(session, path, dry_run=dry_run, progress=progress)
