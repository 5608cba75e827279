"""From the audit trail to temporary tables: the rows that an import added, and what those that it changed were before.

One row of undo_entry: an entry of the import. Of undo_since: an entry of others after it, and before the undo.
Of undo_TABLE: a row of TABLE that the import added and that is still there; `reason` (null = it goes) and `detail` come later.
Of undo_changed_TABLE: a row that the import changed and that is still there: `old` and `new` have the columns that it changed.
Of undo_removed_TABLE: a row of a table of `REMOVED` that the import deleted, with `reason` (null = it is added again) and `detail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import CursorResult, text

from lmskit.services.import_undo.written import REMOVED, WRITTEN
from lmskit.services.staging_table import analyze

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import ImportRun
    from lmskit.services.import_undo.written import WrittenTable

ENTRIES = """
CREATE TEMPORARY TABLE undo_entry ON COMMIT DROP AS
SELECT e.id, e.action, e.table_name, e.row_key, e.course_id, e.old, e.new, e.numbers
FROM audit_log AS e
WHERE e.id > :audit_from AND e.import_run_id = :run
    -- Imports run one after the other.
    AND e.id <= (SELECT coalesce(min(n.audit_from), 9223372036854775807) FROM import_runs AS n WHERE n.id > :run)
"""
SINCE = """
CREATE TEMPORARY TABLE undo_since ON COMMIT DROP AS
SELECT e.id, e.at, e.actor, e.table_name, e.row_key, e.course_id, e.numbers, e.import_run_id, e.action, e.old, e.new
FROM audit_log AS e
WHERE e.id > :audit_from AND e.import_run_id IS DISTINCT FROM :run AND e.table_name = ANY (:tables)
    AND (e.row_key <> '*' OR e.numbers IS NOT NULL)
"""
CANCELLED = (
    """
    DELETE FROM undo_since AS s USING import_runs AS i
    WHERE s.import_run_id = i.undoes AND s.row_key <> '*'
        AND EXISTS (
            SELECT FROM undo_since AS o WHERE o.import_run_id = i.id AND o.table_name = s.table_name AND o.row_key = s.row_key
        )
    """,
    "DELETE FROM undo_since AS s USING import_runs AS i WHERE s.import_run_id = i.id AND i.undoes IS NOT NULL",
    """
    DELETE FROM undo_since AS s USING (
        SELECT f.table_name, f.row_key FROM (
            SELECT c.table_name, c.row_key, (array_agg(o.value ORDER BY c.id))[1] AS before,
                (array_agg(c.new -> o.key ORDER BY c.id DESC))[1] AS after
            FROM undo_since AS c CROSS JOIN LATERAL jsonb_each(c.old) AS o
            WHERE c.table_name = 'student_enrollments' AND c.row_key <> '*' AND c.action = 'update'
            GROUP BY c.table_name, c.row_key, o.key
        ) AS f
        GROUP BY f.table_name, f.row_key HAVING bool_and(f.before = f.after)
    ) AS same
    WHERE s.table_name = same.table_name AND s.row_key = same.row_key
        AND NOT EXISTS (
            SELECT FROM undo_since AS o
            WHERE o.table_name = s.table_name AND o.row_key = s.row_key AND (o.action <> 'update' OR o.import_run_id IS NOT NULL)
        )
    """,
)
"""A change by an import that was undone, and the undo, leave a row as it was before both; so does a term that was closed and opened again
leave its enrollments."""
TEMPORARY = (
    "undo_entry",
    "undo_since",
    *(f"undo_removed_{table.name}" for table in REMOVED),
    *(f"{prefix}{table.name}" for table in WRITTEN for prefix in ("undo_", "undo_changed_")),
)


def run(session: Session, statement: str, **values: object) -> int:
    """Run a statement and return how many rows it wrote; no plan is kept that was made while a table was empty."""
    session.execute(text("DISCARD PLANS"))
    result = session.execute(text(statement), values)
    return result.rowcount if isinstance(result, CursorResult) else 0


def read_trail(session: Session, undone: ImportRun) -> None:
    """Make the tables of what an import added, changed and deleted."""
    tables = [table.name for table in WRITTEN]
    values = {"audit_from": undone.audit_from, "run": undone.id}
    run(session, ENTRIES, **values)
    analyze(session, "undo_entry")
    for table in WRITTEN:
        run(session, _added(table))
        analyze(session, f"undo_{table.name}")
    for table in WRITTEN:
        run(session, _changed(table))
        analyze(session, f"undo_changed_{table.name}")
    for table in REMOVED:
        run(session, _removed(table))
    lock(session)
    # Others who changed one of the rows have committed it by now, or wait.
    run(session, SINCE, **values, tables=tables)
    analyze(session, "undo_since")
    for statement in CANCELLED:
        run(session, statement)


def lock(session: Session) -> None:
    """Keep others from changing the rows, and from adding rows that refer to them, until the transaction ends; parents first."""
    for table in reversed(WRITTEN):
        for source in (f"undo_{table.name}", f"undo_changed_{table.name}"):
            order = ", ".join(f"r.{column}" for column in table.keys)
            rows = f"SELECT 1 FROM ONLY {table.name} AS r JOIN {source} AS u ON {table.same('u', 'r')}"  # noqa: S608 - written.py
            locked = f"{rows} ORDER BY {order} FOR UPDATE OF r"
            # An aggregate over them: nobody needs the rows themselves here.
            session.execute(text(f"WITH locked AS MATERIALIZED ({locked}) SELECT count(*) FROM locked"))  # noqa: S608 - written.py


def drop(session: Session) -> None:
    """Drop the temporary tables, so that another undo can follow in the same transaction."""
    session.execute(text(f"DROP TABLE {', '.join(TEMPORARY)}"))


def _added(table: WrittenTable) -> str:
    columns = ", ".join(f"r.{column}" for column in table.keys)
    listed = " AND ".join(f"r.{column} = {value}" for column, value in table.key.items())
    of_listed = f"""
        SELECT {columns} FROM {table.name} AS r
        JOIN undo_entry AS e ON e.table_name = '{table.name}' AND e.action = 'insert' AND e.row_key <> '*' AND {listed}
    """  # noqa: S608 - written.py
    of_counted = ""
    if table.number is not None:
        ranges = f"""
            FROM undo_entry AS e CROSS JOIN LATERAL unnest(e.numbers) AS m (range)
            WHERE e.table_name = '{table.name}' AND e.action = 'insert'
        """
        if table.is_counted_by_course:
            # Number by number, since those of a course are many small ranges, each of which would be compared with every row of the course.
            counted = f"""
                SELECT e.course_id, generate_series(lower(m.range), upper(m.range) - 1) AS number {ranges}
            """
            matches = f"r.course_id = e.course_id AND r.{table.number} = e.number"
        else:
            counted = f"SELECT lower(m.range) AS first, upper(m.range) AS beyond {ranges}"
            matches = f"r.{table.number} >= e.first AND r.{table.number} < e.beyond"
        of_counted = f" UNION SELECT {columns} FROM ({counted}) AS e JOIN {table.name} AS r ON {matches}"  # noqa: S608 - written.py
    return (
        f"CREATE TEMPORARY TABLE undo_{table.name} ON COMMIT DROP AS"  # noqa: S608 - above
        f" SELECT found.*, NULL::text AS reason, NULL::text AS detail FROM ({of_listed}{of_counted}) AS found"
    )


def _changed(table: WrittenTable) -> str:
    keys = ", ".join(f"{value} AS {column}" for column, value in table.key.items())
    columns = ", ".join(f"e.{column}" for column in table.keys)
    # Of several changes of a row, the first one has what it was before, and the last one what it was then.
    return f"""
    CREATE TEMPORARY TABLE undo_changed_{table.name} ON COMMIT DROP AS
    WITH entry AS (
        SELECT {keys}, e.id AS entry_id, o.key AS field, o.value AS old, e.new -> o.key AS new
        FROM undo_entry AS e CROSS JOIN LATERAL jsonb_each(e.old) AS o
        WHERE e.table_name = '{table.name}' AND e.action = 'update' AND e.old IS NOT NULL AND e.new IS NOT NULL
    ),
    of_column AS (
        SELECT {columns}, e.field, (array_agg(e.old ORDER BY e.entry_id))[1] AS old,
            (array_agg(e.new ORDER BY e.entry_id DESC))[1] AS new
        FROM entry AS e GROUP BY {columns}, e.field
    )
    SELECT {columns}, jsonb_object_agg(e.field, e.old) AS old, jsonb_object_agg(e.field, e.new) AS new,
        NULL::text AS reason, NULL::text AS detail
    FROM of_column AS e
    WHERE e.old IS DISTINCT FROM e.new AND NOT EXISTS (SELECT FROM undo_{table.name} AS u WHERE {table.same("u", "e")})
    GROUP BY {columns}
    """  # noqa: S608 - written.py


def _removed(table: WrittenTable) -> str:
    keys = ", ".join(f"{value} AS {column}" for column, value in table.key.items())
    return f"""
    CREATE TEMPORARY TABLE undo_removed_{table.name} ON COMMIT DROP AS
    SELECT {keys}, e.old, NULL::text AS reason, NULL::text AS detail
    FROM undo_entry AS e WHERE e.action = 'delete' AND e.table_name = '{table.name}'
    """  # noqa: S608 - written.py
