"""The account of an import: what became of every unit, what was found, what there is to know."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from lmskit.importers.report import MAX_OUTCOMES, EntityCounts, FileCounts, ImportReport, Outcome
from lmskit.services.importing import Statements, add_warnings, rejections, warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.record import Source
    from lmskit.services.file_import.options import Options
    from lmskit.services.file_import.quizzes import Quizzes

KINDS = ("terms", "courses", "lecturers", "students", "enrollments", "weeks", "quizzes", "attempts", "withdrawn", "messages")
_HAS_UNDATED = text("""
    SELECT EXISTS (SELECT FROM file_place AS p JOIN file_enrollment AS e ON e.n = p.n WHERE p.state = 'added' AND e.started_on IS NULL)
""")
_NEEDS_COURSE = text("""
    SELECT EXISTS (SELECT FROM file_enrollment_row WHERE course = '')
        OR EXISTS (SELECT FROM file_attempt_row) OR EXISTS (SELECT FROM file_quiz)
""")


@dataclass
class Written:
    """What was done beside the units of the file."""

    n_messages: int = 0
    withdrawn: list[Outcome] = field(default_factory=list)
    """Students whom the file does not name."""


def make_report(session: Session, source: Source, options: Options, quizzes: Quizzes, written: Written, *, dry_run: bool) -> ImportReport:
    """Count what became of every unit, once everything is written, and make the report."""
    run = Statements(session, "file_import/outcomes.sql")
    run.build("file_outcome", "outcomes")
    run.run("rejections")
    add_warnings(session, source.warnings)
    order = [part.name for part in source.parts]
    units: dict[str, Counter[str]] = defaultdict(Counter)
    for name, state, count in cast("list[tuple[str, str, int]]", run.read("unit_states")):
        units[name][state] = count
    touched = cast("list[tuple[int, int, int]]", Statements(session, "file_import/attempts.sql").read("touched"))
    return ImportReport(
        format=source.format,
        name=source.name,
        sha256=source.sha256,
        dry_run=dry_run,
        files=tuple(
            FileCounts(
                file=part.name,
                rows_in=part.rows_in,
                added=units[part.name]["added"],
                changed=units[part.name]["changed"],
                unchanged=units[part.name]["unchanged"],
                rejected=units[part.name]["rejected"] + len(part.rejections),
                skipped_columns=tuple(part.skipped_columns),
            )
            for part in source.parts
        ),
        entities=_entities(run, quizzes, written),
        rejections=rejections(session, order),
        warnings=warnings(session, order),
        notes=(*source.notes, *_notes(session, options, written)),
        touched=tuple((student, course, week) for student, course, week in touched),
        outcomes=(*_outcomes(run, source, order), *written.withdrawn),
    )


def _entities(run: Statements, quizzes: Quizzes, written: Written) -> tuple[EntityCounts, ...]:
    things: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, state, count in cast("list[tuple[str, str, int]]", run.read("entity_states")):
        things[kind][state] = count
    things["weeks"] = Counter(added=len(quizzes.added_weeks), unchanged=quizzes.n_weeks - len(quizzes.added_weeks))
    things["withdrawn"] = Counter(changed=len(written.withdrawn))
    things["messages"] = Counter(added=written.n_messages)
    return tuple(EntityCounts(kind, things[kind]["added"], things[kind]["changed"], things[kind]["unchanged"]) for kind in KINDS)


def _outcomes(run: Statements, source: Source, order: Sequence[str]) -> list[Outcome]:
    """The first outcomes, those of rows that could not be read among the others."""
    found = [Outcome(*one) for one in cast("list[tuple[str, int, str | None, str, str, str]]", run.read("listed"))]
    unread = (one for part in source.parts for one in part.rejections)
    found += [Outcome(one.file, one.row, one.column, "rejected", "", one.reason) for one in unread]
    place = {name: position for position, name in enumerate(order)}
    found.sort(key=lambda one: (place[one.part], one.row or 0))
    return found[:MAX_OUTCOMES]


def _notes(session: Session, options: Options, written: Written) -> list[str]:
    notes = []
    if session.scalar(_HAS_UNDATED):
        notes.append("The file does not tell when students begin: new enrollments begin with the term, or on the day they end if earlier.")
    if options.course is not None and not session.scalar(_NEEDS_COURSE):
        notes.append(f"The file names its courses itself, so {options.course.code} was not needed.")
    if written.withdrawn:
        notes.append(f"Withdrawn because the file does not name them: {len(written.withdrawn):,}.")
    if written.n_messages:
        notes.append(f"Enrolled pending, until the message that confirms the place is accepted: {written.n_messages:,}.")
    return notes
