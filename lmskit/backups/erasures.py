"""The memory of who was erased, kept beside the backups: an older backup knows nothing of the erasures after it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lmskit.backups.repository import file_part, repository_of
from lmskit.errors import BackupError
from lmskit.queries.erasure import Remembered
from lmskit.services.erasure_memory import FILE, memory_in, memory_text, read_memory, write_memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmskit.backups.repository import BackupRepository
    from lmskit.settings import Settings


def beside(repository: BackupRepository, database: str) -> set[Remembered]:
    """Return those of a database whom the file beside its backups remembers.

    Raises
    ------
    BackupError
        The folder or bucket cannot be used.
    InputError
        The file is damaged.
    """
    name = _file(database)
    content = repository.beside(name)
    return set() if content is None else memory_in(content, name=f"{repository.address}/{name}")


def keep_beside(repository: BackupRepository, database: str, remembered: Iterable[Remembered]) -> None:
    """Let the file beside the backups of a database remember these too; nothing is written where it does already.

    Raises
    ------
    BackupError, InputError
        As for `beside`.
    """
    before = beside(repository, database)
    everybody = before | set(remembered)
    if everybody != before:
        repository.keep_beside(_file(database), memory_text(everybody).encode())


def remember(settings: Settings, database: str, remembered: Iterable[Remembered]) -> None:
    """Remember these outside the database: in the home and, where there are backups within reach, beside them.

    Raises
    ------
    InputError
        A file that remembers is damaged.
    """
    everybody = set(remembered)
    write_memory(settings.home / FILE, everybody)
    # Where none can be reached, the next backup writes it down.
    with suppress(BackupError):
        repository = configured(settings)
        if repository.backups(file_part(database)):
            keep_beside(repository, database, everybody)


def remembered_outside(settings: Settings, database: str) -> set[Remembered]:
    """Return everybody who is remembered in the home, or beside the backups if these can be reached.

    Raises
    ------
    InputError
        A file that remembers is damaged.
    """
    file = settings.home / FILE
    found = read_memory(file) if file.exists() else set()
    with suppress(BackupError):
        found |= beside(configured(settings), database)
    return found


def configured(settings: Settings) -> BackupRepository:
    """Return the repository of the settings."""
    return repository_of(settings.backups, default=settings.home / "backups")


def _file(database: str) -> str:
    return f"{file_part(database)}-{FILE}"
