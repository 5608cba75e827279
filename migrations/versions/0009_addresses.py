"""Let lecturers read addresses and ids of other systems through functions, for their own courses only, and no table of them.

Why:   a policy hides rows, not columns, so lecturers kept seeing the addresses of students who had withdrawn. Addresses and external ids
       are unique across all courses, and their indexes let EXPLAIN count how many of other lecturers sort between two of one's own.
Locks: users, external_ids and student_enrollments, for an instant, to change grants and policies; no table is scanned.
Down:  loses nothing; lecturers see addresses of withdrawn students again.
"""

from pathlib import Path

from lmskit.db.migration_statements import run_as_written

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    run("0009_addresses_up.sql")


def downgrade() -> None:
    """Go back."""
    run("0009_addresses_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
