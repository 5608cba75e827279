"""The Open University Learning Analytics Dataset (OULAD): five CSV files in a folder.

A presentation is a module in one term, a course in lmskit. Days are counted from the first day of the presentation and
are negative before it; `?` is a missing value. Demographic columns are not read.

Source: Kuzilek, Hlosta, Zdrahal (2017), Open University Learning Analytics dataset, Scientific Data 4:170171.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers.cell import ColumnValues, matching, number, one_of, records, whole_number
from lmskit.importers.csv_file import CsvFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

FORMAT = "oulad"
MISSING = "?"
EARLIEST_DAY, LATEST_DAY = -1000, 3000
LONGEST_PRESENTATION = 60 * 7
"""Days; a syllabus has at most 60 weeks."""
FIRST_MONTHS = {"B": 2, "J": 10}
"""Presentations marked B start in February, those marked J in October."""

_module = matching(r"[A-Za-z0-9]{1,20}", "is not a module code")
_presentation = matching(r"(19|20)[0-9]{2}[BJ]", "is not a presentation: a year and B or J, as in 2013J")
_id = matching(r"[0-9]{1,18}", "is not an id: digits only")
_day = whole_number(EARLIEST_DAY, LATEST_DAY, missing=MISSING)
_known_day = whole_number(EARLIEST_DAY, LATEST_DAY)

# The columns that are read and their readers, in the order of the records.
COURSES: Mapping[str, Callable[[str], object]] = {
    "code_module": _module,
    "code_presentation": _presentation,
    "module_presentation_length": whole_number(7, LONGEST_PRESENTATION),
}
ASSESSMENTS: Mapping[str, Callable[[str], object]] = {
    "code_module": _module,
    "code_presentation": _presentation,
    "id_assessment": _id,
    "assessment_type": one_of({"TMA": "TMA", "CMA": "CMA", "Exam": "Exam"}),
    "date": _day,
    "weight": number(0, 100),
}
STUDENTS: Mapping[str, Callable[[str], object]] = {
    "code_module": _module,
    "code_presentation": _presentation,
    "id_student": _id,
    "final_result": one_of({"Pass": "Pass", "Fail": "Fail", "Distinction": "Distinction", "Withdrawn": "Withdrawn"}),
}
REGISTRATIONS: Mapping[str, Callable[[str], object]] = {
    "code_module": _module,
    "code_presentation": _presentation,
    "id_student": _id,
    "date_registration": _day,
    "date_unregistration": _day,
}
ATTEMPTS: Mapping[str, Callable[[str], object]] = {
    "id_assessment": _id,
    "id_student": _id,
    "date_submitted": _known_day,
    "is_banked": one_of({"0": False, "1": True}),
    "score": number(0, 100, missing=MISSING),
}
FILES: Mapping[str, Mapping[str, Callable[[str], object]]] = {
    "courses.csv": COURSES,
    "assessments.csv": ASSESSMENTS,
    "studentInfo.csv": STUDENTS,
    "studentRegistration.csv": REGISTRATIONS,
    "studentAssessment.csv": ATTEMPTS,
}


class OuladCourse(NamedTuple):
    """A row of courses.csv, with the first day and the number of weeks of the presentation."""

    row_number: int
    module: str
    presentation: str
    length: int
    first_day: dt.date
    weeks: int


class OuladAssessment(NamedTuple):
    """A row of assessments.csv; days are counted from the first day of the presentation."""

    row_number: int
    module: str
    presentation: str
    assessment: str
    kind: str
    day: int | None
    weight: float


class OuladStudent(NamedTuple):
    """A row of studentInfo.csv."""

    row_number: int
    module: str
    presentation: str
    student: str
    result: str


class OuladRegistration(NamedTuple):
    """A row of studentRegistration.csv; days are counted from the first day of the presentation."""

    row_number: int
    module: str
    presentation: str
    student: str
    registered: int | None
    unregistered: int | None


class OuladResult(NamedTuple):
    """A row of studentAssessment.csv; the day is counted from the first day of the presentation."""

    row_number: int
    assessment: str
    student: str
    day: int
    banked: bool
    score: float | None


@dataclass(frozen=True)
class OuladFile:
    """One of the five files and its records, such as `OuladCourse`."""

    csv: CsvFile
    columns: Mapping[str, Callable[[str], object]]
    make: Callable[[Iterable[Any]], tuple[object, ...]]
    """Makes a record of the row's number and the values of the columns."""

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        """Read the file from its beginning; rows that cannot be read are added to `csv.rejections`."""
        return map(self.make, records(self.csv, {name: ColumnValues(read) for name, read in self.columns.items()}))


@dataclass(frozen=True)
class OuladFolder:
    """A folder with the five files and the right columns."""

    name: str
    files: Mapping[str, OuladFile]
    not_read: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """One digest for the five files together."""
        together = "".join(f"{name}:{file.csv.text.sha256}\n" for name, file in sorted(self.files.items()))
        return hashlib.sha256(together.encode()).hexdigest()

    @property
    def notes(self) -> list[str]:
        """Notes for the report on how the files were read."""
        notes = [note for file in self.files.values() for note in file.csv.notes]
        if self.not_read:
            notes.append(f"Not read: {', '.join(self.not_read)}.")
        return notes


def detect(path: Path) -> bool:
    """Whether a folder contains the five files of OULAD, according to their headers."""
    try:
        read(path)
    except ImportFileError:
        return False
    return True


def read(folder: Path) -> OuladFolder:
    """Open the five files of OULAD.

    Raises
    ------
    ImportFileError
        The folder or a file is missing, or a file is not text or has other columns.
    """
    if not folder.exists():
        raise ImportFileError(f"There is no folder {folder}. Check the path.")
    if not folder.is_dir():
        raise ImportFileError(f"{folder} is not a folder; OULAD is a folder with {', '.join(FILES)}.")
    try:
        present = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise ImportFileError(f"{folder} cannot be read: {error.strerror or error}.") from error
    missing = [name for name in FILES if name not in present]
    if missing:
        raise ImportFileError(f"{folder} lacks {', '.join(missing)}; OULAD is a folder with {', '.join(FILES)}.")
    files = {name: OuladFile(CsvFile(folder / name, list(columns)), columns, RECORDS[name]) for name, columns in FILES.items()}
    return OuladFolder(folder.resolve().name, files, tuple(name for name in present if name not in FILES))


def first_day(presentation: str) -> dt.date:
    """Return day 0 of a presentation.

    Examples
    --------
    >>> first_day("2013J"), first_day("2014B")
    (datetime.date(2013, 10, 1), datetime.date(2014, 2, 1))
    """
    return dt.date(int(presentation[:4]), FIRST_MONTHS[presentation[4]], 1)


def weeks(length: int) -> int:
    """Return how many weeks a presentation of so many days has.

    Examples
    --------
    >>> weeks(268), weeks(7)
    (39, 1)
    """
    return -(-length // 7)


def _course(values: Iterable[Any]) -> OuladCourse:
    row_number, module, presentation, length = values
    return OuladCourse(row_number, module, presentation, length, first_day(presentation), weeks(length))


RECORDS: Mapping[str, Callable[[Iterable[Any]], tuple[object, ...]]] = {
    "courses.csv": _course,
    "assessments.csv": OuladAssessment._make,
    "studentInfo.csv": OuladStudent._make,
    "studentRegistration.csv": OuladRegistration._make,
    "studentAssessment.csv": OuladResult._make,
}
