"""Row security: who may see and change which row.

Why:   lecturers run their own code against the database, so the database itself must enforce what they see.
Locks: every table, exclusively, for an instant each; no table is scanned.
Down:  loses nothing, but only the owner reaches the tables afterwards.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "archives",
    "audit_log",
    "import_runs",
    "terms",
    "users",
    "courses",
    "outbox",
    "student_enrollments",
    "syllabi",
    "materials",
    "quizzes",
    "topic_performance",
    "external_ids",
    "material_passages",
    "quiz_attempts",
)
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(*TABLES)
    run("0002_row_security_up.sql")


def downgrade() -> None:
    """Go back."""
    lock_first(*TABLES)
    run("0002_row_security_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it stands: no parameters, so that colons and percent signs mean themselves."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
