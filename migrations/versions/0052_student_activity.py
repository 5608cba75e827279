"""Keep what students did, as logs and events of other systems say.

Why:   Moodle's log and completion, xAPI and Caliper say what students did between quizzes, and lmskit read none of them.
Locks: student_enrollments, from writers, to refer to it. No row is read or written.
Down:  parks the activity.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import earlier_function, lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0052"
TABLE = "student_activity"
REFERRED = ("courses", "student_enrollments")
TRIGGERS = "-- Triggers."
"""The line from which on there are triggers: rows are put back before, also those of terms that are closed by now."""
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=("student_enrollments",))
    table, triggers = (SQL / "0052_student_activity_up.sql").read_text(encoding="utf-8").split(TRIGGERS)
    run_as_written(table)
    run_as_written(put_back(revision, {TABLE: whole_row(TABLE)}, reads=REFERRED, counted=(TABLE,)))
    run_as_written(triggers)


def downgrade() -> None:
    """Go back."""
    lock_first(TABLE, from_writers=("student_enrollments",))
    run_as_written(lifted(park(revision, {TABLE: f"SELECT * FROM lms.{TABLE}"}), TABLE))
    op.drop_table(TABLE, schema="lms")
    op.execute("DROP TYPE lms.activity_kind")
    op.execute("DROP TYPE lms.activity_source")
    before = earlier_function((SQL / "0047_audited_ids_up.sql").read_text(encoding="utf-8"), "audit_rows")
    run_as_written(f"""
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
{before}
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
""")
