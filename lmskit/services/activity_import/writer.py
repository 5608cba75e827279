"""Import what students did, from a log, a report or a file of events, into one course.

Nobody is enrolled, added or changed. Each record is one of a student of the course, or counted with the reason why it is left out.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from lmskit.errors import ImportFileError
from lmskit.importers.report import EntityCounts, FileCounts, ImportReport, shortened
from lmskit.progress import silent
from lmskit.queries.activity import named_staff, named_students
from lmskit.queries.course import course_by_code
from lmskit.rounding import count_text
from lmskit.services.activity_import.actors import NamedStudents, Unknown
from lmskit.services.importing import Statements, importing, record, states_of
from lmskit.services.staging_table import Int8, StagingTable
from lmskit.vocabulary import ActivityKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.activity import ActivityFile, ActorKey
    from lmskit.progress import Progress
    from lmskit.services.activity_import.actors import MeantStudent
    from lmskit.services.importing import ImportOptions

SQL = "activity_import/activity.sql"
MOST_NAMED = 10
"""People, or kinds of rows, that a note names."""
SHOWN_EVERY = 10_000
"""Records between two steps of the progress."""


class ActivityOptionRow(NamedTuple):
    """What holds for the whole file."""

    course_id: Int8
    source: str
    repeats: bool


class ActivityRow(NamedTuple):
    """A record of the file; `actor` is the number of its person."""

    row_number: int
    actor: int
    kind: str
    resource: str
    occurred_at: dt.datetime | None
    identity: str


class ActorRow(NamedTuple):
    """A person of the file, and the student who is meant."""

    actor: int
    student_id: Int8 | None


class ActorCountRow(NamedTuple):
    """How many records are of a person."""

    actor: int
    n_rows: int


OPTIONS = StagingTable("activity_option", ActivityOptionRow)
ROWS = StagingTable("activity_row", ActivityRow)
ACTORS = StagingTable("activity_actor", ActorRow)
TABLES = ("activity_option", "activity_row", "activity_actor", "activity_event", "import_rejection", "import_warning")


def import_activity(session: Session, file: ActivityFile, options: ImportOptions, *, progress: Progress = silent) -> ImportReport:
    """Store what students of a course did, and report the outcome of every row; the same rows again, from any file, change nothing.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    file
        As its reader opened it.
    options
        `course` is needed.
    progress
        Receives each step.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    ImportFileError
        The file cannot be read to its end, or none of its people is a student of the course.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    with importing(session, str(file.source), file.name, dry_run=options.dry_run) as run:
        course = course_by_code(session, options.course or "")
        numbers: dict[ActorKey, int] = {}
        progress("Reading the file", 0, None)
        OPTIONS.fill(session, [ActivityOptionRow(course.id, str(file.source), file.repeats)])
        ROWS.fill(session, _rows(file, numbers, progress))
        roster = NamedStudents(named_students(session, course.id), named_staff(session, course.id))
        meant = roster.meant_by(numbers)
        if numbers and all(each.student_id is None for each in meant.values()):
            people = count_text(len(numbers), "person", "people")
            raise ImportFileError(f"{file.name} is about {people}, none of whom is a student of {course.code}. Is it of another course?")
        ACTORS.fill(session, (ActorRow(number, meant[actor].student_id) for actor, number in numbers.items()))
        progress("Looking for what is new", 0, None)
        statements = Statements(session, SQL)
        statements.build("activity_event", "events")
        progress("Writing", 0, None)
        statements.run("add", "change")
        actors = list(numbers)
        counts = [(actors[row.actor - 1], row.n_rows) for row in statements.read("actors", ActorCountRow)]
        report = _report(file, states_of(statements, "states"), counts, meant, dry_run=options.dry_run)
        session.execute(text(f"DROP TABLE {', '.join(TABLES)}"))
        if not options.dry_run:
            record(session, run, report)
    return report


def _rows(file: ActivityFile, numbers: dict[ActorKey, int], progress: Progress) -> Iterator[ActivityRow]:
    """Give out the records, and number their people from 1."""
    for nth, found in enumerate(file.records(), 1):
        actor = numbers.setdefault(found.actor, len(numbers) + 1)
        yield ActivityRow(found.row, actor, str(found.kind), found.resource, found.occurred_at, found.identity)
        if nth % SHOWN_EVERY == 0:
            progress("Reading the file", nth, None)


def _report(
    file: ActivityFile,
    states: Mapping[str, Counter[str]],
    counts: Sequence[tuple[ActorKey, int]],
    meant: Mapping[ActorKey, MeantStudent],
    *,
    dry_run: bool,
) -> ImportReport:
    total = Counter[str]()
    for of_kind in states.values():
        total.update(of_kind)
    rejected, taken = len(file.tally.rejections), total.total()
    skipped: dict[Unknown, Counter[str]] = defaultdict(Counter)
    for actor, n_rows in counts:
        if (why := meant[actor].why) is not None:
            skipped[why][actor.words] += n_rows
    n_skipped = sum(each.total() for each in skipped.values()) + file.tally.left_out.total()
    sum_ = f"{taken:,} about students of the course + {rejected:,} rejected + {n_skipped:,} left out"
    notes = [f"{file.name}: {file.tally.rows_in:,} {file.counted} = {sum_}."]
    notes += [f"Left out {why}: {_named(each)}." for why, each in sorted(skipped.items())]
    if file.tally.left_out:
        notes.append(f"Left out of kinds that are not taken: {_named(file.tally.left_out)}.")
    return ImportReport(
        format=str(file.source),
        name=file.name,
        sha256=file.sha256,
        dry_run=dry_run,
        files=(
            FileCounts(f"{file.name}: {file.counted}", taken + rejected, total["added"], total["changed"], total["unchanged"], rejected),
        ),
        entities=tuple(
            EntityCounts(kind.value, states[kind]["added"], states[kind]["changed"], states[kind]["unchanged"])
            for kind in ActivityKind
            if kind in states
        ),
        rejections=tuple(file.tally.rejections),
        warnings=(),
        notes=(*notes, *file.notes),
    )


def _named(counts: Counter[str]) -> str:
    """Name the most frequent ones with how often they are there, and count the others."""
    named = [f"{shortened(what)} ({count:,})" for what, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]
    if len(named) <= MOST_NAMED:
        return ", ".join(named)
    shown = sum(sorted(counts.values(), reverse=True)[:MOST_NAMED])
    return f"{', '.join(named[:MOST_NAMED])} and {len(named) - MOST_NAMED:,} more ({counts.total() - shown:,})"
