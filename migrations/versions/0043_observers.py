"""Let observers see how many students of a closed course are at which level.

Why:   a person who answers for a programme and not for its students saw every student of a course, or nothing of it.
Locks: syllabi, exclusively, for an instant, since it gets a policy. No row is read or written.
Down:  loses nothing; until then observers see nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0042"
UP = Path(__file__).resolve().parent.parent / "sql" / "0043_observers_up.sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("syllabi")
    run_as_written(UP.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("syllabi")
    run_as_written("""
SET LOCAL ROLE lmskit_definer;
DROP FUNCTION lms.observed_levels(bigint);
DROP FUNCTION lms.observed_courses();
SET LOCAL ROLE lmskit_owner;
REVOKE SELECT (course_id, week_number) ON lms.syllabi FROM lmskit_definer;
DROP POLICY definer_reads ON lms.syllabi;
""")
