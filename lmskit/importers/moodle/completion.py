"""Moodle's report on the completion of activities (Reports → Activity completion → Download): who has finished what, and when.

After the person's name and the fields by which the site identifies people, the header has the title of an activity and an empty cell; a
row has a word below the title and the time below the empty cell. Each pair is counted by itself.

Source: `report/progress/index.php` of Moodle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.activity import ActivityFile, ActivityFormat, ActivityRecord, ActorKey, Tally, resource_title
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import detect_by_opening
from lmskit.importers.moodle.words import HEADERS
from lmskit.importers.plain_headers import plain_header
from lmskit.importers.report import Rejection
from lmskit.importers.times import TimeReader, note_on_zone
from lmskit.vocabulary import ActivityKind, ActivitySource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lmskit.importers.formats import ReadOptions

NOT_COMPLETED = frozenset({"not completed", "nicht abgeschlossen", "non terminé", "no completado", "sin finalizar"})
COMPLETED = ("completed", "abgeschlossen", "terminé", "completado", "finalizado")
"""How the words for what is completed begin; *Completed (achieved pass grade)* is one."""
NO_TIME = "is completed without a time"
OTHER_WORD = "is neither a word for completed nor for not completed"


class MoodleCompletion(ActivityFile):
    """An opened report.

    Raises
    ------
    ImportFileError
        It cannot be read, or is not such a report.
    """

    source = ActivitySource.MOODLE_COMPLETION
    counted = "cells"

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._file = CsvFile(path, [], whole=True, delimiter=options.delimiter, padded=True)
        self.name, self.sha256 = self._file.name, self._file.text.sha256
        self._first = _first_activity(self._file.header)
        words = [cells[self._first].strip() for _, cells in self._file.rows()] if self._first else []
        if not any(_is_completed(word) or _is_not_completed(word) for word in words):
            raise ImportFileError(
                f"{self.name} is not Moodle's report on the completion of activities. Download it under Reports, Activity completion."
            )
        self._options = options
        self.tally = Tally(self.name)

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        return [*self._file.notes, f"{self.name}: {note_on_zone(self._options.time_zone)}"]

    def records(self) -> Iterator[ActivityRecord]:
        """Give out the records, one by one, and begin the tally anew."""
        self.tally = tally = Tally(self.name)
        times = TimeReader(time_zone=self._options.time_zone)
        titles = self._file.header[self._first :: 2]
        # Of activities with one title, the nth is the nth of the next report.
        identities = [f"{title}\x1f{titles[:nth].count(title)}" for nth, title in enumerate(titles)]
        for row, cells in self._file.rows():
            actor = self._actor(cells)
            for nth, title in enumerate(titles):
                word, time = (cells[self._first + 2 * nth + part].strip() for part in (0, 1))
                tally.rows_in += 1
                try:
                    occurred_at = times.instant(time)
                except UnreadableCellError as error:
                    tally.reject(row, title, time, str(error))
                    continue
                if not _is_completed(word) and not _is_not_completed(word):
                    tally.reject(row, title, word, OTHER_WORD)
                elif _is_completed(word) and occurred_at is None:
                    tally.reject(row, title, word, NO_TIME)
                else:
                    done_at = occurred_at if _is_completed(word) else None
                    yield ActivityRecord(row, actor, ActivityKind.COMPLETED, resource_title(title), done_at, identities[nth])
        # A row that does not fit the header has a pair for each title, of which none can be read.
        for rejection in self._file.rejections:
            tally.rows_in += len(titles)
            tally.rejections += [Rejection(self.name, rejection.row, title, None, rejection.reason) for title in titles]

    def _actor(self, cells: Sequence[str]) -> ActorKey:
        found: dict[str, str] = {}
        for header, cell in zip(self._file.header[1 : self._first], cells[1 : self._first], strict=True):
            field = next((field for field in ("username", "sis_id", "email") if plain_header(header) in HEADERS[field]), None)
            if field is not None and cell.strip():
                found[field] = cell.strip()
        username = found.get("username", "").lower()
        ids = tuple(filter(None, (username, found.get("sis_id", ""))))
        return ActorKey(ids, found.get("email", "").lower(), name=cells[0].strip())


def _first_activity(header: Sequence[str]) -> int:
    """Return the index of the first column of an activity; 0 if the header is not one of such a report."""
    first = next((index for index in range(1, len(header) - 1) if header[index].strip() and not header[index + 1].strip()), 0)
    pairs = header[first:]
    is_paired = len(pairs) % 2 == 0 and all(title.strip() for title in pairs[::2]) and not any(blank.strip() for blank in pairs[1::2])
    return first if first and is_paired else 0


def _is_completed(word: str) -> bool:
    return word.casefold().startswith(COMPLETED)


def _is_not_completed(word: str) -> bool:
    return word.casefold() in NOT_COMPLETED


FORMAT = ActivityFormat(
    str(ActivitySource.MOODLE_COMPLETION),
    "Moodle activity completion",
    detect_by_opening(MoodleCompletion),
    MoodleCompletion,
)
