"""One report of a course whose sync was several imports."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from lmskit.importers.report import MAX_OUTCOMES, EntityCounts, FileCounts, ImportReport, RowFinding, by_importance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PEOPLE = "people"
"""The part of a sync that each of its imports has, with the same rows; all others divide their rows among them."""
DIVIDED = frozenset({"attempts", "excuses", "withdrawn", "messages"})
"""The kinds of entities of which each import has its own; of others the later ones name those of the first again."""
F = TypeVar("F", bound=RowFinding)


def whole_report(reports: Sequence[ImportReport]) -> ImportReport:
    """Return the reports of the imports of a sync as one, in which each row, and each entity, is counted once."""
    first, *later = reports
    if not later:
        return first
    outcomes = [*first.outcomes, *(each for report in later for each in report.outcomes if each.row is None or each.part != PEOPLE)]
    outcomes = list(dict.fromkeys(outcomes))
    return replace(
        first,
        sha256=hashlib.sha256("".join(report.sha256 for report in reports).encode()).hexdigest(),
        files=_files(first, later),
        entities=tuple(_entity(counts.kind, [report.entity(counts.kind) for report in reports]) for counts in first.entities),
        rejections=_findings([report.rejections for report in reports]),
        warnings=_findings([report.warnings for report in reports]),
        notes=tuple(dict.fromkeys(chain.from_iterable(report.notes for report in reports))),
        touched=tuple(dict.fromkeys(chain.from_iterable(report.touched for report in reports))),
        outcomes=tuple(outcomes if len(outcomes) <= MAX_OUTCOMES else by_importance(outcomes)[:MAX_OUTCOMES]),
        quizzes=tuple({quiz.title: quiz for report in reports for quiz in report.quizzes}.values()),
    )


def _files(first: ImportReport, later: Sequence[ImportReport]) -> tuple[FileCounts, ...]:
    found: defaultdict[str, list[FileCounts]] = defaultdict(list)
    for counts in (*first.files, *(each for report in later for each in report.files if each.file != PEOPLE)):
        found[counts.file].append(counts)
    return tuple(_file(name, counts) for name, counts in found.items())


def _file(name: str, counts: Sequence[FileCounts]) -> FileCounts:
    return FileCounts(
        name,
        sum(each.rows_in for each in counts),
        sum(each.added for each in counts),
        sum(each.changed for each in counts),
        sum(each.unchanged for each in counts),
        sum(each.rejected for each in counts),
        counts[0].skipped_columns,
    )


def _entity(kind: str, counts: Sequence[EntityCounts]) -> EntityCounts:
    """Count entities; one that an import added and a later one changed was added."""
    totals = [each.total for each in counts]
    total = sum(totals) if kind in DIVIDED else max(totals)
    added = sum(each.added for each in counts)
    changed = min(sum(each.changed for each in counts), total - added)
    return EntityCounts(kind, added, changed, total - added - changed)


def _findings(found: Sequence[Sequence[F]]) -> tuple[F, ...]:
    return tuple(dict.fromkeys(chain(found[0], _without_people(found[1:]))))


def _without_people(found: Sequence[Sequence[F]]) -> Iterator[F]:
    return (each for findings in found for each in findings if each.file != PEOPLE)
