"""Which columns of a Moodle gradebook are grades, and of what."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.moodle.words import PERSON, places_of, plain
from lmskit.importers.report import shortened
from lmskit.importers.text_cell import one_line
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmskit.importers.csv_file import CsvFile

DISPLAYS: Mapping[str, frozenset[str]] = {
    "real": frozenset({"real", "punkte", "brut"}),
    "percentage": frozenset({"percentage", "prozentsatz", "pourcentage", "porcentaje"}),
    "letter": frozenset({"letter", "note", "lettre", "letra"}),
    "feedback": frozenset({"feedback", "rückmeldung", "retroalimentación"}),
}
"""What a column shows of a grade item, by the last word of its header."""
OPTIONAL = ("suspended", "exported")
_COLUMN = re.compile(r"(?P<item>.+?)\s*\((?P<display>[^()]{1,30})\)\s*", re.DOTALL)
_QUIZ = re.compile(r"\s*(?:Quiz|Test|Cuestionario)\s*:\s*(?=\S)")
_MODULE = re.compile(r"\s*[^\W\d_][^:]{0,40}:")
_TOTAL = re.compile(r"(?:total|summe für|suma)\b.*|.*\b(?:total|gesamt)", re.IGNORECASE | re.DOTALL)


@dataclass
class GradeItem:
    """Something that is graded, and where its columns stand."""

    header: str
    """The item's part of its columns' headers."""
    title: str
    places: dict[str, int] = field(default_factory=dict)
    """By what they show: keys of `DISPLAYS`."""

    @property
    def is_total(self) -> bool:
        """Whether Moodle computed it from other items; an activity's name never makes it one."""
        return not _MODULE.match(self.header) and bool(_TOTAL.fullmatch(self.header.strip()))

    @property
    def grades(self) -> int | None:
        """The column of its grades: those that show points, else percentages."""
        return self.places.get("real", self.places.get("percentage"))

    @property
    def shows_points(self) -> bool:
        """Whether that column shows points."""
        return "real" in self.places


@dataclass(frozen=True)
class GradebookLayout:
    """Where everything stands in a gradebook."""

    places: Mapping[str, int]
    items: tuple[GradeItem, ...]
    """Those that are imported."""
    totals: tuple[GradeItem, ...]
    repeated: frozenset[str]
    """Titles of several items, which cannot be told apart."""
    exported: int | None
    """The column with the time of export."""

    @property
    def used(self) -> set[int]:
        """The columns that are read."""
        used = {place for known_as, place in self.places.items() if known_as not in OPTIONAL}
        used |= {place for place in (self.places.get("suspended"), self.exported) if place is not None}
        for item in self.items:
            used |= {place for display, place in item.places.items() if display in {"real", "percentage", "feedback"}}
        return used


def layout_of(file: CsvFile, said: Mapping[str, str]) -> GradebookLayout:
    """Read the header.

    Raises
    ------
    ImportFileError
        It has no column of grades.
    """
    places = places_of(file.name, file.header, (*PERSON, *OPTIONAL), said)
    items = _items(file.header, set(places.values()))
    graded = [item for item in items if item.grades is not None]
    if not graded:
        raise ImportFileError(
            f"{file.name} has no column of grades such as 'Quiz: Week 1 (Real)'; it has {', '.join(map(shortened, file.header[:20]))}. "
            "Export the gradebook from Moodle as a plain text file, with the grade display type real."
        )
    imported = tuple(item for item in graded if not item.is_total)
    last = len(file.header) - 1
    taken = {*places.values(), *(place for item in items for place in item.places.values())}
    exported = places.get("exported", None if last in taken else last)
    titles = Counter(item.title for item in imported)
    repeated = frozenset(title for title, times in titles.items() if times > 1)
    return GradebookLayout(places, imported, tuple(item for item in graded if item.is_total), repeated, exported)


def _items(header: Sequence[str], taken: set[int]) -> list[GradeItem]:
    """The grade items in the order of their columns; an item whose column of one kind comes again is another of the same name."""
    items: list[GradeItem] = []
    for place, column in enumerate(header):
        found = None if place in taken else _COLUMN.fullmatch(column)
        display = found and next((each for each, words in DISPLAYS.items() if plain(found["display"]) in words), None)
        if not found or not display:
            continue
        if not items or items[-1].header != found["item"] or display in items[-1].places:
            items.append(GradeItem(found["item"], title_of(found["item"])))
        items[-1].places[display] = place
    return items


def title_of(item: str) -> str:
    """Return a quiz's title without the word that Moodle puts before it; other activities keep theirs.

    Examples
    --------
    >>> title_of("Quiz: Week 1"), title_of("Cuestionario:Semana 1"), title_of("Assignment: Essay")
    ('Week 1', 'Semana 1', 'Assignment: Essay')
    """
    quiz = _QUIZ.match(item)
    return one_line(item[quiz.end() :] if quiz else item)[:LONGEST_TITLE].strip() or "Grade item"
