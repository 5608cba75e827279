"""Take an import back in one transaction: read what it did, check each row, write, and report three lists."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import DateTime, cast, func, select, text

from lmskit.errors import ConflictError, NotRecordedError, UndoneImportError
from lmskit.models import AuditEntry
from lmskit.progress import silent
from lmskit.queries.import_run import import_run, undone_by, written_row_counts
from lmskit.services.import_undo import trail
from lmskit.services.import_undo.checking import check_added, check_changed, check_since
from lmskit.services.import_undo.report import KEPT, TakenBack, UndoReport, Untouched, Why
from lmskit.services.import_undo.restoring import put_back, remove
from lmskit.services.import_undo.written import PERSON, REMOVED, WRITTEN
from lmskit.services.importing import importing, lock_imports
from lmskit.services.permission import administrators_only
from lmskit.services.planner import joining_whole_tables
from lmskit.vocabulary import ImportStatus

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import ImportRun
    from lmskit.progress import Progress

FORMAT = "undo"
"""`import_runs.format` of a run that takes another back."""
MOST_JOINED_ONE_BY_ONE = 10_000
"""Written rows that are looked up one by one; of more, whole tables are joined, whatever the planner takes for their size."""
MOST_NAMED = 1_000
"""Rows of one kind and reason that a report names."""
TOUCHED = """
    SELECT DISTINCT a.student_id, a.course_id, q.week_number
    FROM quiz_attempts AS a JOIN quizzes AS q ON q.id = a.quiz_id
    WHERE a.id IN (SELECT u.id FROM undo_quiz_attempts AS u WHERE u.reason IS NULL)
        OR a.id IN (SELECT u.id FROM undo_changed_quiz_attempts AS u WHERE u.reason IS NULL)
        OR a.quiz_id IN (SELECT u.id FROM undo_changed_quizzes AS u WHERE u.reason IS NULL)
    UNION
    SELECT a.student_id, a.course_id, CAST(u.new ->> 'week_number' AS integer)
    FROM undo_changed_quizzes AS u JOIN quiz_attempts AS a ON a.quiz_id = u.id
    WHERE u.reason IS NULL AND u.new ->> 'week_number' IS NOT NULL
    UNION
    SELECT x.student_id, x.course_id, q.week_number
    FROM (
        SELECT student_id, course_id, quiz_id FROM undo_quiz_exceptions WHERE reason IS NULL
        UNION ALL
        SELECT student_id, course_id, quiz_id FROM undo_changed_quiz_exceptions WHERE reason IS NULL
        UNION ALL
        SELECT student_id, course_id, quiz_id FROM undo_removed_quiz_exceptions WHERE reason IS NULL
    ) AS x
    JOIN quizzes AS q ON q.id = x.quiz_id
"""
"""Once changed rows are put back: a quiz is in its former week again, and the one that the import gave it loses evidence too."""
RELEASED = text("""
    SELECT DISTINCT r.stored_as FROM materials AS r JOIN undo_materials AS u ON u.id = r.id
    WHERE u.reason IS NULL AND r.stored_as IS NOT NULL ORDER BY 1
""")
"""The files of materials that go."""
STILL_THERE = text("""
    SELECT u.student_id, u.course_id, u.week_number FROM undo_touched AS u
    WHERE EXISTS (SELECT FROM student_enrollments AS e WHERE e.course_id = u.course_id AND e.student_id = u.student_id)
        AND EXISTS (SELECT FROM syllabi AS s WHERE s.course_id = u.course_id AND s.week_number = u.week_number)
    ORDER BY 2, 1, 3
""")


@administrators_only("take an import back")
def undo_import(session: Session, number: int, *, dry_run: bool = False, progress: Progress = silent) -> UndoReport:
    """Take an import back: remove what it added, and put back what it changed.

    What others have changed since stays as it is, and so does what later evidence rests on, what is in a term that is closed or archived,
    and a message that was sent; the report names it. Of a person who was erased nothing comes back. The mastery of `UndoReport.touched` is
    out of date afterwards: `services.mastery.refresh` computes it again. An undo is a run of its own in the list of imports; where
    something stays, the import can be undone again once what keeps it is gone.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    number
        Of the import, as `queries.import_run.import_runs` has it.
    dry_run
        Report what would happen and write nothing.
    progress
        Receives each step.

    Raises
    ------
    ImportRunNotFoundError
        There is no such import.
    NotRecordedError
        What it wrote is not known, or not any more.
    UndoneImportError
        It is itself an undo.
    NotPermittedError
        The signed-in person is not an administrator.
    ConflictError
        Another person changed the same rows at the same time.
    """
    progress("Waiting for imports to end", 0, None)
    lock_imports(session)
    undone = import_run(session, number)
    _require_record(session, undone)
    try:
        is_large = undone.added + undone.changed > MOST_JOINED_ONE_BY_ONE
        joining = joining_whole_tables(session) if is_large else nullcontext()
        with importing(session, FORMAT, undone.name, dry_run=dry_run, undoes=undone.id) as run, joining:
            report = _undo(session, undone, dry_run=dry_run, progress=progress)
            if dry_run:
                pass
            elif report.n_taken_back:
                _record(session, run, report)
                report = replace(report, undone_by=run.id)
            else:
                session.delete(run)
                session.flush()
            session.execute(text("DROP TABLE import_rejection, import_warning"))
    except ConflictError:
        raise ConflictError("Another person changed the same rows during the undo. Nothing was changed; try again.") from None
    return report


def _require_record(session: Session, run: ImportRun) -> None:
    if run.undoes is not None:
        raise UndoneImportError(number=run.id, undoes=run.undoes)
    if run.audit_from is None or run.status is not ImportStatus.DONE:
        raise NotRecordedError(number=run.id, why="it ran before lmskit recorded what an import writes")
    before = cast(AuditEntry.new["before"].astext, DateTime(timezone=True))
    removed = select(AuditEntry.id).where(AuditEntry.action == "old entries removed", before > run.started_at)
    if session.scalar(removed.limit(1)) is not None:
        raise NotRecordedError(number=run.id, why="the audit trail of its time was removed by the retention period")


def _undo(session: Session, undone: ImportRun, *, dry_run: bool, progress: Progress) -> UndoReport:
    progress("Reading what the import wrote", 0, None)
    trail.read_trail(session, undone)
    progress("Looking at what was changed since", 0, None)
    check_since(session)
    check_changed(session)
    put_back(session)
    check_added(session)
    untouched = [*_untouched(session), *_gone(session, undone)]
    trail.run(session, f"CREATE TEMPORARY TABLE undo_touched ON COMMIT DROP AS {TOUCHED}")
    progress("Removing what it added", 0, None)
    taken_back = _taken_back(session)
    released: tuple[str, ...] = ()
    if not dry_run:  # it decides nothing any more
        released = tuple(session.scalars(RELEASED))
        remove(session)
    touched = tuple((row[0], row[1], row[2]) for row in session.execute(STILL_THERE))
    session.execute(text("DROP TABLE undo_touched"))
    trail.drop(session)
    return UndoReport(
        run=undone.id,
        name=undone.name,
        dry_run=dry_run,
        taken_back=taken_back,
        kept=tuple(each for each in untouched if each.why in KEPT),
        impossible=tuple(each for each in untouched if each.why not in KEPT),
        touched=touched,
        before=tuple(undone_by(session, undone)),
        released=released,
    )


def _taken_back(session: Session) -> tuple[TakenBack, ...]:
    def goes(name: str) -> int:
        return session.scalar(text(f"SELECT count(*) FROM {name} AS u WHERE u.reason IS NULL")) or 0  # noqa: S608 - written.py

    again = {table.name: goes(f"undo_removed_{table.name}") for table in REMOVED}
    counts = [
        TakenBack(table.kind, goes(f"undo_{table.name}"), goes(f"undo_changed_{table.name}") + again.get(table.name, 0))
        for table in reversed(WRITTEN)
    ]
    return tuple(count for count in counts if count.removed or count.put_back)


def _untouched(session: Session) -> list[Untouched]:
    found = []
    for table in reversed(WRITTEN):
        keys = ", ".join(("reason", "detail", *table.keys))
        sources = (f"undo_{table.name}", f"undo_changed_{table.name}", *((f"undo_removed_{table.name}",) if table in REMOVED else ()))
        rows = f"({' UNION ALL '.join(f'SELECT {keys} FROM {source}' for source in sources)}) AS u"  # noqa: S608 - written.py
        counts = session.execute(text(f"SELECT u.reason, count(*) FROM {rows} WHERE u.reason IS NOT NULL GROUP BY 1 ORDER BY 1")).all()  # noqa: S608 - as above
        for reason, count in counts:
            named = text(
                f"SELECT concat_ws(' – ', {table.label}, u.detail) FROM {rows} LEFT JOIN {table.name} AS r ON {table.same('r', 'u')}"  # noqa: S608 - as above
                f" {table.joined} WHERE u.reason = :reason ORDER BY 1 LIMIT :most"
            )
            names = session.scalars(named, {"reason": reason, "most": MOST_NAMED}).all()
            found.append(Untouched(table.kind, Why(reason), count, tuple(names)))
    return found


MERGED = text(f"""
    SELECT count(*), array_agg(DISTINCT concat_ws(
        ' – ', {PERSON}, 'receipt ' || m.id
    ))
    FROM undo_entry AS e
    JOIN person_merges AS m ON e.numbers @> m.removed_id OR regexp_replace(e.row_key, '^.*:', '') = CAST(m.removed_id AS text)
    JOIN users AS p ON p.id = m.kept_id
    WHERE e.table_name = :table AND e.action = 'insert'
""")  # noqa: S608 - written.py
"""Rows that the import added for a person who is another one's now."""


def _merged(session: Session) -> list[Untouched]:
    """Rows that the import added for people who were merged into others since."""
    found = []
    for table in (table for table in WRITTEN if table.name in {"users", "student_enrollments", "section_members", "quiz_exceptions"}):
        count, names = session.execute(MERGED, {"table": table.name}).one()
        if count:
            found.append(Untouched(table.kind, Why.MERGED, count, tuple(names)))
    return found


def _gone(session: Session, undone: ImportRun) -> list[Untouched]:
    """Rows that the import added and that are not there any more, unless an earlier undo removed some."""
    if undone_by(session, undone):
        return []
    added = {row["table_name"]: row["added"] for row in written_row_counts(session, undone)}
    left = _merged(session)
    merged = {each.kind: each.n_rows for each in left}
    for table in reversed(WRITTEN):
        there = session.scalar(text(f"SELECT count(*) FROM undo_{table.name}")) or 0  # noqa: S608 - written.py
        if (n_gone := added.get(table.name, 0) - there - merged.get(table.kind, 0)) > 0:
            left.append(Untouched(table.kind, Why.GONE, n_gone))
    return left


def _record(session: Session, run: ImportRun, report: UndoReport) -> None:
    run.status, run.finished_at = ImportStatus.DONE, func.clock_timestamp()
    run.changed, run.unchanged, run.rejected = report.n_taken_back, report.n_kept, report.n_impossible
    run.rows_in = report.n_taken_back + report.n_kept + report.n_impossible
    run.report = report.as_json()
    session.flush()
