"""One hostile file: how it is made, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Make = Callable[[Path], Path]
"""Makes the file in an empty folder and returns its path."""

ROSTER = "id,family_name,given_name,email\n"
GRADEBOOK = "Student,ID,Section,Quiz (11)\n    Points Possible,,,10\n"


@dataclass(frozen=True)
class Refused:
    """No row is taken, for a reason that a person can act on."""

    sentence: str
    """A pattern: the file and, where the fault has one, the row."""


@dataclass(frozen=True)
class Taken:
    """Each row is taken or rejected at its place."""

    rows: int
    rejected: tuple[tuple[int, str | None, str], ...] = ()
    """Row, column and reason of each rejection."""
    names: tuple[str, ...] = ()
    """Who is in the course afterwards, as `Family, Given`."""
    scores: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences that the report has to say."""


@dataclass(frozen=True)
class Entry:
    """One file; `form` is the format that it is imported as, None: found out."""

    name: str
    make: Make
    expected: Refused | Taken
    form: str | None = None


def written(content: str | bytes | Callable[[], str | bytes], *, name: str = "file.csv", encoding: str = "utf-8") -> Make:
    """A file with this content; one that is large is made only where it is written."""

    def make(folder: Path) -> Path:
        path = folder / name
        made = content() if callable(content) else content
        path.write_bytes(made if isinstance(made, bytes) else made.encode(encoding))
        return path

    return make


def in_lines(head: str, line: Callable[[int], str], count: int, *, name: str = "file.csv") -> Make:
    """A long file, written line by line."""

    def make(folder: Path) -> Path:
        path = folder / name
        with path.open("w", encoding="utf-8") as stream:
            stream.write(head)
            stream.writelines(line(number) for number in range(count))
        return path

    return make
