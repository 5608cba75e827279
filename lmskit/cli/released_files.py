"""Files of materials that no material has any more: removed from the store after the transaction in which that became so."""

from collections.abc import Sequence

from lmskit.cli.printing import print_error
from lmskit.db import access, transaction
from lmskit.errors import LockedError
from lmskit.materials.chosen_store import store_of
from lmskit.services.material import sweep


def sweep_released(names: Sequence[str]) -> None:
    """Remove these files from the store unless a material has them; say so if that has to wait."""
    if not names:
        return
    try:
        with transaction() as session:
            sweep(session, store_of(access().settings), names)
    except LockedError as error:
        print_error(f"The files of what was removed are still in the store: {error} To remove them later: lmskit material sweep")
