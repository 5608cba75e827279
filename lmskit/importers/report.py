"""What became of each row of an imported file.

The promise of every importer is an identity: rows in = added + changed + unchanged + rejected. `FileCounts` cannot
be made without it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

LONGEST_VALUE = 200
"""Characters of a cell that a report repeats."""
STORED_FINDINGS = 1000
"""Rejections and warnings that are stored with a run in full; beyond that, their counts."""
MAX_OUTCOMES = 100_000
"""Outcomes that a report lists; beyond that, their counts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in a file, and what is to be said about it.

    `row` is the line that a text editor shows (the header is row 1); None where the whole file is meant. `column` is
    the header's name; None where the whole row is meant. `reason` is the same text for the same kind of finding, so
    findings can be counted by it.
    """

    file: str
    row: int | None
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        place = ", ".join([self.file, *([f"row {self.row}"] if self.row else []), *([f"column {self.column}"] if self.column else [])])
        value = "" if self.value is None else f" ({shortened(self.value)!r})"
        return f"{place}: {self.reason}{value}"


@dataclass(frozen=True, slots=True)
class Rejection(Finding):
    """A row that was not imported, and why."""


@dataclass(frozen=True, slots=True)
class RowWarning(Finding):
    """A row that was imported though something about it is unusual, and how it was taken."""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What became of the rows of one file.

    Raises
    ------
    ValueError
        A row is missing from the counts, or is counted twice: a mistake of the importer.
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
        """The counts as the sum they have to be."""
        return f"{self.rows_in} in = {self.added} added + {self.changed} changed + {self.unchanged} unchanged + {self.rejected} rejected"


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """What became of one kind of thing that the files tell of, such as students; several rows may tell of one."""

    kind: str
    added: int
    changed: int
    unchanged: int

    @property
    def total(self) -> int:
        """All of this kind that the files tell of and that were not rejected."""
        return self.added + self.changed + self.unchanged


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row or cell, and what it is about.

    `part` is the file, or the cells of one. `row` is None for what no row tells of: somebody who was withdrawn because
    the file does not name them. `state` is added, changed, unchanged, rejected or withdrawn. `what` says who or what it
    is, such as "Lovelace, Ada · CS101". `reason` says why it was rejected, or what is different of what was changed.
    """

    part: str
    row: int | None
    column: str | None
    state: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of one import; the same for a dry run, which writes nothing.

    `touched` holds the (student id, course id, week) keys whose evidence is new or different. `outcomes` are the first
    `MAX_OUTCOMES`, in the order of the files; an importer that knows only counts has none.
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
        """The counts of one kind of thing."""
        return next(entity for entity in self.entities if entity.kind == kind)

    def as_frame(self) -> pd.DataFrame:
        """What became of each row and cell, for a notebook: at most `MAX_OUTCOMES`, in the order of the files.

        =======  ======  =====================================================================
        part     str     the file, or the cells of one
        row      Int64   the line that a text editor shows; missing for what no row tells of
        column   str     the header of a cell that is counted by itself; empty for a row
        state    str     added, changed, unchanged, rejected or withdrawn
        what     str     who or what it is about
        reason   str     why it was rejected, or what is different
        =======  ======  =====================================================================
        """
        import pandas as pd

        columns = {"part": "str", "row": "Int64", "column": "str", "state": "str", "what": "str", "reason": "str"}
        rows = [(one.part, one.row, one.column or "", one.state, one.what, one.reason) for one in self.outcomes]
        return pd.DataFrame(rows, columns=list(columns)).astype(columns)

    def as_json(self) -> dict[str, Any]:
        """The report as it is stored with the run: at most `STORED_FINDINGS` of each list in full, all of them counted."""
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
    """How often the same was found in the same column of a file."""

    file: str
    column: str | None
    reason: str
    count: int


def counted(findings: Iterable[Finding]) -> list[FindingCount]:
    """Count findings by file, column and reason, in the order in which each was first found.

    Examples
    --------
    >>> counted([RowWarning("a.csv", 2, "day", "?", "has no day"), RowWarning("a.csv", 7, "day", "?", "has no day")])
    [FindingCount(file='a.csv', column='day', reason='has no day', count=2)]
    """
    counts = Counter((finding.file, finding.column, finding.reason) for finding in findings)
    return [FindingCount(*kind, count) for kind, count in counts.items()]


def shortened(value: str) -> str:
    """Return a cell as a report repeats it.

    Examples
    --------
    >>> len(shortened("x" * 5000))
    200
    """
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
