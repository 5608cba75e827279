"""Files of materials that no material has any more: removed from the store after the transaction in which that became so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.db import access
from lmskit.errors import LockedError
from lmskit.materials.chosen_store import store_of
from lmskit.services.material import sweep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmskit.db import Opener


def sweep_released(begin: Opener, names: Iterable[str]) -> str:
    """Remove these files from the store unless a material has them; a sentence if that has to wait."""
    if names := list(names):
        try:
            with begin() as session:
                sweep(session, store_of(access().settings), names)
        except LockedError as error:
            return f"Files of what was replaced or removed are still in the store: {error}"
    return ""
