r"""A Canvas "Student Analysis": one row per attempt at a quiz, with the answer to each question.

Canvas translates the words of the header, so columns are recognised by their order: name, id, [sis_id], [root_account],
section, section_id, [section_sis_id], submitted, [attempt], then two columns for each question, and three at the end.

In a cell, several answers are joined by commas, and a comma within an answer is written `\,`. The two sides of a match
are joined by `=>`, and so are a blank and what was put into it. A single answer is written as it is, so that only all
answers to a question together show which of these forms they have.

Source of the format: `app/models/quizzes/quiz_statistics/student_analysis.rb` of Canvas LMS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.canvas.person import SYSTEM, canvas_id, student
from lmskit.importers.cell import whole_number
from lmskit.importers.cell_meaning import CellMeaning, ResultColumn, meaning_of
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.grade_table import QuizReportTable, meanings_of, quiz_title, sum_of_scores
from lmskit.importers.record import AttemptRecord, PersonKey, PersonRecord, Position, Record, ReportedSlot
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import optional_instant, visible_lines
from lmskit.limits import LARGEST_SCORE, MOST_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ADDED_TO_TITLE = re.compile(r" (?:Quiz|Survey|Graded Survey|Practice Quiz) Student Analysis Report(?: ?\(\d+\))?$")
"""What Canvas adds to a quiz's title to make a file's name, and a browser to that of a second download."""
QUESTION = re.compile(r"(?P<id>[0-9]{1,20}): ?(?P<text>.*)", re.DOTALL)
POINTS = re.compile(r"(?:[0-9]{1,8}(?:[.,][0-9]{1,18})?)?", re.ASCII)
COLUMNS_AT_END = 3
"""n correct, n incorrect, score."""
ATTEMPT_NUMBER = re.compile(r"\s*[0-9]{1,6}\s*", re.ASCII)
PERSON_COLUMNS: Mapping[int, tuple[str, ...]] = {
    5: ("name", "id", "section", "section_id", "submitted"),
    6: ("name", "id", "root_account", "section", "section_id", "submitted"),
    7: ("name", "id", "sis_id", "section", "section_id", "section_sis_id", "submitted"),
    8: ("name", "id", "sis_id", "root_account", "section", "section_id", "section_sis_id", "submitted"),
}
"""The columns before the questions, by how many there are without `attempt`."""
FIELDS = ("name", "id", "sis_id", "submitted", "attempt")
NEEDED = ("name", "id", "submitted")
ROUNDING = 0.01
CANVAS_DECIMALS = 2
"""Decimals up to which points are compared with those of a bank."""
CHANGED_BY_HAND = "is not the sum of the answers' points: points were added or taken off by hand, or some answers are not graded"
BETWEEN_ANSWERS = re.compile(r"(?<!\\),")
BETWEEN_SIDES = re.compile(r"(?<!\\)=>")

AnswerText: TypeAlias = str | list[str] | dict[str, str]
"""An answer in its stored form: one text, several, or pairs."""

_attempt_number = whole_number(1, MOST_ATTEMPTS)


class AnswerForm:
    r"""The form in which the answers to one question are written.

    Examples
    --------
    >>> form = AnswerForm()
    >>> form.see(r"red\, deep,blue")
    >>> form.read(r"red\, deep,blue"), form.read("blue")
    (['red, deep', 'blue'], ['blue'])
    >>> form = AnswerForm()
    >>> form.see("France=>Paris,Italy=>Rome")
    >>> form.read("France=>Rome,Italy=>Paris")
    {'France': 'Rome', 'Italy': 'Paris'}
    >>> AnswerForm().read("because, I think, a > b")
    'because, I think, a > b'
    """

    def __init__(self) -> None:
        self.is_seen = False
        self.has_pairs = True
        self.has_lists = False

    def see(self, cell: str) -> None:
        """Look at an answer, before any answer is read."""
        self.is_seen = True
        self.has_lists = self.has_lists or "\\," in cell
        self.has_pairs = self.has_pairs and _pairs(cell) is not None

    def read(self, cell: str) -> AnswerText:
        """Return an answer in its stored form."""
        if self.is_seen and self.has_pairs and (pairs := _pairs(cell)):
            return pairs
        if self.has_lists:
            return [_unescaped(answer) for answer in BETWEEN_ANSWERS.split(cell)]
        return cell


def _pairs(cell: str) -> dict[str, str] | None:
    """Return the pairs of an answer; None if a part of it is not a pair, or two pairs have the same left side."""
    sides = [BETWEEN_SIDES.split(answer, maxsplit=1) for answer in BETWEEN_ANSWERS.split(cell)]
    if not all(len(pair) == 2 and pair[0].strip() for pair in sides):  # noqa: PLR2004 - a pair
        return None
    pairs = {_unescaped(left): _unescaped(right) for left, right in sides}
    return pairs if len(pairs) == len(sides) else None


def _unescaped(text: str) -> str:
    return text.replace("\\,", ",").replace("\\=>", "=>")


@dataclass(frozen=True, slots=True)
class AnalysedQuestion:
    """A question and the column of its answers; the column of the points for them is the next."""

    column: int
    header: str
    id: str
    text: str
    points: float


@dataclass(frozen=True)
class StudentAnalysisLayout:
    """Which columns of a report contain what; columns are given by their index."""

    fields: Mapping[str, int]
    """The columns of student, time and number of the attempt, by their English name."""
    questions: tuple[AnalysedQuestion, ...]
    score: int

    @property
    def columns_read(self) -> set[int]:
        """The columns that are read."""
        return {*self.fields.values(), self.score, *(question.column + offset for question in self.questions for offset in (0, 1))}


class StudentAnalysis(QuizReportTable):
    """An opened report; see `lmskit.importers.record.Source`."""

    format = "canvas-quiz"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = _opened(path, options.delimiter)
        self.layout = layout_of(file, options.columns)
        super().__init__(file, options, self.layout.columns_read, title=quiz_title(path, options, ADDED_TO_TITLE))
        self._all_points = sum(question.points for question in self.layout.questions)
        self._total_meaning = meanings_of(ResultColumn.CANVAS_TOTAL)
        self._points_meaning = meanings_of(ResultColumn.CANVAS_QUESTION)
        self.clear()

    def clear(self) -> None:
        """Forget what was read, before the file is read again."""
        self.warnings.clear()
        self._forms = {question.id: AnswerForm() for question in self.layout.questions}
        self._largest_maximum = 0.0

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        return [*self.notes_on_format, self.note_on_title, self.note_on_types, *self.warnings.notes]

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the student, the enrollment and the attempt; the quiz is the last record."""
        self.clear()
        self.detect_scores(self._number_cells())
        yield from self.attempt_records(self.file.rows())
        slots = [
            ReportedSlot(question.id, question.points, CANVAS_DECIMALS, (question.text,), shows_options=True)
            for question in self.layout.questions
        ]
        yield self.quiz(self._largest_maximum or self._all_points, slots)

    def _number_cells(self) -> Iterator[str]:
        """Give out the cells with numbers; on the way, look at the answers for their form."""
        for _, cells in self.file.rows():
            yield cells[self.layout.score]
            for question in self.layout.questions:
                yield cells[question.column + 1]
                answer = cells[question.column].strip()
                if meaning_of(ResultColumn.CANVAS_RESPONSE, answer) is CellMeaning.ANSWER:
                    self._forms[question.id].see(answer)

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        header, fields = self.file.header, self.layout.fields
        name, identifier = fields["name"], fields["id"]
        if not cells[identifier].strip():
            raise RejectedRowError(header[identifier], cells[identifier], "is empty: the student was not signed in, or has left Canvas")
        position = Position(self.name, row)
        source_id = value(
            canvas_id, header[identifier], self.person_cells.optional_id(position, header[identifier], cells[identifier]) or ""
        )
        found = self.person_cells.full_name(position, header[name], cells[name])
        sis_id = self.person_cells.optional_id(position, "sis_id", cells[fields["sis_id"]] if "sis_id" in fields else "")
        return student(position, PersonKey(source_id, sis_id), found)

    def attempt(self, row: int, cells: tuple[str, ...], person: PersonKey) -> AttemptRecord:
        """Return the attempt of a row, or raise `RejectedRowError`."""
        header, fields = self.file.header, self.layout.fields
        submitted_at = value(optional_instant, header[fields["submitted"]], cells[fields["submitted"]])
        number = None
        if "attempt" in fields and (cell := cells[fields["attempt"]].strip()):
            number = value(_attempt_number, header[fields["attempt"]], cell)
        total = cells[self.layout.score]
        score = self.total_in(row, self.layout.score, cells, self._total_meaning[total])
        answers, max_score = self._answers(cells)
        points, graded = sum_of_scores(answers)
        if score is not None and 0 < graded == len(answers) and abs(points - score) > ROUNDING:
            self.warn(row, header[self.layout.score], f"{total} (answers {points:g})", CHANGED_BY_HAND)
        self._largest_maximum = max(self._largest_maximum, max_score)
        return AttemptRecord(
            Position(self.name, row),
            self.title,
            person,
            None if score is None else max(score, 0.0),
            max_score,
            is_total=False,
            number=number,
            submitted_at=submitted_at,
            answers=answers,
        )

    def _answers(self, cells: tuple[str, ...]) -> tuple[list[dict[str, Any]], float]:
        """Return the answers of a row and their maximum score; two blank cells are a question that this student did not get."""
        answers: list[dict[str, Any]] = []
        max_score = 0.0
        for question in self.layout.questions:
            cell, points = cells[question.column].strip(), cells[question.column + 1].strip()
            has_answer = meaning_of(ResultColumn.CANVAS_RESPONSE, cell) is CellMeaning.ANSWER
            if not has_answer and not points:
                continue
            score = None
            if self._points_meaning[points] is not CellMeaning.NOT_GRADED:
                score = value(self.signed_score.__getitem__, f"points of {question.header}", points)
            response = self._forms[question.id].read(cell) if has_answer else None
            answers.append({"question": question.id, "response": response, "score": score})
            max_score += question.points
        return answers, max_score or self._all_points


def _opened(path: Path, delimiter: str | None) -> CsvFile:
    return CsvFile(path, [], whole=True, delimiter=delimiter)


def layout_of(file: CsvFile, fields: Mapping[str, str]) -> StudentAnalysisLayout:
    """Read the header, and the first row if the header alone does not show what the columns are.

    Parameters
    ----------
    file
        An opened report.
    fields
        Headers that were given for columns, by the English name of the column; an empty one says that the report has no such column.

    Raises
    ------
    ImportFileError
        It is not such a report, or its rows do not name students.
    """
    header = file.header
    first = next((column for column, text in enumerate(header) if QUESTION.fullmatch(text)), None)
    if first is None or first + 2 + COLUMNS_AT_END > len(header) or (len(header) - COLUMNS_AT_END - first) % 2:
        raise ImportFileError(
            f"{file.name} is not a Student Analysis, which has columns about the student, then two for each question, such as "
            "“101: What is …” and “1.0”, and three at the end."
        )
    given = {name: column for name, column in fields.items() if column or name in NEEDED}
    found = _given_fields(file, header[:first], given) if given else _fields(file, header[:first])
    found = {name: column for name, column in found.items() if fields.get(name) != ""}
    return StudentAnalysisLayout(found, _questions(file, first), len(header) - 1)


def _given_fields(file: CsvFile, header: Sequence[str], fields: Mapping[str, str]) -> Mapping[str, int]:
    unknown = [column for name, column in fields.items() if name not in FIELDS or column not in header]
    missing = [name for name in NEEDED if name not in fields]
    if unknown or missing:
        raise ImportFileError(
            f"{file.name}: {advice.MAP_ANALYSIS} {', '.join(NEEDED)} and, if there are any, sis_id and attempt; "
            f"the columns before the questions are {', '.join(map(shortened, header))}."
        )
    return {name: header.index(column) for name, column in fields.items()}


def _fields(file: CsvFile, header: Sequence[str]) -> Mapping[str, int]:
    """Find the columns by their English names, else by how many there are."""
    english = {name: header.index(name) for name in FIELDS if name in header}
    if all(name in english for name in NEEDED):
        return english
    first_row = next((cells for _, cells in file.rows()), None)
    is_numbered = header[-1:] == ["attempt"] or (first_row is not None and bool(ATTEMPT_NUMBER.fullmatch(first_row[len(header) - 1])))
    names = PERSON_COLUMNS.get(len(header) - is_numbered)
    if names is None:
        found = ", ".join(map(shortened, header)) or "no columns"
        raise ImportFileError(
            f"{file.name} has {found} before its questions. An anonymous report does not name students, so it cannot be imported. "
            f"If it names them, {advice.MAP_NAMED_ANALYSIS}"
        )
    columns = (*names, "attempt") if is_numbered else names
    return {name: column for column, name in enumerate(columns) if name in FIELDS}


def _questions(file: CsvFile, first: int) -> tuple[AnalysedQuestion, ...]:
    questions: dict[str, AnalysedQuestion] = {}
    for column in range(first, len(file.header) - COLUMNS_AT_END, 2):
        header, points = file.header[column : column + 2]
        found = QUESTION.fullmatch(header)
        if not found or not POINTS.fullmatch(points.strip()):
            raise ImportFileError(
                f"{file.name}, column {column + 1}: a question and its points are expected, such as “101: What is …” and “1.0”; "
                f"it has {shortened(header)!r} and {shortened(points)!r}."
            )
        if found["id"] in questions:
            raise ImportFileError(f"{file.name} has the question {found['id']} twice. Export the report again.")
        text = visible_lines(found["text"]) or f"Question {found['id']}"
        questions[found["id"]] = AnalysedQuestion(column, header, found["id"], text, float(points.strip().replace(",", ".") or 0))
    if sum(question.points for question in questions.values()) > LARGEST_SCORE:
        raise ImportFileError(
            f"{file.name}: its questions have more than {LARGEST_SCORE:,} points altogether, which is the most that a quiz may have."
        )
    return tuple(questions.values())


def detect(path: Path) -> bool:
    """Return whether a file has the header of a Student Analysis."""
    try:
        layout_of(_opened(path, None), {})
    except ImportFileError:
        return False
    return True


FORMAT = Format("canvas-quiz", "Canvas quiz: Student Analysis", needs_course=True, detect=detect, open=StudentAnalysis)
