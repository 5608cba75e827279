"""Two reports on a Moodle quiz, one row per attempt: *grades* contains the scores, *responses* the questions and answers.

Both number the questions in the same way, so the two reports of one quiz are about the same attempts. They contain neither
the title of the quiz nor the time zone of their times.

Source of the format: `mod/quiz/report` of Moodle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from lmskit.errors import ImportFileError
from lmskit.importers.cell_meaning import CellMeaning, ResultColumn, meaning_of
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.grade_table import QuizReportTable, meanings_of, quiz_title, sum_of_scores
from lmskit.importers.matching.question_text import SeenVariants, is_drawn_at_random, variants
from lmskit.importers.moodle.person import SYSTEM, People
from lmskit.importers.moodle.quiz_layout import ROUNDING, SMALLEST, TIMES, layout_of
from lmskit.importers.moodle.rounded_scores import RoundedScores
from lmskit.importers.moodle.times import TOO_LONG, duration, instant
from lmskit.importers.moodle.words import NEVER_SUBMITTED, NO_GRADE, UNFINISHED, plain
from lmskit.importers.record import AttemptRecord, PersonKey, PersonRecord, Position, Record, ReportedSlot
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import visible_lines
from lmskit.importers.times import note_on_zone, zone_named

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ADDED_TO_TITLE = re.compile(
    r"-(?:grades|responses|Bewertungen|Antworten|notes|réponses|calificaciones|respuestas)(?: ?\(\d+\))?$", re.IGNORECASE
)
"""What Moodle adds to a quiz's title to make a file's name, and a browser to that of a second download."""
NOT_FINISHED = "is an attempt that is not finished"
CHANGED_BY_HAND = "is not the sum of its questions' scores: the grade was changed, or the score of a question is missing"
NOT_THE_SUM = "is not the sum of its questions' scores, even if blank answers have 0 points, so blank answers are not graded"
WITHOUT_TOTAL = "is a finished attempt without a total, so its blank answers are not graded"
TOO_LOW = "is below 0 by more than the points of the question, and the grade of the attempt does not show it"


@dataclass
class ReportedAnswers:
    """The answers of one attempt in their stored form; those that have neither response nor score are left out."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    blank: set[str] = field(default_factory=set)
    """The questions whose answers are blank: they have 0 points if the total of the attempt shows that."""
    waits: bool = False
    """Whether an answer requires grading, so that the attempt has no total yet."""

    def grade_blank(self, *, as_zero: bool) -> None:
        """Give 0 points for blank answers, or leave them out."""
        if as_zero:
            self.answers = [answer | {"score": 0.0} if answer["question"] in self.blank else answer for answer in self.answers]
        else:
            self.answers = [answer for answer in self.answers if answer["question"] not in self.blank]


class MoodleQuizReport(QuizReportTable):
    """An opened report; see `lmskit.importers.record.Source`."""

    system = SYSTEM
    groups_thousands = False

    def __init__(self, path: Path, options: ReadOptions, *, responses: bool) -> None:
        file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.layout = layout_of(file, options.columns)
        self.format = "moodle-quiz-responses" if responses else "moodle-quiz-grades"
        if self.layout.has_texts != responses:
            has, other = ("responses", "moodle-quiz-responses") if self.layout.has_texts else ("no responses", "moodle-quiz-grades")
            raise ImportFileError(f"{file.name} has {has} and is not in the format {self.format}. Import it as {other}.")
        self._total_meaning = meanings_of(ResultColumn.MOODLE_TOTAL)
        self._question_meaning = meanings_of(ResultColumn.MOODLE_QUESTION)
        super().__init__(file, options, self.layout.columns_read, title=quiz_title(path, options, ADDED_TO_TITLE))
        self.people = People(file, self.layout.fields, self.warnings)
        self._instant = partial(instant, zone=zone_named(options.time_zone))
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        self.warnings.clear()
        self._prompts = {question.number: SeenVariants() for question in self.layout.questions}
        self._right = {question.number: SeenVariants() for question in self.layout.questions}
        self._averages = self._without_attempt = self._ended_by_duration = self._unfinished = self._never_submitted = 0
        self._rounded = RoundedScores()

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        name = self.name
        notes = [
            *self.notes_on_format,
            self.note_on_title,
            f"{name}: {note_on_zone(self.options.time_zone)}",
        ]
        if self._ended_by_duration:
            notes.append(f"{name}: attempts whose end was computed from their duration: {self._ended_by_duration:,}.")
        if self._averages:
            notes.append(f"{name}: rows with averages are not counted: {self._averages:,}.")
        if self._without_attempt:
            notes.append(f"{name}: rows of students without an attempt are not counted: {self._without_attempt:,}.")
        if self._unfinished:
            notes.append(
                f"{name}: attempts that are not finished are not imported: {self._unfinished:,}. Nothing is wrong with the file: they "
                "come in when the report is imported again after their end."
            )
        if self._never_submitted:
            notes.append(
                f"{name}: attempts that were never submitted are not imported: {self._never_submitted:,}. Nothing is wrong with the file: "
                "Moodle gives them no grade."
            )
        if self.layout.is_scaled:
            notes.append(
                f"{name}: the points of the questions do not add up to {self.layout.max_score:g}, so scores are not compared with grades."
            )
        rounded = (f"{name}: {note}" for note in self._rounded.notes())
        return [*notes, *rounded, *self._notes_on_questions(), *self.warnings.notes]

    def _notes_on_questions(self) -> Iterator[str]:
        questions = self.layout.questions
        if questions:
            yield self.note_on_types
        if any(question.points is None for question in questions):
            yield (
                f"{self.name}: the report does not contain the points of the questions. Import the grades report before or after it; "
                "until then new questions have 0 points."
            )
        if questions and not any(seen.texts for seen in self._prompts.values()):
            yield (
                f"{self.name}: the report does not contain the texts of the questions. Import the responses report before or after it; "
                "until then new questions are called 'Question 1' and so on."
            )
        if drawn := [number for number, seen in self._prompts.items() if is_drawn_at_random(variants(seen.texts))]:
            yield f"{self.name}: questions drawn at random, of which the first text is kept: {', '.join(drawn)}."

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the student, the enrollment and the attempt; the quiz is the last record."""
        self.clear()
        self.detect_scores(self._number_cells())
        yield from self.attempt_records(self._attempt_rows())
        slots = [
            ReportedSlot(
                question.number,
                question.points,
                question.decimals,
                self._prompts[question.number].texts,
                self._right[question.number].texts,
            )
            for question in self.layout.questions
        ]
        yield self.quiz(self.layout.max_score, slots)

    def _number_cells(self) -> Iterator[str]:
        yield from self.layout.points_in_header
        columns = [self.layout.grade, *(question.score for question in self.layout.questions if question.score is not None)]
        for _, cells in self.file.rows():
            yield from (cells[column] for column in columns)

    def _attempt_rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the rows without averages, and without students who made no attempt."""
        for row, cells in self.file.rows():
            if self._has_times(cells):
                yield row, cells
            elif self._has_identifier(cells):
                self.file.rows_in -= 1
                self._without_attempt += 1
            elif not cells[self.people.columns["given_name"]].strip():
                self.file.rows_in -= 1
                self._averages += 1
            else:
                yield row, cells

    def _has_times(self, cells: Sequence[str]) -> bool:
        fields = self.layout.fields
        return any(cells[fields[field]].strip() not in NO_GRADE for field in TIMES if field in fields)

    def _has_identifier(self, cells: Sequence[str]) -> bool:
        return any(cells[column].strip() for field, column in self.people.columns.items() if field not in {"family_name", "given_name"})

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        return self.people.read(row, cells)

    def attempt(self, row: int, cells: tuple[str, ...], person: PersonKey) -> AttemptRecord:
        """Return the attempt of a row, or raise `RejectedRowError`."""
        started_at, submitted_at = self._times(cells)
        grade = self.total_in(row, self.layout.grade, cells, self._total_meaning[cells[self.layout.grade]])
        reported = self._answers(cells)
        self._compare(row, cells, grade, reported)
        self._keep_texts(cells)
        self._note_rounding(cells, grade, reported)
        return AttemptRecord(
            Position(self.name, row),
            self.title,
            person,
            None if grade is None else max(grade, 0.0),
            self.layout.max_score,
            is_total=False,
            started_at=started_at,
            submitted_at=submitted_at,
            answers=reported.answers,
            rounding=self.layout.rounding,
        )

    def _compare(self, row: int, cells: Sequence[str], grade: float | None, reported: ReportedAnswers) -> None:
        """Compare the scores of the questions with the grade, which shows whether blank answers have 0 points.

        Raises
        ------
        RejectedRowError
            A score is too low.
        """
        header, cell = self.file.header[self.layout.grade], cells[self.layout.grade].strip()
        points, graded = sum_of_scores(reported.answers)
        ratio = self.layout.ratio
        tolerance = (ROUNDING * (graded + len(reported.blank) + 1) + SMALLEST) * max(ratio, 1)
        is_sum = grade is not None and abs(points * ratio - grade) <= tolerance
        if grade is not None and not is_sum:
            self._refuse_too_low(cells)
        if reported.blank:
            as_zero = reported.waits if grade is None else is_sum
            reported.grade_blank(as_zero=as_zero)
            if not as_zero:
                self.warn(row, header, cell, WITHOUT_TOTAL if grade is None else NOT_THE_SUM)
        elif grade is not None and graded and not self.layout.is_scaled and not is_sum:
            self.warn(row, header, f"{cell} (questions {points:g})", CHANGED_BY_HAND)

    def _refuse_too_low(self, cells: Sequence[str]) -> None:
        for question in self.layout.questions:
            if question.score is None or self._question_meaning[cells[question.score]] is not CellMeaning.SCORE:
                continue
            if self.signed_score[cells[question.score]] < -(question.points or 0) - SMALLEST:
                raise RejectedRowError(self.file.header[question.score], cells[question.score], TOO_LOW)

    def _times(self, cells: Sequence[str]) -> tuple[dt.datetime | None, dt.datetime]:
        """Return when a finished attempt began and ended."""
        state, completed = self._field(cells, "state"), self._field(cells, "completed")
        if (word := plain(state[1])) in UNFINISHED:
            is_final = word in NEVER_SUBMITTED
            self._never_submitted += is_final
            self._unfinished += not is_final
            raise RejectedRowError(*state, NOT_FINISHED)
        started = self._field(cells, "started")
        started_at = None if started[1] in NO_GRADE else value(self._instant, *started)
        submitted_at = value(self._instant, *completed) if completed[1] not in NO_GRADE else self._end_by_duration(cells, started_at)
        if started_at and submitted_at < started_at:
            raise RejectedRowError(*completed, "is before the attempt began")
        return started_at, submitted_at

    def _end_by_duration(self, cells: Sequence[str], started_at: dt.datetime | None) -> dt.datetime:
        """Return the end of an attempt of which the report contains only beginning and duration."""
        time_taken = self._field(cells, "duration")
        if started_at is None or time_taken[1] in NO_GRADE:
            raise RejectedRowError(*self._field(cells, "completed"), NOT_FINISHED)
        try:
            submitted_at = started_at + value(duration, *time_taken)
        except OverflowError:
            raise RejectedRowError(*time_taken, TOO_LONG) from None
        self._ended_by_duration += 1
        return submitted_at

    def _field(self, cells: Sequence[str], field: str) -> tuple[str, str]:
        """Return the header and the text of a field's cell; both are empty if the report has no such column."""
        column = self.layout.fields.get(field)
        return ("", "") if column is None else (self.file.header[column], cells[column].strip())

    def _answers(self, cells: Sequence[str]) -> ReportedAnswers:
        found = ReportedAnswers()
        for question in self.layout.questions:
            response = None if question.response is None else _text_in(cells[question.response])
            cell = "" if question.score is None else cells[question.score]
            meaning = self._question_meaning[cell]
            score = None
            if meaning is CellMeaning.NOT_GRADED:
                found.waits = found.waits or bool(cell.strip())
            elif meaning is not CellMeaning.BLANK_ANSWER:
                score = value(self.signed_score.__getitem__, self.file.header[question.score or 0], cell)
            elif not question.points:
                score = 0.0  # Moodle shows no score for a question without points
            answer = {"question": question.number, "response": response, "score": score}
            is_blank = meaning is CellMeaning.BLANK_ANSWER and score is None and response is None
            if is_blank:
                found.blank.add(question.number)
            if is_blank or response is not None or score is not None:
                found.answers.append(answer)
        return found

    def _note_rounding(self, cells: Sequence[str], grade: float | None, reported: ReportedAnswers) -> None:
        """Note which scores of an attempt may be rounded."""
        if grade is not None:
            self._rounded.see(self.file.header[self.layout.grade], cells[self.layout.grade])
        graded = {answer["question"] for answer in reported.answers if answer["score"] is not None} - reported.blank
        for question in self.layout.questions:
            if question.score is not None and question.number in graded:
                self._rounded.see(self.file.header[question.score], cells[question.score])

    def _keep_texts(self, cells: Sequence[str]) -> None:
        """Keep what one student was asked, and the right answer to it."""
        for question in self.layout.questions:
            for column, seen in ((question.prompt, self._prompts), (question.right, self._right)):
                if column is not None and (text := _text_in(cells[column])):
                    seen[question.number].add(text)


def _text_in(cell: str) -> str | None:
    """Return the text of a question or a response; None if there is no text."""
    is_answer = meaning_of(ResultColumn.MOODLE_RESPONSE, cell) is CellMeaning.ANSWER
    return visible_lines(cell) or None if is_answer else None


def _format(name: str, title: str, *, responses: bool) -> Format:
    open_report = partial(MoodleQuizReport, responses=responses)
    return Format(name, title, needs_course=True, detect=detect_by_opening(open_report), open=open_report)


GRADES = _format("moodle-quiz-grades", "Moodle quiz: grades report", responses=False)
RESPONSES = _format("moodle-quiz-responses", "Moodle quiz: responses report", responses=True)
FORMATS = (GRADES, RESPONSES)
