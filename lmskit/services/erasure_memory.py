"""The memory of erasures outside the database, for the day a backup from before them is restored: numbers, and no name.

It is kept beside the backups too: the table `erasures` of an older backup does not know the erasures after it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lmskit.errors import InputError
from lmskit.queries.erasure import Remembered
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE = "erasures.json"
"""The name of the file in `LMSKIT_HOME`."""
_FINGERPRINT = re.compile("[0-9a-f]{64}")


def read_memory(path: Path) -> set[Remembered]:
    """Everybody whom the file remembers.

    Raises
    ------
    InputError
        The file cannot be read, or is not one that `write_memory` wrote.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["erasures"]
        remembered = {Remembered(int(entry["person_id"]), str(entry["fingerprint"])) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it does not list erasures"
        raise InputError(f"{path} cannot be read: {reason}. Name a file that lmskit person erased --to wrote.") from error
    if any(_FINGERPRINT.fullmatch(person.fingerprint) is None for person in remembered):
        raise InputError(f"{path} cannot be read: a fingerprint in it is not one. Name a file that lmskit person erased --to wrote.")
    return remembered


def write_memory(path: Path, remembered: Iterable[Remembered]) -> int:
    """Write everybody to the file, together with those whom it remembers already; return how many that are.

    Raises
    ------
    InputError
        There is another file of this name.
    OSError
        The file cannot be written.
    """
    everybody = set(remembered) | (read_memory(path) if path.exists() else set())
    entries = [person._asdict() for person in sorted(everybody)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"erasures": entries}, indent=1) + "\n")
    return len(entries)
