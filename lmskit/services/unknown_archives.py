"""Archives in the folders and buckets of archives that no row of the database names, such as after an older backup was restored.

No erasure reaches them. They may also be of another database that keeps its archives in the same folder, so nothing removes them by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.archives.store import ArchiveStore, name_of, store_of, store_with
from lmskit.errors import ArchiveError
from lmskit.queries.archive import archive_locations
from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lmskit.db import Opener


@dataclass(frozen=True, slots=True)
class UnknownArchives:
    """Where archives are that the database does not know.

    Attributes
    ----------
    locations
        Folders and addresses.
    unread
        Sentences about folders and buckets that could not be looked into.
    """

    locations: tuple[str, ...]
    unread: tuple[str, ...] = ()


def unknown_archives(read: Opener, work: Path, within: ArchiveStore | None = None) -> UnknownArchives:
    """Look into lmskit's own folder of archives, `work`, and wherever the database has archives, or into one store alone, `within`.

    Raises
    ------
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with read() as session, administrators_only("see the files of archives"):
        known = archive_locations(session)
    found, unread = list[str](), list[str]()
    for store in stores_of(known, work) if within is None else [within]:
        try:
            found += store.found()
        except ArchiveError as error:
            unread.append(str(error))
    # An archive is noted before it gets its name: one that was made meanwhile is known by now.
    with read() as session:
        known = archive_locations(session)
    return UnknownArchives(tuple(unknown_among(found, known)), tuple(unread))


def unknown_among(found: Iterable[str], known: Iterable[str]) -> list[str]:
    """Those of the locations that have the name of none of the known archives: a folder may have been moved, or be reached another way."""
    names = {name_of(location) for location in known}
    return [location for location in found if name_of(location) not in names]


def stores_of(known: Iterable[str], work: Path) -> list[ArchiveStore]:
    """The folders and buckets that have archives, each once; lmskit's own folder is among them."""
    stores = {store.address: store for store in (store_of(str(work), default=work), *(store_with(at, work=work) for at in known))}
    return list(stores.values())


def remove_unknown_archives(read: Opener, work: Path, locations: Iterable[str], within: ArchiveStore | None = None) -> int:
    """Remove those of the archives found by `unknown_archives` that the database still does not know, and return how many.

    Raises
    ------
    ArchiveError
        A folder or bucket cannot be used, or has other files than those of an archive.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    still = set(unknown_archives(read, work, within).locations)
    removed = 0
    for location in locations:
        if location in still:
            store_with(location, work=work).remove(location)
            removed += 1
    return removed
