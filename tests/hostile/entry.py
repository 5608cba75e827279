"""One hostile file: how it is made, and the result that its import must have."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from lmskit.models import Course
from tests import factories

Make = Callable[[Path], Path]
"""Makes the file in an empty folder and returns its path."""

ROSTER = "id,family_name,given_name,email\n"
GRADEBOOK = "Student,ID,Section,Quiz (11)\n    Points Possible,,,10\n"


@dataclass(frozen=True)
class Refused:
    """No row is imported, for a reason that a person can act on."""

    sentence: str
    """A pattern: the file and, if the fault is in a row, the row."""


@dataclass(frozen=True)
class Imported:
    """Each row is imported, or rejected with its position."""

    rows: int
    rejected: tuple[tuple[int, str | None, str], ...] = ()
    """Row, column and reason of each rejection."""
    names: tuple[str, ...] = ()
    """The students of the course afterwards, as `Family, Given`."""
    scores: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    """Notes that the report must have."""


@dataclass(frozen=True)
class Entry:
    """One file; `form` is the format as which it is imported, detected if None."""

    name: str
    make: Make
    expected: Refused | Imported
    form: str | None = None
    students: tuple[str, ...] = ()
    """People who are enrolled before it is imported, as `Family, Given`, each with the address `given@example.org`."""

    def enroll(self, session: Session, course: Course) -> None:
        """Enroll its students."""
        for name in self.students:
            family_name, _, given_name = name.partition(", ")
            address = f"{given_name.lower()}@example.org"
            student = factories.student(session, family_name=family_name, given_name=given_name, email=address)
            factories.enrollment(session, course, student)


def written(content: str | bytes | Callable[[], str | bytes], *, name: str = "file.csv", encoding: str = "utf-8") -> Make:
    """A file with this content; a large content is made only when it is written."""

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
