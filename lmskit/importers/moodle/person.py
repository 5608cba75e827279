"""The student of a row of a Moodle report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.moodle.words import PERSON
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import PersonKey, PersonRecord, Position
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError
from lmskit.readable import with_formula
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmskit.importers.csv_file import CsvFile
    from lmskit.importers.row_warnings import RowWarnings

SYSTEM = "moodle"
NO_STUDENT = "does not name a student: it has neither a name nor an identifier"
NO_IDENTIFIER = "has no user name, ID number or e-mail address; a name alone does not identify a student"


class People:
    """Reads the students of rows.

    Raises
    ------
    ImportFileError
        There are no columns for the names of students, or none that identifies them.
    """

    def __init__(self, file: CsvFile, columns: Mapping[str, int], warnings: RowWarnings) -> None:
        self.file = file
        self.columns = {field: columns[field] for field in PERSON if field in columns}
        header = ", ".join(map(shortened, file.header[:20]))
        for field, word in (("given_name", "First name"), ("family_name", "Last name")):
            if field not in columns:
                raise ImportFileError(
                    f"{file.name} has no column {word!r}, in English, German, French or Spanish; it has {header}. "
                    f"{advice.WHICH_COLUMN.about(field)}"
                )
        if not self.columns.keys() & {"username", "sis_id", "email"}:
            raise ImportFileError(
                f"{file.name} has no column 'Email address' or 'ID number' to identify students; it has {header}. "
                f"{advice.IDENTIFYING_COLUMN}"
            )
        self._cells = PersonCells(warnings)

    def read(self, row: int, cells: Sequence[str]) -> PersonRecord:
        """Return the student of a row.

        Raises
        ------
        RejectedRowError
            It does not name a student, or has no identifier.
        """
        texts = {field: with_formula(cells[column].strip()) for field, column in self.columns.items()}
        if not any(texts.values()):
            raise RejectedRowError(None, None, NO_STUDENT)
        header = {field: self.file.header[column] for field, column in self.columns.items()}
        family, given = texts["family_name"], texts["given_name"]
        if not family:
            family, given = given, ""
        position = Position(self.file.name, row)
        family = self._cells.family_name(position, header["family_name"], family)
        given = self._cells.given_name(position, header["given_name"], given)
        key = PersonKey(
            self._cells.optional_id(position, header.get("username", ""), texts.get("username", "").lower()),
            self._cells.optional_id(position, header.get("sis_id", ""), texts.get("sis_id", "")),
            self._cells.address(position, header.get("email", ""), texts.get("email", "")),
        )
        if key == PersonKey():
            raise RejectedRowError(None, None, NO_IDENTIFIER)
        return PersonRecord(position, key, family, given, Role.STUDENT)
