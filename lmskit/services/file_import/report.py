"""The report of an import: the outcome of every row and cell, rejections, warnings and notes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.importers import advice
from lmskit.importers.report import MAX_OUTCOMES, EntityCounts, FileCounts, ImportReport, Outcome, by_importance
from lmskit.services.importing import TouchedRow, add_warnings, all_rejections, all_warnings, states_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.importers.course_outcome import CourseOutcome
    from lmskit.importers.record import Source
    from lmskit.services.file_import.context import ImportContext
    from lmskit.services.importing import Statements

MOST_NAMED = 20
"""Outcomes that a note names."""
KINDS = ("terms", "courses", "lecturers", "students", "enrollments", "weeks", "quizzes", "attempts", "excuses", "withdrawn", "messages")
_HAS_UNDATED = text("""
    SELECT EXISTS (
        SELECT FROM file_planned_enrollment AS p JOIN file_enrollment AS e ON e.n = p.n WHERE p.state = 'added' AND e.started_on IS NULL
    )
""")
_NAMES_ITS_COURSES = text("""
    SELECT (EXISTS (SELECT FROM file_enrollment_row) OR EXISTS (SELECT FROM file_course_row))
        AND NOT EXISTS (SELECT FROM file_enrollment_row WHERE course = '')
        AND NOT EXISTS (SELECT FROM file_attempt_row) AND NOT EXISTS (SELECT FROM file_quiz)
""")
"""Whether the rows that could be read name their courses; a file without such rows does not show that."""


def make_report(context: ImportContext) -> None:
    """Count the outcomes, once everything is written, and make the report."""
    session, source, run = context.session, context.source, context.statements["outcomes"]
    prepared = context.options.prepared
    add_warnings(session, source.warnings)
    rows = states_of(run, "position_states")
    context.report = ImportReport(
        format=source.format,
        name=source.name,
        sha256=source.sha256,
        dry_run=context.options.asked.dry_run,
        files=(
            *([] if prepared is None else prepared.counts),
            *(
                FileCounts(
                    file=part.name,
                    rows_in=part.rows_in,
                    added=rows[part.name]["added"],
                    changed=rows[part.name]["changed"],
                    unchanged=rows[part.name]["unchanged"],
                    rejected=rows[part.name]["rejected"] + len(part.rejections),
                    skipped_columns=tuple(part.skipped_columns),
                )
                for part in source.parts
            ),
        ),
        entities=_entities(context),
        rejections=all_rejections(session, context.parts),
        warnings=all_warnings(session, context.parts),
        notes=(*source.notes, *([] if prepared is None else prepared.notes), *_notes(context)),
        touched=tuple(context.statements["attempts"].read("touched", TouchedRow)),
        outcomes=(
            *([] if prepared is None else prepared.outcomes),
            *_outcomes(run, source, context.parts),
            *context.ended_excuses,
            *context.taken_back,
            *context.removed,
            *context.missing,
            *context.absent,
            *context.withdrawn,
        ),
        withdrawal=context.withdrawal,
        removal=context.removal,
        quizzes=() if context.quizzes is None else context.quizzes.decisions(),
        course=_course(context),
    )


def _course(context: ImportContext) -> CourseOutcome | None:
    prepared = context.options.prepared
    if prepared is None or context.quizzes is None:
        return None
    return replace(prepared.course, quizzes=context.quizzes.of_course())


def _entities(context: ImportContext) -> tuple[EntityCounts, ...]:
    states = states_of(context.statements["outcomes"], "entity_states")
    prepared = context.options.prepared
    weeks: dict[int, str] = {}
    if context.quizzes is not None:
        weeks = dict.fromkeys(context.quizzes.used_weeks, "unchanged") | dict.fromkeys(context.quizzes.added_weeks, "added")
    if prepared is not None:
        weeks |= prepared.weeks
        states["courses"][prepared.outcomes[0].state] += 1
    states["weeks"] = Counter(weeks.values())
    states["attempts"]["changed"] += len(context.taken_back) + len(context.removed)
    states["withdrawn"] = Counter(changed=len(context.withdrawn))
    states["messages"] = Counter(added=context.n_messages)
    return tuple(EntityCounts(kind, states[kind]["added"], states[kind]["changed"], states[kind]["unchanged"]) for kind in KINDS)


def _outcomes(run: Statements, source: Source, order: list[str]) -> list[Outcome]:
    """The outcomes by part and row, among them those of rows that the reader rejected; changes before all others if there are too many."""
    found = run.read("first_outcomes", Outcome)
    rejections = (rejection for part in source.parts for rejection in part.rejections)
    found += [Outcome(rejection.file, rejection.row, rejection.column, "rejected", "", rejection.reason) for rejection in rejections]
    if len(found) > MAX_OUTCOMES:
        found = by_importance(found)[:MAX_OUTCOMES]
    index = {name: number for number, name in enumerate(order)}
    return sorted(found, key=lambda outcome: (index[outcome.part], outcome.row or 0))


def _notes(context: ImportContext) -> list[str]:
    session, options, notes = context.session, context.options, []
    if session.scalar(_HAS_UNDATED):
        notes.append("The file has no start days: new enrollments begin with the term, or on their last day if that is earlier.")
    if options.course is not None and session.scalar(_NAMES_ITS_COURSES):
        notes.append(f"The file names its courses itself, so {options.course.code} was not needed.")
    if context.quizzes is not None:
        notes.extend(context.quizzes.notes)
    excuses = (
        ("Students whom the file excuses, and whose results no longer count", "added"),
        ("Students whom the file excuses no longer", "changed"),
        (f"Students with results in the file who stay excused, since no file of its format excused them; {advice.EXCUSE}", "kept"),
    )
    notes += [_listed(about, found) for about, state in excuses if (found := context.excused[state])]
    if context.taken_back:
        notes.append(_listed("Scores that are not in the file any more and no longer count", context.taken_back))
    if context.missing:
        kept = f"stay; {advice.REMOVE_LATER}"
        notes.append(_listed(f"Students whom the file does not name, and whose results at its quizzes {kept}", context.missing))
    if context.removed:
        notes.append(
            _listed(
                "Results that no longer count, since the file does not name their students",
                context.removed,
                reasons=False,
            )
        )
    if context.absent:
        kept = f"who stay enrolled; {advice.WITHDRAW_LATER}"
        notes.append(_listed(f"Students whom the file does not name, and {kept}", context.absent, reasons=False))
    if context.withdrawn:
        notes.append(f"Students withdrawn because they are not in the file: {len(context.withdrawn):,}.")
    if context.n_messages:
        notes.append(f"Enrolled pending, until the message that confirms the enrollment is accepted: {context.n_messages:,}.")
    return notes


def _listed(about: str, outcomes: Sequence[Outcome], *, reasons: bool = True) -> str:
    """Return a note with the number of outcomes and the first of them by name."""
    details = (", ".join(filter(None, (found.reason if reasons else "", found.before))) for found in outcomes[:MOST_NAMED])
    named = "; ".join(f"{found.what} ({detail})" if detail else found.what for found, detail in zip(outcomes, details, strict=False))
    more = f"; and {len(outcomes) - MOST_NAMED:,} more, {advice.REPORT}" if len(outcomes) > MOST_NAMED else ""
    return f"{about}: {len(outcomes):,}. {named}{more}."
