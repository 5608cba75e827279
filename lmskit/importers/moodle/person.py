"""Whom a row of a Moodle report is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import Column
from lmskit.importers.moodle.words import PERSON
from lmskit.importers.record import PersonKey, PersonRecord, Position
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import family_name, given_name, optional_address, optional_identifier
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmskit.importers.csv_file import CsvFile

SYSTEM = "moodle"
NAMES_NOBODY = "names nobody: it has neither a name nor anything else to know a person by"
KNOWN_BY_NOTHING = "has no user name, ID number or e-mail address to know the person by; names alone are not enough"


class People:
    """Reads the person of a row.

    Raises
    ------
    ImportFileError
        The columns do not tell whom the rows are about.
    """

    def __init__(self, file: CsvFile, places: Mapping[str, int]) -> None:
        self.file = file
        self.places = {field: places[field] for field in PERSON if field in places}
        header = ", ".join(map(shortened, file.header[:20]))
        for field, word in (("given_name", "First name"), ("family_name", "Last name")):
            if field not in places:
                raise ImportFileError(
                    f"{file.name} has no column {word!r}, in English, German, French or Spanish; it has {header}. "
                    f"Say which it is: --map {field}=HEADER"
                )
        if not self.places.keys() & {"username", "sis_id", "email"}:
            raise ImportFileError(
                f"{file.name} has no column 'Email address' or 'ID number' to know people by; it has {header}. "
                "Say which it is: --map email=HEADER or --map sis_id=HEADER"
            )
        self._address = Column(optional_address)

    def read(self, row: int, cells: Sequence[str]) -> PersonRecord:
        """Return the student of a row.

        Raises
        ------
        RejectedRowError
            It names nobody, or somebody who cannot be known by anything.
        """
        texts = {field: cells[place].strip() for field, place in self.places.items()}
        if not any(texts.values()):
            raise RejectedRowError(None, None, NAMES_NOBODY)
        header = {field: self.file.header[place] for field, place in self.places.items()}
        family, given = texts["family_name"], texts["given_name"]
        if not family:
            family, given = given, ""
        family = value(family_name, header["family_name"], family)
        given = value(given_name, header["given_name"], given)
        key = PersonKey(
            value(optional_identifier, header.get("username", ""), texts.get("username", "").lower()),
            value(optional_identifier, header.get("sis_id", ""), texts.get("sis_id", "")),
            value(self._address.__getitem__, header.get("email", ""), texts.get("email", "")),
        )
        if key == PersonKey():
            raise RejectedRowError(None, None, KNOWN_BY_NOTHING)
        return PersonRecord(Position(self.file.name, row), key, family, given, Role.STUDENT)
