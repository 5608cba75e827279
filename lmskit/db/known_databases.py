"""Which databases of servers this machine has migrated, so that an empty one instead of a full one is noticed.

A server whose data folder is not mounted, has another name or belongs to another major version begins with an empty cluster. Tables that
are made in it hide the loss: people work on in the wrong database, and backups of it replace the good ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

EMPTY_MEANS = (
    "Its data folder may not be mounted, may have another name, or may belong to another major version of PostgreSQL. "
    "Look at the server first, and restore the data if they are lost"
)
"""What an operator has to look at."""


class KnownDatabases:
    """The file of the databases that this machine has migrated; the embedded one is not among them.

    Parameters
    ----------
    home
        The folder `LMSKIT_HOME`.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "known-databases.json"

    def revision(self, server: str) -> str | None:
        """Return the revision to which this machine has brought the database of a server (`Server.name`), or None."""
        return self._read().get(server)

    def keep(self, server: str, revision: str | None) -> None:
        """Write down the revision of a database; None if it has no tables any more, as was asked for."""
        known = {name: found for name, found in self._read().items() if name != server}
        write_whole(self._path, json.dumps(known if revision is None else known | {server: revision}, indent=2) + "\n")

    def _read(self) -> dict[str, str]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {str(name): str(revision) for name, revision in found.items()} if isinstance(found, dict) else {}
