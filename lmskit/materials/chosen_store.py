"""Which store of materials a process uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lmskit.materials.object_store import ObjectStore
from lmskit.materials.store import FolderStore

if TYPE_CHECKING:
    from lmskit.materials.store import MaterialStore
    from lmskit.settings import Settings


def store_of(settings: Settings) -> MaterialStore:
    """Return the store that the settings name.

    Raises
    ------
    MaterialStoreError
        It is of a kind that lmskit does not use, names no bucket, or needs a package that is not installed.
    """
    address = settings.material_store
    if "://" in address:
        return ObjectStore(address)
    return FolderStore(Path(address), make=Path(address) == settings.home / "materials")
