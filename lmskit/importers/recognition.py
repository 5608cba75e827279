"""What a file is that no reader takes: the format to which it is nearest by its distinctive columns, and what to export instead.

A distinctive column is one that only a kind of table has, such as `Quiz: Week 1 (Real)` of a Moodle gradebook. A table with
such columns is never read as a plain roster, which would leave its grades out in silence; and a refusal says what the table
seems to be, what is wrong with it, and what to do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmskit.errors import FileFormatError, ImportFileError
from lmskit.importers import advice
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.file_content import advice_on_content
from lmskit.importers.moodle.words import HEADERS as MOODLE_HEADERS
from lmskit.importers.moodle.words import PERSON
from lmskit.importers.plain_headers import columns_of_fields, is_known, plain_header
from lmskit.importers.report import shortened
from lmskit.importers.table_kinds import COMPLETION, KINDS, PARTICIPANTS, RESULTS, DistinctiveColumns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

SHOWN_COLUMNS = 8
CUT, MOST_HEADERS = 100, 500
"""Characters at each end of a header, and headers of a table, that are looked at."""
GROUPS = frozenset({"groups", "gruppen", "groupes", "grupos"})
IDENTITIES = ("username", "sis_id")
COMPLETED = frozenset({"completed", "not completed", "abgeschlossen", "nicht abgeschlossen", "terminé", "non terminé", "completado"})
"""Cells below each activity in Moodle's list of completion."""
HALF = 0.5
SCORE = re.compile(r".*[0-9].*|[A-F][+-]?", re.DOTALL)
"""A cell that may be a score or a letter for one."""


def kind_of_headers(headers: Sequence[str], without_scores: Collection[int] = ()) -> DistinctiveColumns | None:
    """Return the kind of table of these headers, if at least half of its columns are there; None for other headers.

    `without_scores` are the indices of columns known to have no score. A table of results is one of no other kind: a gradebook
    of a system has totals too.

    Examples
    --------
    >>> kind_of_headers(["First name", "Last name", "Quiz: Week 1 (Letter)"]).name
    'a Moodle gradebook'
    >>> kind_of_headers(["First name", "Last name", "E-mail"]) is None
    True
    """
    plain = _plain(headers)
    nearness = {kind: kind.matches(plain, without_scores) for kind in KINDS}
    near = [kind for kind in KINDS if nearness[kind] > HALF]
    return max(near, key=lambda kind: (kind.name != RESULTS, nearness[kind]), default=None)


def _plain(headers: Sequence[str]) -> list[str]:
    """Return headers as they are compared, of long ones the beginning and the end."""
    return [plain_header(header if len(header) <= 2 * CUT else header[:CUT] + header[-CUT:]) for header in headers[:MOST_HEADERS]]


def kind_of_table(path: Path, *, all_students: bool = False) -> DistinctiveColumns | None:
    """Return the kind of the table at a path; None if it is not a table, or of another kind.

    Parameters
    ----------
    path
        The file.
    all_students
        Whether a list of participants is a roster, since a person said that all of them are students.
    """
    try:
        file = CsvFile(path, [], whole=True)
        if _is_completion(file):
            return COMPLETION
        if not all_students and lacks_roles(file.header):
            return PARTICIPANTS
        kind = kind_of_headers(file.header)
        if kind is None or not kind.is_of_scores:
            return kind
        return kind_of_headers(file.header, _without_scores(file))
    except ImportFileError:
        return None


def _without_scores(file: CsvFile) -> set[int]:
    """Return the columns whose headers are those of scores and in which no row has one."""
    headers = _plain(file.header)
    left = {index for kind in KINDS if kind.is_of_scores for index in kind.distinctive_columns(headers)}
    try:
        for _, cells in file.rows():
            left -= {index for index in left if SCORE.fullmatch(cells[index].strip())}
            if not left:
                break
    except ImportFileError:  # what is behind the damaged row is not known
        return set()
    return left


def is_list_of_participants(headers: Sequence[str]) -> bool:
    """Return whether headers are those of Moodle's list of participants, whose rows are students and teachers alike.

    Examples
    --------
    >>> is_list_of_participants(["First name", "Last name", "ID number", "Email address", "Groups"])
    True
    >>> is_list_of_participants(["First name", "Last name", "Email address"])
    False
    """
    plain = _plain(headers)
    fields = {next((field for field in PERSON if header in MOODLE_HEADERS[field]), header) for header in plain}
    if not {"given_name", "family_name"} <= fields or "role" in fields:
        return False
    others = {field for field in fields if field not in PERSON}
    return bool(others & GROUPS) or (not others and "email" in fields and bool(fields & set(IDENTITIES)))


def lacks_roles(headers: Sequence[str]) -> bool:
    """Return whether headers are those of Moodle's list of participants, and no column says who teaches."""
    return is_list_of_participants(headers) and "role" not in columns_of_fields(headers, {})


def _is_completion(file: CsvFile) -> bool:
    """Return whether the first row below the header consists of people and of words for completion."""
    first = next((cells for _, cells in file.rows()), ())
    return sum(cell.strip().casefold() in COMPLETED for cell in first) > 1


def refusal(path: Path, kind: DistinctiveColumns | None, reason: str | None, formats: str) -> FileFormatError:
    """Return the refusal of a file that no reader takes.

    Parameters
    ----------
    path
        The file, folder or archive.
    kind
        The kind of table to which it is nearest.
    reason
        What is wrong with it as a table of this kind, or as a plain table, as the reader says it.
    formats
        The formats that lmskit reads, for a file that is like none of them.
    """
    name, columns = path.name, _columns(path)
    if kind is not None:
        is_mappable = kind.is_of_scores  # a table of another kind stays one, whatever its columns are read as
        if reason is None:
            return FileFormatError(
                f"{name} is not in a format that lmskit reads. By its columns {columns} it seems to be {kind.name}. {kind.advice}",
                is_mappable=is_mappable,
            )
        further = "" if "xport" in reason else f" {kind.advice}"
        nearest = "" if kind.name in reason else f" It seems to be {kind.name}."
        return FileFormatError(f"{name} is not in a format that lmskit reads.{nearest} {reason}{further}", is_mappable=is_mappable)
    if described := advice_on_content(path):
        return FileFormatError(f"{name} is not in a format that lmskit reads: {described}", is_mappable=False)
    if columns:
        missing = reason or f"A roster also needs a column family_name or name. {advice.MAP_NAME}"
        return FileFormatError(
            f"{name} is not in a format that lmskit reads. It has the columns {columns}. The nearest format is a plain table (csv). "
            f"{missing.rstrip('.')}. If it is an export of another system, {advice.FORMATS}",
            is_mappable=True,
        )
    return FileFormatError(f"{name} is not in a format that lmskit reads: {formats}. {advice.FORMAT}", is_mappable=True)


def _columns(path: Path) -> str:
    """Return the headers of a table with two columns or more, as a refusal names them; empty for other texts."""
    try:
        file = CsvFile(path, [], whole=True)
        has_known = any(is_known(text) for text in file.header)
        is_table = len(file.header) > 1 and (has_known or (max(map(len, file.header)) <= CUT and next(file.rows(), None) is not None))
    except ImportFileError:
        return ""
    if not is_table:
        return ""
    named = [shortened(text) for text in file.header if text.strip()]
    more = f" and {len(named) - SHOWN_COLUMNS:,} more" if len(named) > SHOWN_COLUMNS else ""
    return ", ".join(named[:SHOWN_COLUMNS]) + more
