"""The file of a material, for the browser of the person to save."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from lmskit.db import access
from lmskit.materials.chosen_store import store_of
from lmskit.queries.material_choices import stored_file
from lmskit.widgets import errors_shown

if TYPE_CHECKING:
    from lmskit.db import Opener
    from lmskit.widgets import Message


def file_of_material(
    open_session: Opener, material_id: int, file_name: str | None, title: str, message: Message
) -> tuple[str, bytes] | None:
    """Return name and content of the file of a material.

    Parameters
    ----------
    open_session
        Opens a session to read in; the database decides which materials the person may see.
    material_id, file_name, title
        Of the material, as it is on the screen.
    message
        Shows why there is no file; then None is returned.
    """
    with errors_shown(message):
        with open_session() as session:
            stored_as = stored_file(session, material_id)
        if stored_as is not None:
            return PurePosixPath(file_name or "file").name, store_of(access().settings).read(stored_as)
        message.bad(f"{title}: the file was removed or replaced since this list was read. Read it again.")
    return None
