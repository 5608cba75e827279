"""The log of a Moodle course (Reports → Logs → Download): what its students opened and handed in.

Headers, names of events and contexts are in the language of the person who downloads them; the description is in English on every site.
So the columns are known by their order, and what a row is by its description.

The log has neither an id of an event nor one of a person but the number in the description, and Moodle writes rows that are equal in
everything. A record is known again by its description and its time, and the service counts equal ones.

Source: `report/log/classes/table_log.php` and `get_description` of the events of Moodle's core, quiz and assignment.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers.activity import ActivityFile, ActivityFormat, ActivityRecord, ActorKey, Tally, resource_title
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import detect_by_opening
from lmskit.importers.times import LONGEST_MONTH, MONTHS_OF_A_YEAR, DayOrder, TimeReader, note_on_zone
from lmskit.vocabulary import ActivityKind, ActivitySource

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions

N_COLUMNS = 9
TIME, USER, AFFECTED, CONTEXT, _, EVENT, DESCRIPTION = range(7)
"""The columns, by their order; origin and IP address, which follow, are not read."""
NOBODY = "-"
_DESCRIBED = re.compile(r"The (?:user|quiz attempt) with id '-?[0-9]{1,19}' .*")
ROWS_LOOKED_AT = 100
"""Rows of a table among which one has a description of Moodle's, if it is a log."""
_STROKES = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/[0-9]{2,4}\b")
_PREFIX = re.compile(r"[^:]{1,100}?\s?:\s(?=\S)")
"""What Moodle writes before the title of a context: the kind of it, such as `Quiz: `."""
CACHED_TIMES = 10_000


class _Taken(NamedTuple):
    """Rows that are taken: what their description is, and whether it is about the affected user rather than the one who acted."""

    description: re.Pattern[str]
    kind: ActivityKind
    is_about_affected: bool


_PERSON = r"The user with id '(?P<number>[0-9]{1,19})' (?:has )?"
TAKEN = (
    _Taken(re.compile(rf"{_PERSON}submitted the attempt with id .*"), ActivityKind.ANSWERED, is_about_affected=True),
    _Taken(re.compile(rf"{_PERSON}submitted the submission with id .*"), ActivityKind.ANSWERED, is_about_affected=False),
    _Taken(re.compile(rf"{_PERSON}viewed the .*"), ActivityKind.VIEWED, is_about_affected=False),
)


class MoodleLog(ActivityFile):
    """An opened log.

    Raises
    ------
    ImportFileError
        It cannot be read, or is not a log.
    """

    source = ActivitySource.MOODLE_LOG
    counted = "rows"
    repeats = True

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.name, self.sha256 = self._file.name, self._file.text.sha256
        first = islice(self._file.rows(), ROWS_LOOKED_AT) if len(self._file.header) == N_COLUMNS else ()
        if not any(_DESCRIBED.fullmatch(cells[DESCRIPTION].strip()) for _, cells in first):
            raise ImportFileError(f"{self.name} is not the log of a Moodle course. Download it in Moodle under Reports, Logs.")
        self._options = options
        self.tally = Tally(self.name)

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        return [*self._file.notes, f"{self.name}: {note_on_zone(self._options.time_zone)}"]

    def records(self) -> Iterator[ActivityRecord]:
        """Give out the records, one by one, and begin the tally anew."""
        instant = self._instant()
        self.tally = tally = Tally(self.name)
        header = self._file.header[TIME]
        for row, cells in self._file.rows():
            description = cells[DESCRIPTION].strip()
            taken, number = _taken(description)
            if taken is None:
                tally.leave_out(cells[EVENT])
                continue
            affected = cells[AFFECTED].strip()
            name = affected if taken.is_about_affected and affected not in {"", NOBODY} else cells[USER].strip()
            try:
                occurred_at = instant(cells[TIME])
            except UnreadableCellError as error:
                tally.reject(row, header, cells[TIME], str(error))
                continue
            if occurred_at is None:
                tally.reject(row, header, None, "has no time")
                continue
            title = resource_title(_PREFIX.sub("", cells[CONTEXT].strip(), count=1))
            yield ActivityRecord(row, ActorKey(name=name, number=number), taken.kind, title, occurred_at, description)
        tally.rows_in = self._file.rows_in
        tally.rejections += self._file.rejections

    def _instant(self) -> Callable[[str], dt.datetime | None]:
        """Return the reader of times; most of them stand in many rows."""
        given = self._options.day_order
        order = self._proved_order() if given is None else DayOrder(given)
        return lru_cache(CACHED_TIMES)(TimeReader(order, self._options.time_zone).instant)

    def _proved_order(self) -> DayOrder | None:
        """Return what dates such as 28/11/26 begin with; other than in tables of people, no log begins them with a year of two digits."""
        for _, cells in self._file.rows():
            found = _STROKES.match(cells[TIME].strip())
            if found is None:
                continue
            first, second = int(found[1]), int(found[2])
            if MONTHS_OF_A_YEAR < first <= LONGEST_MONTH:
                return DayOrder.DAY_FIRST
            if MONTHS_OF_A_YEAR < second <= LONGEST_MONTH:
                return DayOrder.MONTH_FIRST
        return None


def _taken(description: str) -> tuple[_Taken | None, str]:
    """Return what is taken of a row with this description, and the number of the person."""
    for taken in TAKEN:
        if found := taken.description.fullmatch(description):
            return taken, found["number"]
    return None, ""


FORMAT = ActivityFormat(str(ActivitySource.MOODLE_LOG), "Moodle log", detect_by_opening(MoodleLog), MoodleLog)
