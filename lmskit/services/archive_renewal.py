"""Bring the files of archives up to date after people were erased: no file keeps a row that the database no longer has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import LmskitError
from lmskit.progress import Progress, silent
from lmskit.queries.archive import with_outdated_files
from lmskit.rounding import count_text
from lmskit.services.archive import prune_archives, rewrite_archive
from lmskit.services.permission import administrators_only
from lmskit.services.unknown_archives import unknown_archives

if TYPE_CHECKING:
    from pathlib import Path

    from lmskit.db import Opener


@dataclass(frozen=True, slots=True)
class Renewal:
    """Which files of archives were written anew or removed, and which were not.

    Attributes
    ----------
    rewritten
        Codes of archived terms whose files were written anew.
    removed
        Archives whose files were removed because no term needs them.
    remains
        Sentences about files that still have rows of before.
    """

    rewritten: tuple[str, ...]
    removed: int
    remains: tuple[str, ...]


def renew_archives(write: Opener, read: Opener, work: Path, *, progress: Progress = silent) -> Renewal:
    """Write the files of archived terms anew that have what was erased, and remove such files of terms that do not need them.

    To be called after an erasure is committed; what could not be done is done by the next call. `work` is a folder of this machine for
    files on their way to or from a bucket.

    Raises
    ------
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with read() as session, administrators_only("write the files of archives anew"):
        found = with_outdated_files(session)
    rewritten, removed, remains = list[str](), 0, list[str]()
    for code, is_outdated in found.items():
        progress(f"Removing earlier files of {code}", 0, None)
        try:
            removed += prune_archives(write, code, work, outdated=True)
            if is_outdated:
                rewrite_archive(write, read, code, work, outdated=True, progress=progress)
                rewritten.append(code)
        except LmskitError as error:  # such as a term that another transaction holds: the erasure is done, and its receipt must be given
            command = f"lmskit archive {'rewrite' if is_outdated else 'prune'} {code}"
            remains.append(f"Files of the term {code} still have the rows of before. {error} Then: {command}")
    unknown = unknown_archives(read, work).locations
    if unknown:
        remains.append(
            f"{count_text(len(unknown), 'archive')} in the folders of archives, in no row of the database, such as from before a backup"
            " was restored, may have the rows of before. To see them, and to remove them: lmskit archive prune --unknown"
        )
    return Renewal(tuple(rewritten), removed, tuple(remains))
