"""Which columns of a Canvas gradebook are assignments, which are totals, and what the rows above the students say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.person import unescaped
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.report import shortened
from lmskit.importers.text_cell import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ASSIGNMENT = re.compile(r"(?P<title>.*) \((?P<id>[0-9]{1,20})\)\s*", re.DOTALL)
TOTALS = (
    "Current Points",
    "Final Points",
    "Current Score",
    "Unposted Current Score",
    "Final Score",
    "Unposted Final Score",
)
READ_ONLY = re.compile(
    r"(.* )?(Current Points|Final Points|(Unposted )?(Current|Final) (Score|Grade)|Override (Score|Grade))( \(.*\))?", re.DOTALL
)
"""The totals of the course or of a group of assignments, perhaps of one grading period."""
POINTS_POSSIBLE = "Points Possible"
POSTING = ("Manual Posting", "Muted")
NAMES = ("Student", "LastName", "FirstName")
SIS_ID = "SIS User ID"
USUAL = ("ID", *NAMES, SIS_ID, "SIS Login ID", "Integration ID", "Root Account", "Section")


@dataclass(frozen=True, slots=True)
class Assignment:
    """A column of grades. `points` is the text of its cell in the row of points possible."""

    place: int
    header: str
    id: str
    title: str
    points: str


@dataclass(frozen=True)
class Layout:
    """Where everything stands in a gradebook."""

    names: tuple[int, ...]
    """The column of the whole name, or those of family and given name."""
    id: int
    sis_id: int | None
    assignments: tuple[Assignment, ...]
    totals: Mapping[str, int]
    """Totals of the course as a whole, by header."""
    has_posting_row: bool
    points_row: int
    first_student: int

    def name(self, cells: Sequence[str]) -> str:
        """A row's name as one text, with a comma if it has columns for both names."""
        names = [unescaped(cells[place]) for place in self.names]
        return names[0] if len(names) == 1 else ", ".join(name.replace(",", " ") for name in names)

    def names_nobody(self, cells: Sequence[str]) -> bool:
        """Whether a row has neither name nor id."""
        return not cells[self.id].strip() and not any(cells[place].strip() for place in self.names)


def opened_csv(path: Path, delimiter: str | None) -> CsvFile:
    """Open a file that has the columns of a gradebook.

    Raises
    ------
    ImportFileError
        It is no gradebook.
    """
    file = CsvFile(
        path, ["ID", "Section"], optional=[column for column in USUAL if column not in {"ID", "Section"}], whole=True, delimiter=delimiter
    )
    if "Student" not in file.header and not {"LastName", "FirstName"} <= set(file.header):
        found = ", ".join(shortened(column) for column in file.header[:20])
        raise ImportFileError(
            f"{file.name} has neither the column Student nor LastName and FirstName, as a Canvas gradebook has; it has {found}."
        )
    return file


def layout_of(file: CsvFile) -> Layout:
    """Read the header and the rows above the students.

    Raises
    ------
    ImportFileError
        The row of points possible is missing, or an assignment stands there twice.
    """
    header = file.header
    names = (header.index("Student"),) if "Student" in header else (header.index("LastName"), header.index("FirstName"))
    identity = {*names, header.index("ID")}
    posting, points_row = False, 0
    points: tuple[str, ...] = ()
    for row, cells in file.rows():
        named = [cells[place].strip() for place in sorted(identity)]
        if not any(named) and any(cell.startswith(POSTING) for cell in cells):
            posting = True
        elif POINTS_POSSIBLE in named and not cells[header.index("ID")].strip():
            points_row, points = row, cells
        else:
            first = row
            break
    else:
        first = points_row + 1
    if not points:
        raise ImportFileError(
            f"{file.name} lacks the row Points Possible under its header, so nobody knows what its grades are out of. "
            "Export the gradebook again."
        )
    return Layout(
        names=names,
        id=header.index("ID"),
        sis_id=header.index(SIS_ID) if SIS_ID in header else None,
        assignments=_assignments(file, points),
        totals={column: header.index(column) for column in TOTALS if column in header},
        has_posting_row=posting,
        points_row=points_row,
        first_student=first,
    )


def _assignments(file: CsvFile, points: Sequence[str]) -> tuple[Assignment, ...]:
    assignments: dict[str, Assignment] = {}
    for place, (column, possible) in enumerate(zip(file.header, points, strict=True)):
        found = ASSIGNMENT.fullmatch(column)
        says_points = any(character.isdigit() for character in possible)
        if not found or (not says_points and (not assignments or READ_ONLY.fullmatch(column))):
            continue  # columns of the teacher's own stand before the first assignment, totals behind the last
        if found["id"] in assignments:
            raise ImportFileError(f"{file.name} has the assignment {found['id']} in more than one column. Remove one of them.")
        assignments[found["id"]] = Assignment(place, column, found["id"], one_line(found["title"]), possible.strip())
    return tuple(assignments.values())
