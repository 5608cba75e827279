"""Keep the sections and groups that files have.

Why:   a file says who is in which section or group, and an import forgot it, so that no list and no dashboard could be about one of them.
Locks: courses and student_enrollments, from writers, to refer to them. No row is read or written.
Down:  parks both.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0030"
TABLES = ("sections", "section_members")
UP = Path(__file__).resolve().parent.parent / "sql" / "0032_sections_up.sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=("courses", "student_enrollments"))
    run_as_written(UP.read_text(encoding="utf-8"))
    rows = {table: whole_row(table) for table in TABLES}
    run_as_written(put_back(revision, rows, reads=("courses", "student_enrollments"), counted=("sections",)))


def downgrade() -> None:
    """Go back."""
    lock_first(*TABLES, from_writers=("courses", "student_enrollments"))
    run_as_written(lifted(park(revision, {table: f"SELECT * FROM lms.{table}" for table in TABLES}), *TABLES))
    for table in reversed(TABLES):
        op.drop_table(table, schema="lms")
    op.execute("DROP TYPE lms.section_kind")
