"""Import a path of any format: each kind of format has its own writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import InputError
from lmskit.importers import advice
from lmskit.importers.activity import ActivityFormat
from lmskit.importers.cartridge.package import Cartridge, CartridgeFormat
from lmskit.importers.formats import Format
from lmskit.importers.question_banks.bank import BankFormat
from lmskit.progress import silent
from lmskit.services.activity_import.writer import import_activity
from lmskit.services.file_import.cartridge import import_cartridge
from lmskit.services.file_import.writer import import_file
from lmskit.services.importing import ImportOptions
from lmskit.services.oulad import import_oulad
from lmskit.services.question_bank import import_bank

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lmskit.importers.record import Source
    from lmskit.importers.registry import AnyFormat
    from lmskit.importers.report import ImportReport
    from lmskit.materials.store import MaterialStore
    from lmskit.progress import Progress


def import_path(
    session: Session,
    path: Path,
    format_: AnyFormat,
    options: ImportOptions | None = None,
    *,
    store: MaterialStore | None = None,
    progress: Progress = silent,
) -> ImportReport:
    """Import a file, folder or archive of a format, as the function of its kind does, such as `import_file`.

    `store` is for the materials of a cartridge.

    Raises
    ------
    InputError
        The format needs a course, and none is given.
    LmskitError
        As those functions raise them.
    """
    options = options or ImportOptions()
    if format_.needs_course and options.course is None:
        raise InputError(f"{path.name} ({format_.title}) does not say which course it is about. {advice.COURSE}")
    if isinstance(format_, Format | CartridgeFormat):
        return import_opened(session, format_.open(path, options.reading), options, store=store, progress=progress)
    if isinstance(format_, BankFormat):
        return import_bank(session, format_.open(path, options.reading), options)
    if isinstance(format_, ActivityFormat):
        return import_activity(session, format_.open(path, options.reading), options, progress=progress)
    return import_oulad(session, path, options, progress=progress)


def import_opened(
    session: Session,
    opened: Source | Cartridge,
    options: ImportOptions,
    *,
    store: MaterialStore | None = None,
    progress: Progress = silent,
) -> ImportReport:
    """Import opened files, as `import_file` and `import_cartridge` do."""
    if isinstance(opened, Cartridge):
        return import_cartridge(session, opened, options, store=store, progress=progress)
    return import_file(session, opened, options, progress=progress)
