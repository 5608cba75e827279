"""The memory of who was erased, kept beside the backups: an older backup knows nothing of the erasures after it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lmskit.backups.repository import file_part, repository_of
from lmskit.errors import BackupError
from lmskit.queries.erasure import Remembered
from lmskit.services.erasure_memory import FILE, begun_in, memory_in, memory_text, read_begun, read_memory, write_memory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

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


def begun_beside(repository: BackupRepository, database: str) -> set[Remembered]:
    """Return those of a database whose erasure the file beside its backups has as begun.

    Raises
    ------
    BackupError, InputError
        As for `beside`.
    """
    name = _file(database)
    content = repository.beside(name)
    return set() if content is None else begun_in(content, name=f"{repository.address}/{name}")


def keep_beside(repository: BackupRepository, database: str, remembered: Iterable[Remembered], *, begun: Iterable[Remembered] = ()) -> None:
    """Let the file beside the backups of a database remember these too; nothing is written where it does already.

    Raises
    ------
    BackupError, InputError
        As for `beside`.
    """
    before, begun_before = beside(repository, database), begun_beside(repository, database)
    everybody = before | set(remembered)
    still = (begun_before | set(begun)) - everybody
    if (everybody, still) != (before, begun_before):
        repository.keep_beside(_file(database), memory_text(everybody, still).encode())


def begin_to_remember(settings: Settings, database: str, remembered: Iterable[Remembered], people: Collection[int]) -> None:
    """Note outside the database that it is about to remember these people, before that is committed; `remember` ends it.

    The transaction of the erasure holds up imports meanwhile, so a bucket that does not answer within seconds is not waited for.

    Raises
    ------
    InputError
        As for `remember`.
    """
    file = settings.home / FILE
    begun = {person for person in remembered if person.person_id in people} - (read_memory(file) if file.exists() else set())
    if begun:
        _remember(settings, database, (), begun, hurried=True)


def remember(settings: Settings, database: str, remembered: Iterable[Remembered]) -> None:
    """Remember these outside the database: in the home and, where there are backups within reach, beside them.

    Raises
    ------
    InputError
        A file that remembers is damaged.
    """
    _remember(settings, database, set(remembered), ())


def _remember(
    settings: Settings, database: str, remembered: Iterable[Remembered], begun: Iterable[Remembered], *, hurried: bool = False
) -> None:
    write_memory(settings.home / FILE, remembered, begun=begun)
    # Where none can be reached, the next backup writes it down.
    with suppress(BackupError):
        repository = configured(settings, hurried=hurried)
        if repository.backups(file_part(database)):
            keep_beside(repository, database, remembered, begun=begun)


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


def begun_outside(settings: Settings, database: str) -> set[Remembered]:
    """Return those whose erasure was begun, in the home or beside the backups, and of whom nothing outside the database says that it ended.

    Raises
    ------
    InputError
        A file that remembers is damaged.
    """
    found = read_begun(settings.home / FILE)
    with suppress(BackupError):
        found |= begun_beside(configured(settings), database)
    return found - remembered_outside(settings, database)


def configured(settings: Settings, *, hurried: bool = False) -> BackupRepository:
    """Return the repository of the settings."""
    return repository_of(settings.backups, default=settings.home / "backups", hurried=hurried)


def _file(database: str) -> str:
    return f"{file_part(database)}-{FILE}"
