"""A plain CSV file from a spreadsheet: a roster, or results with one attempt per row.

A column is recognised by its whole header (`plain_headers`), and `--map FIELD=HEADER` maps any other header.

A row without a quiz enrolls its person in the course. A row with a quiz contains an attempt, and also enrolls its person if
the person is not enrolled. Without a number and a time of the attempt the score is a total, as in a gradebook.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.grade_table import GradeTable
from lmskit.importers.header_rows import ROWS_LOOKED_AT
from lmskit.importers.person_name import NOTE_ON_FAMILY_FIRST, NOTE_ON_SPLIT_NAMES
from lmskit.importers.plain_headers import (
    BEFORE_FAMILY_NAME,
    BEHIND_FAMILY_NAME,
    FAMILY_FIRST,
    HEADERS,
    LOGINS,
    columns_of_fields,
    plain_header,
    without_accents,
)
from lmskit.importers.plain_row import FieldColumn, PlainRowReader
from lmskit.importers.recognition import lacks_roles
from lmskit.importers.record import Position
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError
from lmskit.importers.table_kinds import PARTICIPANTS
from lmskit.importers.text_cell import one_line
from lmskit.importers.times import DayOrder, TimeReader, note_on_zone, proved_order
from lmskit.limits import LONGEST_SOURCE, LONGEST_TITLE
from lmskit.readable import TEXT_MARK, with_formula

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lmskit.importers.record import Record

SYSTEM = "csv"
SOURCE = re.compile(r"[a-z][a-z0-9-]*+", re.ASCII)
IDENTIFYING = ("id", "sis_id", "email")
"""Fields that identify people."""
OF_PEOPLE = (*IDENTIFYING, "family_name", "given_name", "name")
OF_SECTIONS = ("section", "group")
OF_TIMES = ("started_on", "ended_on", "submitted_at")
OF_RESULTS = ("quiz", "week", "score", "max_score", "attempt", "submitted_at")


class PlainCsv(GradeTable):
    """An opened file; see `lmskit.importers.record.Source`."""

    format = "csv"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        if lacks_roles(file.header) and not options.all_students:
            raise ImportFileError(f"{file.name} seems to be {PARTICIPANTS.name}. {PARTICIPANTS.advice}")
        self.fields = fields_of(file, options.columns, title=options.title)
        super().__init__(file, options, {index for column in self.fields.values() for index in column.indices})
        self.parts = (file,)
        self.system = _system(options.source)
        is_of_one_quiz = options.title and "score" in self.fields and "quiz" not in self.fields
        self._title = one_line(options.title or "")[:LONGEST_TITLE].strip() if is_of_one_quiz else None
        self._without_comma = 0
        self._without_zone = 0

    @property
    def notes(self) -> list[str]:
        """Notes for the report on how the file was read."""
        notes = self.notes_on_format
        if columns := ", ".join(self._sources()):
            notes.append(f"{self.name}: {columns}.")
        notes.extend(_notes_on_sections(self.file, self.options.columns))
        if self._without_comma:
            header = without_accents(plain_header(self.fields["name"].header))
            how = NOTE_ON_FAMILY_FIRST if header in FAMILY_FIRST else NOTE_ON_SPLIT_NAMES
            notes.append(f"{self.name}: {how}: {self._without_comma:,}.")
        if self._without_zone:
            notes.append(f"{self.name}: {note_on_zone(self.options.time_zone)}")
        return [*notes, *self.warnings.notes]

    def _sources(self) -> Iterator[str]:
        """Give out the columns of which each field was read, where the header is not the name of the field."""
        for field, column in self.fields.items():
            if column.header != field or len(column.indices) > 1:
                yield f"{field} from {' and '.join(repr(self.file.header[index]) for index in column.indices)}"

    def records(self) -> Iterator[Record]:
        """Read the file."""
        self.warnings.clear()
        if "score" in self.fields:
            self.detect_scores(self._number_cells())
        reader = PlainRowReader(self.fields, self, title=self._title, times=self._time_reader())
        of_people = [self.fields[field].index for field in OF_PEOPLE if field in self.fields]
        self._without_comma = self._without_zone = 0
        for row, cells in self.rows_without_footers(of_people):
            try:
                person, others = reader.read(Position(self.name, row), _as_text(cells))
            except RejectedRowError as error:
                self.reject_row(row, error)
            else:
                self._without_comma += person.is_split
                yield person
                yield from others
        self._without_zone = reader.without_zone

    def _number_cells(self) -> Iterator[str]:
        return self._cells_of("score", "max_score")

    def _cells_of(self, *fields: str) -> Iterator[str]:
        indices = [self.fields[field].index for field in fields if field in self.fields]
        for _, cells in self.file.rows() if indices else ():
            yield from (cells[index] for index in indices)

    def _time_reader(self) -> TimeReader:
        given = self.options.day_order and DayOrder(self.options.day_order)
        return TimeReader(given or proved_order(self._cells_of(*OF_TIMES)), self.options.time_zone)


def _as_text(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Return the cells without the apostrophe by which those that begin like a formula are kept from being one."""
    return tuple(map(with_formula, cells)) if any(TEXT_MARK in cell for cell in cells) else cells


def _system(source: str | None) -> str:
    """Return the system of the ids in the column `id`."""
    if source is None:
        return SYSTEM
    if not SOURCE.fullmatch(source) or len(source) > LONGEST_SOURCE:
        raise ImportFileError(
            f"{shortened(source)!r} is not the name of a source of ids: it has small letters, digits and hyphens, {advice.SOURCE}, "
            f"and at most {LONGEST_SOURCE} characters."
        )
    return source


def fields_of(file: CsvFile, mapped: Mapping[str, str], *, title: str | None = None) -> dict[str, FieldColumn]:
    """Find the column of each field.

    Parameters
    ----------
    file
        An opened file.
    mapped
        Headers that were given for fields; an empty one says that the file does not have the field.
    title
        The title of the quiz, which results without a column for it need.

    Raises
    ------
    ImportFileError
        A mapped field or its column does not exist; two columns could contain the same field, unless that is the section or
        the group, which a roster need not have; one of two columns with names is not known to have given names; or no column
        identifies people.
    """
    columns = {field: FieldColumn(_index_of(file, field, header), header) for field, header in mapped.items() if header}
    for field, found in _recognised(file, mapped).items():
        if len(found) == 1:
            columns[field] = FieldColumn(found[0], file.header[found[0]])
        elif field not in OF_SECTIONS:
            raise ImportFileError(f"{file.name}: {_both(file, found, field)}. {advice.ONE_COLUMN.about(field)}")
    _read_logins_as_addresses(file, columns, mapped)
    if mapped.get("name") and "family_name" not in mapped and "given_name" not in columns:
        columns.pop("family_name", None)  # the names that a person chose count
    if family := columns.get("family_name"):
        if "name" not in mapped and (whole := columns.pop("name", None)):  # the name in two columns counts
            _refuse_lost_names(file, family, whole, columns, mapped)
        columns["family_name"] = replace(
            family, before=_beside(file, BEFORE_FAMILY_NAME, columns), behind=_beside(file, BEHIND_FAMILY_NAME, columns)
        )
    if not any(field in columns for field in IDENTIFYING):
        raise ImportFileError(
            f"{file.name} has no column that identifies people: {', '.join(IDENTIFYING)}. "
            f"It has {', '.join(map(shortened, file.header[:20])) or 'no columns'}. {advice.MAP_ADDRESS}"
        )
    if not ("score" in columns and ("quiz" in columns or title)):
        _leave_out_results(file, columns, mapped)
    return {field: columns[field] for field in HEADERS if field in columns}


def _recognised(file: CsvFile, mapped: Mapping[str, str]) -> dict[str, list[int]]:
    """Return the columns that could contain each field that was not given."""
    taken = {field: _index_of(file, field, header) for field, header in mapped.items() if header}
    return columns_of_fields(file.header, taken, {field for field, header in mapped.items() if not header})


def _both(file: CsvFile, found: Sequence[int], field: str) -> str:
    return f"{' and '.join(repr(file.header[index]) for index in found[:2])} could both be the {field}"


def _notes_on_sections(file: CsvFile, mapped: Mapping[str, str]) -> Iterator[str]:
    for field, found in _recognised(file, mapped).items():
        if field in OF_SECTIONS and len(found) > 1:
            yield f"{file.name}: {_both(file, found, field)}, and none is read. {advice.ONE_COLUMN.about(field)}"


def _refuse_lost_names(
    file: CsvFile, family: FieldColumn, whole: FieldColumn, columns: Mapping[str, FieldColumn], mapped: Mapping[str, str]
) -> None:
    """Refuse to leave out a column of names that may be the given ones, unless a person said which column has names of which kind."""
    if "given_name" not in columns and not mapped.keys() & {"family_name", "given_name"}:
        raise ImportFileError(f"{file.name}: {whole.header!r} and {family.header!r} could both be names of people. {advice.GIVEN_NAMES}")


def _beside(file: CsvFile, headers: frozenset[str], columns: Mapping[str, FieldColumn]) -> int | None:
    """Return the one column with one of these headers that no field has; None if there is none, or more than one."""
    taken = {column.index for column in columns.values()}
    found = [index for index, text in enumerate(file.header) if index not in taken and plain_header(text) in headers]
    return found[0] if len(found) == 1 else None


def _read_logins_as_addresses(file: CsvFile, columns: dict[str, FieldColumn], mapped: Mapping[str, str]) -> None:
    """Read a column of names for signing in as addresses if that is what they are, and the file has no others."""
    login = columns.get("id")
    if login is None or "email" in columns or "id" in mapped or plain_header(login.header) not in LOGINS:
        return
    cells = [cells[login.index].strip() for _, cells in islice(file.rows(), ROWS_LOOKED_AT)]
    filled = [cell for cell in cells if cell]
    if filled and all("@" in cell for cell in filled):
        columns["email"] = columns.pop("id")


def _leave_out_results(file: CsvFile, columns: dict[str, FieldColumn], mapped: Mapping[str, str]) -> None:
    """Leave out columns of results that a roster has by chance, such as `Timestamp`; refuse results without a quiz or a score."""
    named = [field for field in ("quiz", "score") if field in columns and plain_header(columns[field].header) in HEADERS[field][0]]
    if named or any(mapped.get(field) for field in OF_RESULTS):
        only_people = f". {advice.NO_RESULTS}" if named and not mapped.keys() & set(OF_RESULTS) else ""
        raise ImportFileError(f"{file.name}: results need a column quiz and a column score. {advice.MAP_RESULTS}{only_people}")
    for field in OF_RESULTS:
        columns.pop(field, None)


def _index_of(file: CsvFile, field: str, header: str) -> int:
    if field not in HEADERS:
        raise ImportFileError(f"There is no field {field!r}. Fields are {', '.join(HEADERS)}.")
    if file.header.count(header) != 1:
        many = "more than one column" if header in file.header else "no column"
        raise ImportFileError(f"{file.name} has {many} {header!r} for the field {field}. It has {', '.join(file.header[:20])}.")
    return file.header.index(header)


def fits(path: Path, options: ReadOptions) -> bool:
    """Whether a file has the columns of a roster or of results, with known or given headers."""
    try:
        fields = fields_of(CsvFile(path, [], whole=True, delimiter=options.delimiter), options.columns, title=options.title)
    except ImportFileError:
        return False
    return "score" in fields or "family_name" in fields or "name" in fields


def decides_on_scores(path: Path, options: ReadOptions) -> bool:
    """Whether options say which column has the scores and which quiz they are of, or that no column has them."""
    if options.columns.get("score") == "":
        return True
    try:
        return "score" in fields_of(CsvFile(path, [], whole=True, delimiter=options.delimiter), options.columns, title=options.title)
    except ImportFileError:
        return False


def detect(path: Path) -> bool:
    """Whether a file has the columns of a roster or of results, with known headers."""
    return fits(path, ReadOptions())


FORMAT = Format("csv", "Plain CSV", needs_course=False, detect=detect, open=PlainCsv)
