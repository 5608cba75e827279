"""The store of materials as a whole: sweep it, and compare it with the database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.errors import MaterialStoreError, StoredFileError
from lmskit.queries.finding import note, well, wrong
from lmskit.queries.material_file import count_stored, sees_all_files, some_stored, unneeded_files
from lmskit.rounding import count_text
from lmskit.services.material import sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.db import Opener
    from lmskit.materials.store import MaterialStore
    from lmskit.queries.finding import Finding

_SWEPT_AT_ONCE = 100
"""Files between two commits of a sweep."""
_LOOKED_AT = 200
"""Files that are looked for one by one where the store cannot be listed."""
_NAMED = 5
"""Materials that a finding names."""


@dataclass(frozen=True)
class SweptStore:
    """What a sweep of a whole store did.

    Attributes
    ----------
    looked_at
        Files that were in the store.
    files
        Those that no material had, which are removed.
    rows
        Files that the database still knew, which no material had and which were not in the store.
    """

    looked_at: int
    files: int
    rows: int


def sweep_all(opener: Opener, store: MaterialStore) -> SweptStore:
    """Remove all files from the store that no material of any course has; an administrator forgets those that are not in it, too.

    Raises
    ------
    MaterialStoreError
        The store cannot be used, or not be listed by this account.
    """
    names = list(store.names())
    with opener() as session:
        without_file = sorted(set(unneeded_files(session)) - set(names))
    files = rows = 0
    for some in _some(names):
        with opener() as session:
            files += sweep(session, store, some)
    for some in _some(without_file):
        with opener() as session:
            rows += sum(_forget(session, store, name) for name in some)
    return SweptStore(len(names), files, rows)


def _some(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _SWEPT_AT_ONCE] for start in range(0, len(names), _SWEPT_AT_ONCE))


def _forget(session: Session, store: MaterialStore, name: str) -> bool:
    released = bool(session.scalar(select(func.lms.release_material_file(name))))
    if released:
        store.remove(name)  # it may have been written since the store was listed
    return released


def store_findings(opener: Opener, store: MaterialStore) -> Iterator[Finding]:
    """Check that the store can be used, and that it has the files of the materials that the person may see.

    Where this account may list the store, all files are compared; otherwise some are looked for, chosen at random. No transaction is open
    while the store is asked, which may not answer for a while; what is added or removed meanwhile is not missing.
    """
    try:
        store.remove(store.add(b"lmskit doctor " + os.urandom(16)))
        yield well("store of materials", f"This account can write to {store.address}.")
    except (MaterialStoreError, StoredFileError) as error:
        yield wrong("store of materials", str(error))
        return
    try:
        listed = set(store.names())
    except MaterialStoreError:
        yield from _looked_for(opener, store)
        return
    with opener() as session:
        needed, sees_all = some_stored(session), sees_all_files(session)
    missing = _lacking(opener, store, {name: material for name, material in needed.items() if name not in listed})
    yield _missing(missing, len(needed), f"All {len(needed):,} files of materials")
    if sees_all:
        left = len(listed - needed.keys())
        if left:
            yield note(
                "store of materials, swept",
                f"{count_text(left, 'file')} in the store {'belongs' if left == 1 else 'belong'} to no material, as after a crash or the "
                "deletion of a course, unless they are just being added. To remove what no material needs: lmskit material sweep",
            )


def _lacking(opener: Opener, store: MaterialStore, needed: Mapping[str, int]) -> dict[str, int]:
    """Those of these files, each with a material, that the store lacks and that a material needs now."""
    lacking = {name: material for name, material in needed.items() if not store.has(name)}
    if not lacking:
        return {}
    with opener() as session:
        return some_stored(session, names=lacking)


def _looked_for(opener: Opener, store: MaterialStore) -> Iterator[Finding]:
    with opener() as session:
        total, needed = count_stored(session), some_stored(session, limit=_LOOKED_AT)
    missing = _lacking(opener, store, needed)
    yield _missing(missing, len(needed), f"{len(needed):,} of {total:,} files of materials, chosen at random,")
    yield note(
        "store of materials, unlisted",
        "This account may not list the store, so files that belong to no material were not looked for. The owner of the store can do this.",
    )


def _missing(missing: Mapping[str, int], looked_at: int, all_of_them: str) -> Finding:
    if not looked_at:
        return well("files of materials", "No material has a file yet.")
    if not missing:
        return well("files of materials", f"{all_of_them} are in the store.")
    numbers = sorted(missing.values())
    named = ", ".join(map(str, numbers[:_NAMED])) + (", …" if len(numbers) > _NAMED else "")
    return wrong(
        "files of materials",
        f"{len(missing):,} of {looked_at:,} files of materials that were looked for are not in the store, such as those of the materials "
        f"{named}. Was another store set when they were added (LMSKIT_MATERIAL_STORE)? Otherwise add them again.",
    )
