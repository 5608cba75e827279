"""The list of a course's participants as Moodle gives it for download: names, identifiers and groups, but no roles.

Teachers are in the list too, so it is imported only if it was given a column of roles, such as by copying that of the page, or if the
person who imports it says that everybody in it is a student.

Source of the format: `user/action_redir.php` of Moodle.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.moodle.person import SYSTEM, People
from lmskit.importers.moodle.words import PERSON, columns_of
from lmskit.importers.plain_headers import HEADERS, plain_header, without_accents
from lmskit.importers.plain_words import role
from lmskit.importers.recognition import is_list_of_participants, kind_of_headers
from lmskit.importers.record import EnrollmentRecord
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.section_cell import names_with_commas, sections_in_list
from lmskit.importers.table_kinds import PARTICIPANTS
from lmskit.vocabulary import Role, SectionKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lmskit.importers.record import Record


GROUPS, ROLES = ({header for group in HEADERS[field] for header in group} for field in ("group", "role"))


class Participants:
    """An opened list; see `lmskit.importers.record.Source`."""

    format = "moodle-participants"
    system = SYSTEM
    is_partial = False
    may_lack_a_course = False

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self.warnings = RowWarnings()
        columns = columns_of(self.name, self.file.header, PERSON, options.columns)
        self.people = People(self.file, columns, self.warnings)
        others = [column for column in range(len(self.file.header)) if column not in columns.values()]
        self._groups = next((column for column in others if plain_header(self.file.header[column]) in GROUPS), None)
        self._roles = None
        if not options.all_students:
            self._roles = next((column for column in others if without_accents(plain_header(self.file.header[column])) in ROLES), None)
            if self._roles is None:
                raise ImportFileError(f"{self.name} is {PARTICIPANTS.name}. {PARTICIPANTS.advice}")
        read = {*columns.values(), self._groups, self._roles}
        self.file.skipped_columns = tuple(text for column, text in enumerate(self.file.header) if column not in read)
        self.parts = (self.file,)
        self._with_commas: frozenset[tuple[str, str]] = frozenset()

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        notes = list(self.file.notes)
        if self._roles is None:
            notes.append(f"{self.name}: everybody is imported as a student, as asked for; leave out the rows of teachers, who are not.")
        notes += [
            f"{self.name}: '{left}, {right}' is read as the name of one group, since no student is in only one of '{left}' and '{right}'."
            for left, right in sorted(self._with_commas)
        ]
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the person, and the enrollment or the course that a teacher teaches."""
        self.warnings.clear()
        if self._groups is not None:
            self._with_commas = names_with_commas(cells[self._groups] for _, cells in self.file.rows())
        groups_in = partial(sections_in_list, SectionKind.GROUP, joined=self._with_commas)
        for row, cells in self.file.rows():
            try:
                person = self.people.read(row, cells)
                groups = () if self._groups is None else value(groups_in, self.file.header[self._groups], cells[self._groups])
                named = None if self._roles is None else value(role, self.file.header[self._roles], cells[self._roles].strip())
            except RejectedRowError as error:
                self.file.reject(row, error.column, error.cell, error.reason)
                continue
            is_student = named in {None, Role.STUDENT}
            yield person if is_student else person._replace(role=named)
            yield EnrollmentRecord(person.position, person.key, role=named or Role.STUDENT, sections=groups if is_student else ())


def detect(path: Path) -> bool:
    """Return whether a file is a list of participants, and nothing that has grades or results besides."""
    try:
        header = CsvFile(path, [], whole=True).header
    except ImportFileError:
        return False
    return is_list_of_participants(header) and kind_of_headers(header) is None


FORMAT = Format("moodle-participants", "Moodle list of participants", needs_course=True, detect=detect, open=Participants)
