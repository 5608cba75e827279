"""Let a student be excused from a quiz, or have more time for it.

Why:   an excuse could only be recorded by leaving a score out of a file, and more time for one student not at all.
Locks: quizzes and student_enrollments, from writers, to refer to them. No row is read or written.
Down:  parks the exceptions; until they are put back, attempts of excused students are evidence again.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0042"
TABLE = "quiz_exceptions"
REFERRED = ("courses", "quizzes", "student_enrollments")
TRIGGERS = "-- Triggers."
"""The line from which on there are triggers: rows are put back before, also those of terms that are closed by now."""
UP = Path(__file__).resolve().parent.parent / "sql" / "0042_quiz_exceptions_up.sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=("quizzes", "student_enrollments"))
    table, triggers = UP.read_text(encoding="utf-8").split(TRIGGERS)
    run_as_written(table)
    run_as_written(put_back(revision, {TABLE: whole_row(TABLE)}, reads=REFERRED))
    run_as_written(triggers)


def downgrade() -> None:
    """Go back."""
    lock_first(TABLE, from_writers=("quizzes", "student_enrollments"))
    run_as_written(lifted(park(revision, {TABLE: f"SELECT * FROM lms.{TABLE}"}), TABLE))
    op.drop_table(TABLE, schema="lms")
