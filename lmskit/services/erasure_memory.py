"""The memory of erasures outside the database, for the day a backup from before them is restored: numbers, and no name.

It is kept beside the backups too: the table `erasures` of an older backup does not know the erasures after it. An erasure that is about to
be committed is noted as begun: whether it was, the database knows, and nobody does if that is lost. So it is said, and not replayed.
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
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(str(path), error.strerror or "it cannot be opened") from error
    return memory_in(content, name=str(path))


def read_begun(path: Path) -> set[Remembered]:
    """Those whose erasure the file has as begun; nobody where there is no file.

    Raises
    ------
    InputError
        As for `read_memory`.
    """
    return begun_in(path.read_bytes(), name=str(path)) if path.exists() else set()


def memory_in(content: bytes, *, name: str) -> set[Remembered]:
    """Everybody whom the content of such a file remembers; `name` names it in the error.

    Raises
    ------
    InputError
        It is not what `memory_text` makes.
    """
    return _listed(content, "erasures", name)


def begun_in(content: bytes, *, name: str) -> set[Remembered]:
    """Those whose erasure the content of such a file has as begun.

    Raises
    ------
    InputError
        As for `memory_in`.
    """
    return _listed(content, "begun", name)


def _listed(content: bytes, key: str, name: str) -> set[Remembered]:
    try:
        document = json.loads(content)
        entries = document["erasures"] if key == "erasures" else document.get(key, [])
        remembered = {Remembered(int(entry["person_id"]), str(entry["fingerprint"])) for entry in entries}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(name, "it does not list erasures") from error
    if any(_FINGERPRINT.fullmatch(person.fingerprint) is None for person in remembered):
        raise _unreadable(name, "a fingerprint in it is not one")
    return remembered


def memory_text(remembered: Iterable[Remembered], begun: Iterable[Remembered] = ()) -> str:
    """The content of a file that remembers everybody, and those whose erasure was begun and has not ended."""
    erased, still = set(remembered), set(begun)
    document = {"erasures": [person._asdict() for person in sorted(erased)]}
    if still - erased:
        document["begun"] = [person._asdict() for person in sorted(still - erased)]
    return json.dumps(document, indent=1) + "\n"


def write_memory(path: Path, remembered: Iterable[Remembered], *, begun: Iterable[Remembered] = ()) -> int:
    """Write everybody to the file, together with those whom it remembers already; return how many that are.

    Raises
    ------
    InputError
        There is another file of this name.
    OSError
        The file cannot be written.
    """
    everybody = set(remembered) | (read_memory(path) if path.exists() else set())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, memory_text(everybody, set(begun) | read_begun(path)))
    return len(everybody)


def _unreadable(name: str, reason: str) -> InputError:
    return InputError(
        f"{name} cannot be read: {reason}. It should remember who was erased. Use a copy of it, or move it away and write a new one, which "
        "knows those whom the database remembers: lmskit person erased --to FILE"
    )
