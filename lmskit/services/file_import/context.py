"""What the steps of one import share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.services.importing import Statements

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.record import QuizRecord, Source
    from lmskit.importers.report import ImportReport, MissingCheck, Outcome
    from lmskit.progress import Progress
    from lmskit.services.file_import.options import FoundOptions
    from lmskit.services.file_import.quizzes import Quizzes

FILES = ("people", "identities", "courses", "enrollments", "sections", "attempts", "excuses", "taken_back", "outcomes")
"""The `.sql` files of this package."""


@dataclass
class ImportContext:
    """One import while it runs: what it was asked for, and what its steps leave for later ones outside the temporary tables."""

    session: Session
    source: Source
    options: FoundOptions
    progress: Progress
    statements: dict[str, Statements] = field(init=False)
    """The parts of each file in `FILES`."""
    parts: list[str] = field(default_factory=list)
    """Names of the source's parts, in the order of reports."""
    enrollment_parts: set[str] = field(default_factory=set)
    """Parts that hold enrollments."""
    quiz_records: dict[str, tuple[QuizRecord, int | None]] = field(default_factory=dict)
    """The first record of each quiz by its key, and the position that names it, if that is counted."""
    quizzes: Quizzes | None = None
    n_messages: int = 0
    """Messages that were put into the outbox."""
    excused: defaultdict[str, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    """Students with their quizzes by the state of the excuse: those whose results no longer count (added), whose excuse ends (changed), and
    whose excuse is another's and stays beside a score (kept)."""
    ended_excuses: list[Outcome] = field(default_factory=list)
    """Excuses that end by a cell that is not counted."""
    taken_back: list[Outcome] = field(default_factory=list)
    """Scores that no longer count, since the file has none any more."""
    missing: list[Outcome] = field(default_factory=list)
    """Students whom no row names, though they have results at quizzes of the file."""
    removed: list[Outcome] = field(default_factory=list)
    """Their results that no longer count."""
    removal: MissingCheck | None = None
    """Whether so many students may lose results; None if the results stay."""
    absent: list[Outcome] = field(default_factory=list)
    """Students of the courses of a roster whom no row names, and who stay enrolled."""
    withdrawn: list[Outcome] = field(default_factory=list)
    """Students who were withdrawn because they are not in the file."""
    withdrawal: MissingCheck | None = None
    """Whether so many students may be withdrawn; None if those who are not in the file stay."""
    report: ImportReport | None = None

    def __post_init__(self) -> None:
        self.statements = {name: Statements(self.session, f"file_import/{name}.sql") for name in FILES}
