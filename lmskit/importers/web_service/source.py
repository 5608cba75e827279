"""What was read of a live course, as the source of an import: what all systems have in common."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import Cells
from lmskit.importers.row_warnings import RowWarnings

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from lmskit.importers.record import PersonKey

NO_PERSON = "is of a person who is not in the course's list of people"


class SyncedCourse:
    """A part of a live course; see `lmskit.importers.record.Source`.

    Parameters
    ----------
    name
        Of course and system, as in the list of imports.
    about
        The first note.
    lacking
        Why it is not certain that all people of the course were read; None if it is.
    content
        What was read, from which the check sum is made.
    parts
        The parts that are counted.
    """

    format: ClassVar[str]
    system: ClassVar[str]
    may_lack_a_course = False

    def __init__(self, name: str, about: str, lacking: str | None, content: object, parts: Sequence[str]) -> None:
        self.name, self.about, self.lacking = name, about, lacking
        self.is_partial = lacking is not None
        self.sha256 = hashlib.sha256(repr(content).encode()).hexdigest()
        self.warnings = RowWarnings()
        self._part_names = parts
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before records are given out again."""
        self.warnings.clear()
        self.cells = PersonCells(self.warnings)
        self.part = {name: Cells(name) for name in self._part_names}
        self.keys: dict[Hashable, PersonKey] = {}
        """The people that were given out, by their number in the system."""
        self.counts: Counter[str] = Counter()
        """What notes count."""

    @property
    def parts(self) -> Sequence[Cells]:
        """The parts that are counted."""
        return list(self.part.values())

    @property
    def notes(self) -> list[str]:
        """Notes on what was read."""
        return [
            f"{self.name}: {self.about}",
            *([f"{self.lacking}: nobody is taken for missing."] if self.lacking else []),
            *(f"{subject}: {count:,}." for subject, count in self.counts.items() if count),
            *self.warnings.notes,
        ]
