"""Close and archive terms: their attempts and estimates go into tables of their own, and what they rest on stays as it is.

Why:   the live tables grew with every term, and a term that had ended could still be changed by an import or a refresh.
Locks: courses, terms, syllabi, student_enrollments, quizzes, quiz_attempts, topic_performance, knowledge_fits and archives, exclusively,
       for an instant. No row is written.
Down:  parks which terms are closed or archived and where their files are; attempts and estimates of archived terms are live ones again.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, require_no_rows, whole_row

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0022"
SQL = Path(__file__).resolve().parent.parent / "sql"
CHANGED = (
    "courses",
    "terms",
    "syllabi",
    "student_enrollments",
    "quizzes",
    "quiz_attempts",
    "topic_performance",
    "knowledge_fits",
    "archives",
)
MOVED = {"archived_attempts": "quiz_attempts", "archived_estimates": "topic_performance"}


def upgrade() -> None:
    """Go forward."""
    lock_first(*CHANGED)
    run_as_written(require_no_rows(revision, "archives"))
    run("0022_archived_terms_up.sql")
    course = "(parked.content ->> 'course_id')::bigint"
    moves = {
        archived: f"WITH moved AS (DELETE FROM ONLY lms.{live} AS r WHERE r.course_id = {course} RETURNING *)"
        f" INSERT INTO lms.{archived} OVERRIDING SYSTEM VALUE SELECT * FROM moved"
        for archived, live in MOVED.items()
    }
    states = "UPDATE lms.terms SET state = (parked.content ->> 'state')::lms.term_state WHERE id = (parked.content ->> 'id')::bigint"
    statements = {**moves, "archives": whole_row("archives"), "terms": states}
    reads = ("courses", "student_enrollments", "syllabi", "quizzes", *MOVED.values())
    run_as_written(without_triggers(put_back(revision, statements, reads=reads, counted=("archives",))))


def downgrade() -> None:
    """Go back."""
    lock_first(*CHANGED, *MOVED)
    lost = {archived: f"SELECT DISTINCT course_id FROM lms.{archived}" for archived in MOVED}
    lost |= {"archives": "SELECT * FROM lms.archives", "terms": "SELECT id, state FROM lms.terms WHERE state <> 'open'"}
    moves = "".join(f"INSERT INTO lms.{live} OVERRIDING SYSTEM VALUE SELECT * FROM lms.{archived};" for archived, live in MOVED.items())
    tables = ("terms", "archives", "student_enrollments", "syllabi", "quizzes", *MOVED, *MOVED.values())
    run_as_written(lifted(without_triggers(park(revision, lost) + moves), *tables))
    run("0022_archived_terms_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))


def without_triggers(statements: str) -> str:
    """Return the statements without what follows a change of attempts and estimates: a row that moves was not changed."""
    before, after = (
        "".join(f"ALTER TABLE lms.{table} {verb} TRIGGER USER;\n" for table in MOVED.values()) for verb in ("DISABLE", "ENABLE")
    )
    return f"{before}{statements}\n{after}"
