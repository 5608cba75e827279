"""Two reports on a Moodle quiz, one row per attempt: *grades* tells the marks, *responses* the questions and the answers.

Both number the questions in the same way, so the two reports of one quiz tell of the same attempts. They do not name
the quiz, nor the time zone of their times.

Source of the format: `mod/quiz/report` of Moodle.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from lmskit.errors import ImportFileError
from lmskit.importers.cell import Column
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.moodle.person import SYSTEM, People
from lmskit.importers.moodle.quiz_layout import layout_of
from lmskit.importers.moodle.quiz_questions import Questions
from lmskit.importers.moodle.times import duration, instant
from lmskit.importers.moodle.words import NO_GRADE, NOT_YET_GRADED, UNFINISHED, plain
from lmskit.importers.number_format import DecimalMark, decimal_mark, marks
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, PersonKey, Position, QuizRecord, Record
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import one_line
from lmskit.limits import LONGEST_TITLE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    Row = tuple[str, ...]

AS_DOWNLOADED = re.compile(
    r"-(?:grades|responses|Bewertungen|Antworten|notes|réponses|calificaciones|respuestas)(?: ?\(\d+\))?$", re.IGNORECASE
)
"""What Moodle adds to a quiz's title to make a file's name, and a browser to a second download."""
ROUNDING = 0.005
"""Moodle writes two decimals by default; each mark is rounded by itself."""
NOT_FINISHED = "is an attempt that is not finished"
CHANGED_BY_HAND = "is not the sum of its questions' marks: the grade was changed, or a mark is missing"


class QuizReport:
    """An opened report; see `lmskit.importers.record.Source`."""

    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions, *, responses: bool) -> None:
        self.file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.layout = layout_of(self.file, options.columns)
        self.format = "moodle-quiz-responses" if responses else "moodle-quiz-grades"
        if self.layout.has_texts != responses:
            has, other = ("responses", "moodle-quiz-responses") if self.layout.has_texts else ("no responses", "moodle-quiz-grades")
            raise ImportFileError(f"{self.file.name} has {has} and is not in the format {self.format}. Import it as {other}.")
        self.people = People(self.file, self.layout.places)
        self.options = options
        self.parts = (self.file,)
        self.warnings = RowWarnings()
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self.title = one_line(options.title or AS_DOWNLOADED.sub("", path.stem))[:LONGEST_TITLE].strip() or "Quiz"
        used = self.layout.used
        self.file.skipped_columns = tuple(column for place, column in enumerate(self.file.header) if place not in used)
        self._decimal: DecimalMark | None = None
        self._begin()

    def _begin(self) -> None:
        self.warnings.clear()
        self.questions = Questions(self.layout)
        self._averages = self._without_attempt = self._ended_by_duration = 0

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the file was read."""
        name = self.name
        called = "as asked for" if self.options.title else "by the file's name, since the report does not tell; --title says it otherwise"
        notes = [*self.file.notes, f"{name}: the quiz is called {self.title!r}, {called}."]
        if self._decimal and (said := self._decimal.note(name)):
            notes.append(said)
        notes.append(f"{name}: the report does not tell its time zone; its times are read as UTC.")
        if self._ended_by_duration:
            notes.append(f"{name}: attempts whose end was worked out from how long they took: {self._ended_by_duration:,}.")
        if self._averages:
            notes.append(f"{name}: rows with averages are not counted: {self._averages:,}.")
        if self._without_attempt:
            notes.append(f"{name}: rows of students without an attempt are not counted: {self._without_attempt:,}.")
        if self.layout.is_scaled:
            notes.append(f"{name}: the questions' marks do not add up to {self.layout.out_of:g}, so they are not compared with the grades.")
        return [*notes, *(f"{name}: {note}" for note in self.questions.notes), *self.warnings.notes]

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the student, the enrollment and the attempt; the quiz comes last."""
        self._begin()
        self._decimal = decimal_mark(self._numbers(), asked_for=self.options.decimal_mark)
        score = Column(marks(self._decimal))
        for row, cells in self.file.rows():
            if self._is_no_attempt(cells):
                self.file.rows_in -= 1
                continue
            try:
                person = self.people.read(row, cells)
                attempt = self._attempt(row, cells, person.key, score)
            except RejectedRowError as error:
                self.file.reject(row, error.column, error.cell, error.reason)
                continue
            self.questions.see(cells)
            yield person
            yield EnrollmentRecord(person.position, person.key, is_implied=True)
            yield attempt
        yield QuizRecord(
            Position(self.name, 1),
            self.title,
            has_source_id=False,
            title=self.title,
            max_score=self.layout.out_of,
            questions=self.questions.stored,
        )

    def _numbers(self) -> Iterator[str]:
        yield from self.layout.points_in_header
        places = [self.layout.grade, *(each.mark for each in self.layout.questions if each.mark is not None)]
        for _, cells in self.file.rows():
            yield from (cells[place] for place in places)

    def _is_no_attempt(self, cells: Row) -> bool:
        """Whether a row is an average, which names nobody, or a student who made no attempt."""
        places = self.layout.places
        times = [cells[places[field]].strip() for field in ("state", "started", "completed", "duration") if field in places]
        if any(cell not in NO_GRADE for cell in times):
            return False
        known_by = [cells[place].strip() for field, place in self.people.places.items() if field not in {"family_name", "given_name"}]
        if any(known_by):
            self._without_attempt += 1
        elif cells[self.people.places["given_name"]].strip() == "":
            self._averages += 1
        else:
            return False
        return True

    def _attempt(self, row: int, cells: Row, person: PersonKey, score: Column[float]) -> AttemptRecord:
        started_at, submitted_at = self._times(cells)
        header, cell = self.file.header, cells[self.layout.grade].strip()
        earned = None if cell in NO_GRADE or plain(cell) in NOT_YET_GRADED else value(score.__getitem__, header[self.layout.grade], cell)
        answers = self._answers(cells, score)
        graded = [answer["score"] for answer in answers if answer["score"] is not None]
        allowed = ROUNDING * (len(graded) + 1) + 1e-9
        if earned is not None and graded and not self.layout.is_scaled and abs(sum(graded) - earned) > allowed:
            self.warnings.add(self.name, row, header[self.layout.grade], f"{cell} (questions {sum(graded):g})", CHANGED_BY_HAND)
        return AttemptRecord(
            Position(self.name, row),
            self.title,
            person,
            earned,
            self.layout.out_of,
            is_total=False,
            started_at=started_at,
            submitted_at=submitted_at,
            answers=answers,
        )

    def _times(self, cells: Row) -> tuple[dt.datetime | None, dt.datetime]:
        """When a finished attempt began and ended."""
        places, header = self.layout.places, self.file.header
        if "state" in places and plain(cells[places["state"]]) in UNFINISHED:
            raise RejectedRowError(header[places["state"]], cells[places["state"]], NOT_FINISHED)
        started, completed = cells[places["started"]].strip(), cells[places["completed"]].strip()
        started_at = None if started in NO_GRADE else value(instant, header[places["started"]], started)
        if completed not in NO_GRADE:
            submitted_at = value(instant, header[places["completed"]], completed)
        else:
            took = cells[places["duration"]].strip() if "duration" in places else ""
            if started_at is None or took in NO_GRADE:
                raise RejectedRowError(header[places["completed"]], completed, NOT_FINISHED)
            try:
                submitted_at = started_at + value(duration, header[places["duration"]], took)
            except OverflowError:
                raise RejectedRowError(header[places["duration"]], took, "is longer than anybody could have taken") from None
            self._ended_by_duration += 1
        if started_at and submitted_at < started_at:
            raise RejectedRowError(header[places["completed"]], completed, "is before the attempt began")
        return started_at, submitted_at

    def _answers(self, cells: Row, score: Column[float]) -> list[dict[str, Any]]:
        answers = []
        for each in self.layout.questions:
            response = None if each.response is None else self.questions.response(cells[each.response])
            earned = None
            if each.mark is not None:
                cell = cells[each.mark].strip()
                if cell not in NO_GRADE and plain(cell) not in NOT_YET_GRADED:
                    earned = value(score.__getitem__, self.file.header[each.mark], cell)
            if response is not None or earned is not None:
                answers.append({"question": each.number, "response": response, "score": earned})
        return answers


def _detect(path: Path, *, responses: bool) -> bool:
    try:
        QuizReport(path, ReadOptions(), responses=responses)
    except ImportFileError:
        return False
    return True


GRADES = Format(
    "moodle-quiz-grades",
    "Moodle quiz: grades report",
    needs_course=True,
    detect=partial(_detect, responses=False),
    open=partial(QuizReport, responses=False),
)
RESPONSES = Format(
    "moodle-quiz-responses",
    "Moodle quiz: responses report",
    needs_course=True,
    detect=partial(_detect, responses=True),
    open=partial(QuizReport, responses=True),
)
FORMATS = (GRADES, RESPONSES)
