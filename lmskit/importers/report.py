"""The report of an import: the outcome of each row of a file.

Every importer promises that rows in = added + changed + unchanged + rejected. `FileCounts` cannot be created otherwise.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from lmskit.importers.course_outcome import CourseOutcome

LONGEST_VALUE = 200
"""The most characters of a cell that a report repeats."""
NAMED_ROWS = 4
"""The most rows that a sentence about several rows names."""
STORED_FINDINGS = 1000
"""The most rejections, and the most warnings, that are stored with a run; all of them are counted."""
MAX_OUTCOMES = 100_000
"""The most outcomes that a report lists; all of them are counted."""
STATES = ("changed", "withdrawn", "missing", "rejected", "added", "unchanged")
"""The states of outcomes; those first that a person should look at."""


@dataclass(frozen=True, slots=True)
class RowFinding:
    """A position in a file and a sentence about it.

    `row` is the line that a text editor shows (the header is row 1); None for the whole file. `column` is the header; None
    for the whole row. `reason` is the same text for the same kind of finding, so findings can be counted by it.
    """

    file: str
    row: int | None
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        return self.about([self.row] if self.row else [])

    def about(self, rows: Sequence[int]) -> str:
        """Return the sentence with the rows that it is about, of which the first few are named."""
        position = ", ".join([self.file, *([named_rows(rows)] if rows else []), *([f"column {self.column}"] if self.column else [])])
        value = "" if self.value is None else f" ({shortened(self.value)!r})"
        return f"{position}: {self.reason}{value}"


@dataclass(frozen=True, slots=True)
class Rejection(RowFinding):
    """A row that was not imported, and why."""


@dataclass(frozen=True, slots=True)
class RowWarning(RowFinding):
    """A row that was imported although something about it is unusual, and how it was understood."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """The outcomes of the rows of one file.

    Raises
    ------
    ValueError
        A row is missing from the counts, or is counted twice: a bug in the importer.
    """

    file: str
    rows_in: int
    added: int
    changed: int
    unchanged: int
    rejected: int
    skipped_columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.rows_in != self.added + self.changed + self.unchanged + self.rejected:
            raise ValueError(f"{self.identity()} does not hold for {self.file}")

    def identity(self) -> str:
        """Return the counts as a sum."""
        return f"{self.rows_in} in = {self.added} added + {self.changed} changed + {self.unchanged} unchanged + {self.rejected} rejected"


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """The outcomes of one kind of entity, such as students; several rows may be about one entity."""

    kind: str
    added: int
    changed: int
    unchanged: int

    @property
    def total(self) -> int:
        """The number of entities of this kind that were not rejected."""
        return self.added + self.changed + self.unchanged


class Outcome(NamedTuple):
    """The outcome of one row or cell, and what it is about.

    `part` is the file, or the cells of a file. `row` is None for a student whom the file does not contain: withdrawn, or missing
    although enrolled or with results that lmskit has. `state` is added, changed, unchanged, rejected, missing or withdrawn.
    `what` names the person or thing, such as "Lovelace, Ada · CS101". `reason` says why the row was rejected, or what has changed, and
    `before` and `after` are the old and the new values of what has changed.
    """

    part: str
    row: int | None
    column: str | None
    state: str
    what: str
    reason: str
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        position = ", ".join([self.part, *([f"row {self.row}"] if self.row else []), *([f"column {self.column}"] if self.column else [])])
        values = f" ({self.before or 'nothing'} → {self.after or 'nothing'})" if self.before or self.after else ""
        return f"{position}: {': '.join(filter(None, (self.what, self.reason)))}{values}"


@dataclass(frozen=True, slots=True)
class MissingCheck:
    """How many students are withdrawn, or lose results, because they are not in the file.

    `reasons` say why so many have to be confirmed by their number; empty if they need no confirmation.
    """

    count: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuizDecision:
    """What a person can decide about a quiz of the file that is not in lmskit, or not certainly.

    `week` is the week into which a new quiz is put; None if neither its title nor an option names one. `candidates` are the titles of the
    quizzes in lmskit that it may be. `needs_max_score` says that a new quiz needs a maximum score, which the file does not have.
    `is_open` says that its results are rejected until a person decides.
    """

    title: str
    week: int | None
    candidates: tuple[str, ...]
    needs_max_score: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of one import; the same for a dry run, which writes nothing.

    `touched` contains the (student id, course id, week) keys whose evidence is new or changed. `outcomes` are the first
    `MAX_OUTCOMES`, in the order of the files; an importer that only counts has no outcomes. `withdrawal` is None if students
    who are not in the file stay, and `removal` if their results do. `quizzes` are those that are not certainly in lmskit. `course` is that
    which the source describes, None if it describes none.
    """

    format: str
    name: str
    sha256: str
    dry_run: bool
    files: tuple[FileCounts, ...]
    entities: tuple[EntityCounts, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[RowWarning, ...]
    notes: tuple[str, ...]
    touched: tuple[tuple[int, int, int], ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    withdrawal: MissingCheck | None = None
    removal: MissingCheck | None = None
    quizzes: tuple[QuizDecision, ...] = ()
    course: CourseOutcome | None = None

    @property
    def total(self) -> FileCounts:
        """The counts of all files together."""
        return FileCounts(
            "all files",
            sum(file.rows_in for file in self.files),
            sum(file.added for file in self.files),
            sum(file.changed for file in self.files),
            sum(file.unchanged for file in self.files),
            sum(file.rejected for file in self.files),
        )

    def entity(self, kind: str) -> EntityCounts:
        """Return the counts of one kind of entity."""
        return next(entity for entity in self.entities if entity.kind == kind)

    def as_frame(self) -> pd.DataFrame:
        """Return the outcome of each row and cell, for a notebook: at most `MAX_OUTCOMES`, in the order of the files.

        =======  ======  =====================================================================
        part     str     the file, or the cells of a file
        row      Int64   the line that a text editor shows; missing for students who are not in the file
        column   str     the header of a cell that is counted by itself; empty for a row
        state    str     added, changed, unchanged, rejected, missing or withdrawn
        what     str     the person or thing that it is about
        reason   str     why it was rejected, or what has changed
        before   str     the old values of what has changed
        after    str     the new values of what has changed
        =======  ======  =====================================================================
        """
        import pandas as pd

        texts = ("state", "what", "reason", "before", "after")
        columns = {"part": "str", "row": "Int64", "column": "str", **dict.fromkeys(texts, "str")}
        rows = [(found.part, found.row, found.column or "", *(getattr(found, text) for text in texts)) for found in self.outcomes]
        return pd.DataFrame(rows, columns=list(columns)).astype(columns)

    def as_document(self) -> dict[str, Any]:
        """Return everything that the report knows, for a program: texts, whole numbers, lists and mappings.

        `files` and `total` have the counts of rows, `entities` those of students, courses and so on; `rejections`, `warnings`
        and `outcomes` (at most `MAX_OUTCOMES`) are the rows themselves.
        """
        return {
            "format": self.format,
            "name": self.name,
            "sha256": self.sha256,
            "dry_run": self.dry_run,
            "total": asdict(self.total),
            "files": [asdict(file) for file in self.files],
            "entities": [asdict(entity) for entity in self.entities],
            "rejections": [asdict(rejection) for rejection in self.rejections],
            "warnings": [asdict(warning) for warning in self.warnings],
            "notes": list(self.notes),
            "outcomes": [outcome._asdict() for outcome in self.outcomes],
            "withdrawal": None if self.withdrawal is None else asdict(self.withdrawal),
            "removal": None if self.removal is None else asdict(self.removal),
            "quizzes": [asdict(quiz) for quiz in self.quizzes],
            "course": None if self.course is None else self.course.as_document(),
        }

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is stored with the run: at most `STORED_FINDINGS` findings of each list, and the counts of all."""
        # Warnings have the keys of stored reports of earlier versions.
        return {
            "files": [asdict(file) for file in self.files],
            "entities": [asdict(entity) for entity in self.entities],
            "rejection_counts": [asdict(count) for count in counted(self.rejections)],
            "oddity_counts": [asdict(count) for count in counted(self.warnings)],
            "rejections": [asdict(rejection) for rejection in self.rejections[:STORED_FINDINGS]],
            "oddities": [asdict(warning) for warning in self.warnings[:STORED_FINDINGS]],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class FindingCount:
    """The number of equal findings in a column of a file."""

    file: str
    column: str | None
    reason: str
    count: int


def by_importance(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return outcomes with those first that a person should look at, and in their order otherwise.

    Examples
    --------
    >>> outcomes = [Outcome("a.csv", row, None, state, "", "") for row, state in enumerate(["added", "unchanged", "changed"], 2)]
    >>> [outcome.state for outcome in by_importance(outcomes)]
    ['changed', 'added', 'unchanged']
    """
    return sorted(outcomes, key=lambda outcome: STATES.index(outcome.state))


def counted(findings: Iterable[RowFinding]) -> list[FindingCount]:
    """Count findings by file, column and reason, in the order in which each was first found.

    Examples
    --------
    >>> counted([RowWarning("a.csv", 2, "day", "?", "has no day"), RowWarning("a.csv", 7, "day", "?", "has no day")])
    [FindingCount(file='a.csv', column='day', reason='has no day', count=2)]
    """
    counts = Counter((finding.file, finding.column, finding.reason) for finding in findings)
    return [FindingCount(*kind, count) for kind, count in counts.items()]


def same_findings(findings: Iterable[RowFinding]) -> list[tuple[RowFinding, ...]]:
    """Put findings together that differ in their row alone, in the order in which the first of each kind was found.

    Examples
    --------
    >>> [same] = same_findings([Rejection("a.csv", row, "day", "?", "is not a day") for row in range(2, 9)])
    >>> in_one_sentence(same)
    "a.csv, rows 2, 3, 4, 5 and 3 more, column day: is not a day ('?')"
    """
    kinds: dict[tuple[str, str | None, str | None, str], list[RowFinding]] = {}
    for finding in findings:
        kinds.setdefault((finding.file, finding.column, finding.value, finding.reason), []).append(finding)
    return [tuple(same) for same in kinds.values()]


def in_one_sentence(same: Sequence[RowFinding]) -> str:
    """Return findings that differ in their row alone as one sentence, which names the first rows."""
    return same[0].about([finding.row for finding in same if finding.row])


def named_rows(rows: Sequence[int]) -> str:
    """Name rows in words, at most `NAMED_ROWS` of them.

    Examples
    --------
    >>> named_rows([7]), named_rows([2, 9]), named_rows([2, 3, 4, 5, 6])
    ('row 7', 'rows 2 and 9', 'rows 2, 3, 4, 5 and 1 more')
    """
    if len(rows) == 1:
        return f"row {rows[0]}"
    last = f"{rows[-1]}" if len(rows) <= NAMED_ROWS else f"{len(rows) - NAMED_ROWS:,} more"
    named = rows[: min(NAMED_ROWS, len(rows) - 1)]
    return f"rows {', '.join(map(str, named))} and {last}"


def shortened(value: str) -> str:
    """Return a cell as reports repeat it.

    Examples
    --------
    >>> len(shortened("x" * 5000))
    200
    """
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
