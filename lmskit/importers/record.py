"""What an importer reads out of files: records, each with the place it stands at, and the count of what was read.

A record says what the file says. Whether it is new, a change or a mistake is found out by `services.file_import`, which
alone knows the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import MAX_REJECTIONS
from lmskit.importers.report import Rejection, shortened
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from lmskit.importers.report import RowWarning


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record stands: the unit that is counted.

    `part` is the name of a `Part`. `column` is None where the unit is a row; where the unit is a cell, such as a
    student's grade, it is the cell's header.
    """

    part: str
    row: int
    column: str | None = None


@dataclass(frozen=True, slots=True)
class PersonKey:
    """How a file names a person: looked for by the id of its system, then the student-information system's, then by address."""

    source_id: str | None = None
    sis_id: str | None = None
    email: str | None = None
    """In lower case, checked to be an address."""


@dataclass(frozen=True, slots=True)
class TermRecord:
    """A teaching period; the days are None where the file has none."""

    position: Position
    source_id: str
    code: str
    name: str
    starts_on: dt.date | None
    ends_on: dt.date | None


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """A person; an empty family name says that the file does not tell names."""

    position: Position
    key: PersonKey
    family_name: str
    given_name: str
    role: Role | None = None
    """None: the file does not tell; someone new is a student then."""


@dataclass(frozen=True, slots=True)
class CourseRecord:
    """A course; `term` is the `source_id` of a term, None where the file names none."""

    position: Position
    source_id: str
    code: str
    module_code: str
    title: str
    term: str | None = None


@dataclass(frozen=True, slots=True)
class EnrollmentRecord:
    """A student's place in a course, or that a lecturer teaches it.

    `course` is the `source_id` of a course, or the code of one that is here already; None is the course that the
    import is for.
    """

    position: Position
    person: PersonKey
    course: str | None = None
    role: Role = Role.STUDENT
    status: EnrollmentStatus = EnrollmentStatus.ACTIVE
    started_on: dt.date | None = None
    ended_on: dt.date | None = None
    is_implied: bool = False
    """Whether the file shows only that the student took part: it gives a place to who has none, and changes no other."""


@dataclass(frozen=True, slots=True)
class QuizRecord:
    """A quiz of the course that the import is for.

    `key` names it within the file and is its id in the source system where `has_source_id`; otherwise the quiz is
    found by its exact title. `questions` and `answer_key` are in their stored form (`lmskit.schemas.quiz`).
    """

    position: Position
    key: str
    has_source_id: bool
    title: str
    max_score: float | None
    """None: the file does not tell; a quiz that is here has one, and no other can be made."""
    week_number: int | None = None
    """None: the file does not tell."""
    questions: Sequence[dict[str, Any]] = ()
    answer_key: dict[str, dict[str, Any]] = field(default_factory=dict)
    due_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """A student's attempt at a quiz.

    With `is_total` it is a gradebook's figure: the file knows no attempts, only what came of them. It is stored where
    there is nothing better, and otherwise compared. `number` and `submitted_at` are None where the file does not tell.
    `answers` are in their stored form.
    """

    position: Position
    quiz: str
    person: PersonKey
    score: float | None
    max_score: float | None
    """None: that of its quiz."""
    is_total: bool
    number: int | None = None
    started_at: dt.datetime | None = None
    submitted_at: dt.datetime | None = None
    answers: Sequence[dict[str, Any]] = ()
    feedback: str | None = None


Record: TypeAlias = TermRecord | PersonRecord | CourseRecord | EnrollmentRecord | QuizRecord | AttemptRecord


class Part(Protocol):
    """A file, or the cells of one that are counted by themselves: what was read of it so far."""

    @property
    def name(self) -> str:
        """As reports name it."""

    @property
    def rows_in(self) -> int:
        """Units that were read, those that were rejected included."""

    @property
    def rejections(self) -> Sequence[Rejection]:
        """Units that the reader rejected; no record stands at their place."""

    @property
    def skipped_columns(self) -> Sequence[str]:
        """Columns that are not imported."""


class Cells:
    """The cells of a file that are counted by themselves, such as the grades in a gradebook."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows_in = 0
        self.rejections: list[Rejection] = []
        self.skipped_columns: tuple[str, ...] = ()

    def reject(self, row: int, column: str, value: str | None, reason: str) -> None:
        """Note that a cell is not imported.

        Raises
        ------
        ImportFileError
            There are too many for a report that anybody would read.
        """
        self.rejections.append(Rejection(self.name, row, column, None if value is None else shortened(value), reason))
        if len(self.rejections) > MAX_REJECTIONS:
            raise ImportFileError(f"More than {MAX_REJECTIONS:,} cells of {self.name} cannot be imported; the first: {self.rejections[0]}.")


class Source(Protocol):
    """What was found at a path: files of one format, opened and known to have its columns.

    `parts`, `notes` and `warnings` are complete once `records` is used up. `records` may be called again and then
    begins anew.
    """

    @property
    def format(self) -> str:
        """Name of the `Format`."""

    @property
    def system(self) -> str:
        """The system whose ids the records hold, such as `canvas`: `external_ids.source`."""

    @property
    def name(self) -> str:
        """File or folder name, without its path."""

    @property
    def sha256(self) -> str:
        """Of the content."""

    @property
    def is_partial(self) -> bool:
        """Whether the files hold only changes, so that a student who is not in them has not left."""

    @property
    def may_lack_a_course(self) -> bool:
        """Whether enrollments without a course are skipped if the import is for no course; otherwise it is refused."""

    @property
    def parts(self) -> Sequence[Part]:
        """What is counted, in the order in which reports list it."""

    @property
    def notes(self) -> Sequence[str]:
        """What a report should say about how the files were read."""

    @property
    def warnings(self) -> Sequence[RowWarning]:
        """What was taken though something about it is unusual."""

    def records(self) -> Iterator[Record]:
        """Read the files. A person, course, term or quiz may come before or after what refers to it.

        The records of one place come one after the other, and those of a row before those of its cells: cells are in the
        part `<part of the row>: ...`. The place of a quiz only says where it is named; it is no unit.
        """
