"""The records that readers make of files, each with its position.

A record contains what the file says. `services.file_import` compares it with the database: whether it is new, a change or
a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import MAX_REJECTIONS
from lmskit.importers.report import Rejection, shortened
from lmskit.vocabulary import EnrollmentStatus, Role, SectionKind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from lmskit.importers.report import RowWarning


class Position(NamedTuple):
    """The row or cell of a record; it is counted once.

    `part` is the name of a `Part`. `column` is None for a row; for a cell, such as a student's grade, it is the header.
    """

    part: str
    row: int
    column: str | None = None


class PersonKey(NamedTuple):
    """The ids by which a file names a person, who is found by the id of its system, then the SIS id, then the address."""

    source_id: str | None = None
    sis_id: str | None = None
    email: str | None = None
    """A valid address in lower case."""


@dataclass(frozen=True, slots=True)
class TermRecord:
    """A teaching period; a day is None if the file does not contain it."""

    position: Position
    source_id: str
    code: str
    name: str
    starts_on: dt.date | None
    ends_on: dt.date | None


class PersonRecord(NamedTuple):
    """A person; the family name is empty if the file does not contain names."""

    position: Position
    key: PersonKey
    family_name: str
    given_name: str
    role: Role | None = None
    """None if the file does not contain it; a new person is a student then, unless `needs_role`."""
    needs_role: bool = False
    """Whether a new person is rejected if neither this nor an enrollment contains a role."""
    is_split: bool = False
    """Whether the name was in one cell without a comma, so that its words may be split otherwise in lmskit."""
    doubt: str | None = None
    """Why the name may be split wrongly: a warning if the name is written."""


@dataclass(frozen=True, slots=True)
class CourseRecord:
    """A course; `term` is the `source_id` of a term, None if the file names no term."""

    position: Position
    source_id: str
    code: str
    module_code: str
    title: str
    term: str | None = None


class SectionName(NamedTuple):
    """A section or group that a row names; an empty name says that the row's student is in none of this kind."""

    kind: SectionKind
    name: str


TEACHER_LEFT = (
    "says that a teacher left, who keeps every role in lmskit; to end one: lmskit staff remove CODE EMAIL, or lmskit course hand-over"
    " CODE EMAIL"
)
"""Why the row of a teacher who left is rejected: no file takes a right away."""


class EnrollmentRecord(NamedTuple):
    """The enrollment of a student in a course, or of a lecturer who teaches it.

    `course` is the `source_id` of a course, or the code of a course in lmskit; None for the course that the import is for.
    """

    position: Position
    person: PersonKey
    course: str | None = None
    role: Role = Role.STUDENT
    status: EnrollmentStatus = EnrollmentStatus.ACTIVE
    started_on: dt.date | None = None
    ended_on: dt.date | None = None
    is_implied: bool = False
    """Whether the file shows only that the student took part: it adds a missing enrollment and changes no other."""
    sections: tuple[SectionName, ...] = ()
    """At least one of each kind that the file has a column for; the student leaves those of this kind that no row names."""


@dataclass(frozen=True, slots=True)
class ReportedSlot:
    """A question that a report numbers, with what the report says about it.

    `texts` and `right_answers` have each text once, whatever the order of its options (`matching.question_text.SeenVariants`).
    """

    name: str
    points: float | None = None
    """None if the report does not contain them."""
    decimals: int = 0
    """With how many decimals the points are written."""
    texts: Sequence[str] = ()
    right_answers: Sequence[str] = ()
    shows_options: bool = False
    """Whether answers are the texts of options, although the report does not list the options."""


@dataclass(frozen=True, slots=True)
class QuizRecord:
    """A quiz of the course that the import is for.

    `key` identifies it within the file. If `has_source_id`, it is the id in the source system; otherwise the quiz is
    found by its exact title. `questions` and `answer_key` are in their stored form (`lmskit.schemas.quiz`).
    """

    position: Position
    key: str
    has_source_id: bool
    title: str
    max_score: float | None
    """None if the file does not contain it; such a quiz has to be in lmskit already."""
    week_number: int | None = None
    """None if the file does not contain it."""
    questions: Sequence[dict[str, Any]] = ()
    answer_key: dict[str, dict[str, Any]] = field(default_factory=dict)
    due_on: dt.date | None = None
    slots: Sequence[ReportedSlot] = ()
    """The numbered questions of a report, which has no `questions` then: the texts of answers are joined to options later."""
    is_named_by_file: bool = False
    """Whether the title is the name of the file, which may lack characters and have the short name of the course in front."""


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """A student's attempt at a quiz.

    With `is_total` it is a cell of a gradebook, which contains the result of attempts and not the attempts. It is stored if
    lmskit has no attempts, and otherwise compared with them. `number` and `submitted_at` are None if the file does not
    contain them. `answers` are in their stored form.
    """

    position: Position
    quiz: str
    person: PersonKey
    score: float | None
    max_score: float | None
    """None for the maximum score of its quiz."""
    is_total: bool
    number: int | None = None
    started_at: dt.datetime | None = None
    submitted_at: dt.datetime | None = None
    answers: Sequence[dict[str, Any]] = ()
    feedback: str | None = None
    rounding: float = 0.0
    """By how much the file may have rounded each score: one that is stored and differs by no more is the same, and more exact."""


@dataclass(frozen=True, slots=True)
class ExcuseRecord:
    """A cell or row that excuses a student from a quiz."""

    position: Position
    quiz: str
    """The key of its `QuizRecord`."""
    person: PersonKey
    beside_results: bool = False
    """Whether the student may have results of the quiz in the file as well, which are stored and do not count."""


@dataclass(frozen=True, slots=True)
class AbsentScore:
    """A cell that says that a student has no score, so that one from an earlier export no longer counts.

    Most cells without a score never had one, so such cells are not counted. Its person has other records in the same row.
    """

    position: Position
    quiz: str
    """The key of its `QuizRecord`."""
    person: PersonKey
    why: str
    """What the cell means, such as `not assigned`."""


Record: TypeAlias = TermRecord | PersonRecord | CourseRecord | EnrollmentRecord | QuizRecord | AttemptRecord | ExcuseRecord | AbsentScore


class Part(Protocol):
    """A file, or the cells of a file that are counted by themselves, with the counts of what was read so far."""

    @property
    def name(self) -> str:
        """The name in reports."""

    @property
    def rows_in(self) -> int:
        """Rows or cells that were read, rejected ones included."""

    @property
    def rejections(self) -> Sequence[Rejection]:
        """Rows or cells that the reader rejected; no record has their position."""

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
        """Reject a cell.

        Raises
        ------
        ImportFileError
            There are more rejections than a report can list.
        """
        self.rejections.append(Rejection(self.name, row, column, None if value is None else shortened(value), reason))
        if len(self.rejections) > MAX_REJECTIONS:
            raise ImportFileError(f"More than {MAX_REJECTIONS:,} cells of {self.name} cannot be imported; the first: {self.rejections[0]}.")


class Source(Protocol):
    """Opened files of one format, which have the columns of the format.

    `parts`, `notes` and `warnings` are complete once `records` is exhausted. `records` may be called again and then starts
    again.
    """

    @property
    def format(self) -> str:
        """Name of the `Format`."""

    @property
    def system(self) -> str:
        """The system whose ids the records contain, such as `canvas`: `external_ids.source`."""

    @property
    def name(self) -> str:
        """File or folder name, without its path."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content."""

    @property
    def is_partial(self) -> bool:
        """Whether the files hold only changes, or nobody at all, so that a student who is not in them has not left."""

    @property
    def may_lack_a_course(self) -> bool:
        """Whether enrollments without a course are skipped if the import is for no course; otherwise it is refused."""

    @property
    def parts(self) -> Sequence[Part]:
        """The parts that are counted, in the order of reports."""

    @property
    def notes(self) -> Sequence[str]:
        """Notes for the report on how the files were read."""

    @property
    def warnings(self) -> Sequence[RowWarning]:
        """Rows that are imported although something about them is unusual."""

    def records(self) -> Iterator[Record]:
        """Read the files. A person, course, term or quiz may come before or after what refers to it.

        The records of one position follow each other, and those of a row come before those of its cells: cells are in the
        part `<part of the row>: ...`. The position of a quiz only says where the file names it; it is not counted.
        """
