"""A plain CSV file from a spreadsheet: a roster, or results with one attempt per row.

A column is recognised by its whole header, in upper or lower case; `HEADERS` lists the fields and their known headers, and
`--map FIELD=HEADER` maps any other header.

A row without a quiz enrolls its person in the course. A row with a quiz contains an attempt, and also enrolls its person if
the person is not enrolled. Without a number and a time of the attempt the score is a total, as in a gradebook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.grade_table import GradeTable
from lmskit.importers.plain_row import FieldColumn, PlainRowReader
from lmskit.importers.record import Position
from lmskit.importers.row import RejectedRowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lmskit.importers.record import Record

SYSTEM = "csv"
HEADERS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "user id", "student id"),
    "sis_id": ("sis_id", "sis id", "sis user id"),
    "email": ("email", "e-mail", "email address", "e-mail address", "mail"),
    "family_name": ("family_name", "family name", "last name", "lastname", "surname"),
    "given_name": ("given_name", "given name", "first name", "firstname"),
    "name": ("name", "full name", "student"),
    "course": ("course", "course code"),
    "role": ("role",),
    "status": ("status",),
    "started_on": ("started_on", "start date"),
    "ended_on": ("ended_on", "end date"),
    "quiz": ("quiz", "quiz title"),
    "week": ("week",),
    "score": ("score", "points"),
    "max_score": ("max_score", "max score", "points possible"),
    "attempt": ("attempt",),
    "submitted_at": ("submitted_at", "submitted at", "submitted"),
}
"""The fields and the known headers of their columns."""
IDENTIFYING = ("id", "sis_id", "email")
"""Fields that identify people."""
OF_RESULTS = ("week", "score", "max_score", "attempt", "submitted_at")


class PlainCsv(GradeTable):
    """An opened file; see `lmskit.importers.record.Source`."""

    format = "csv"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.fields = fields_of(file, options.columns)
        super().__init__(file, options, {column.index for column in self.fields.values()})
        self.parts = (file,)

    @property
    def notes(self) -> list[str]:
        """Notes for the report on how the file was read."""
        columns = ", ".join(f"{field} from {column.header!r}" for field, column in self.fields.items() if column.header != field)
        return [*self.notes_on_format, *([f"{self.name}: {columns}."] if columns else [])]

    def records(self) -> Iterator[Record]:
        """Read the file."""
        if "score" in self.fields:
            self.detect_scores(self._number_cells())
        reader = PlainRowReader(self.fields, self, with_quizzes="quiz" in self.fields)
        for row, cells in self.file.rows():
            try:
                records = reader.read(Position(self.name, row), cells)
            except RejectedRowError as error:
                self.reject_row(row, error)
            else:
                yield from records

    def _number_cells(self) -> Iterator[str]:
        indices = [self.fields[field].index for field in ("score", "max_score") if field in self.fields]
        for _, cells in self.file.rows():
            yield from (cells[index] for index in indices)


def fields_of(file: CsvFile, mapped: Mapping[str, str]) -> dict[str, FieldColumn]:
    """Find the column of each field.

    Raises
    ------
    ImportFileError
        A mapped field or its column does not exist; two columns could contain the same field; or no column identifies
        people.
    """
    columns = {field: FieldColumn(_index_of(file, field, header), header) for field, header in mapped.items()}
    taken = {column.index for column in columns.values()}
    by_header: dict[str, list[int]] = {}
    for index, header in enumerate(file.header):
        by_header.setdefault(header.strip().casefold(), []).append(index)
    for field, headers in HEADERS.items():
        found = [index for header in headers for index in by_header.get(header, []) if index not in taken]
        if field in columns or not found:
            continue
        if len(found) > 1:
            names = " and ".join(repr(file.header[index]) for index in found[:2])
            raise ImportFileError(f"{file.name}: {names} could both be the {field}. Choose one: --map {field}=HEADER")
        columns[field] = FieldColumn(found[0], file.header[found[0]])
    if not any(field in columns for field in IDENTIFYING):
        raise ImportFileError(
            f"{file.name} has no column that identifies people: {', '.join(IDENTIFYING)}. It has {', '.join(file.header[:20])}. "
            "Map one: --map email=HEADER"
        )
    results = [field for field in OF_RESULTS if field in columns]
    if ("quiz" in columns) != bool(results) or ("quiz" in columns and "score" not in columns):
        raise ImportFileError(f"{file.name}: results need a column quiz and a column score. Map them: --map quiz=HEADER --map score=HEADER")
    return {field: columns[field] for field in HEADERS if field in columns}


def _index_of(file: CsvFile, field: str, header: str) -> int:
    if field not in HEADERS:
        raise ImportFileError(f"There is no field {field!r}. Fields are {', '.join(HEADERS)}.")
    if file.header.count(header) != 1:
        many = "more than one column" if header in file.header else "no column"
        raise ImportFileError(f"{file.name} has {many} {header!r} for the field {field}. It has {', '.join(file.header[:20])}.")
    return file.header.index(header)


def detect(path: Path) -> bool:
    """Whether a file has the columns of a roster or of results, with known headers."""
    try:
        fields = fields_of(CsvFile(path, [], whole=True), {})
    except ImportFileError:
        return False
    return "quiz" in fields or "family_name" in fields or "name" in fields


FORMAT = Format("csv", "Plain CSV", needs_course=False, detect=detect, open=PlainCsv)
