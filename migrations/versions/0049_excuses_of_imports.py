"""Know which excuses a file brought, so that a later file of its format can end them, and those of people stay.

Why:   an excused cell of a gradebook only took the total back that the student had; a later result counted.
Locks: quiz_exceptions, exclusively, for an instant; no row is read or written.
Down:  parks the format of each; until it is put back, no file ends an excuse. One by a person since stays the person's.
"""

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0044"
TABLE, COLUMN, CHECK = "quiz_exceptions", "excused_by_format", "ck_quiz_exceptions_a_format_excuses"
COMMENT = "The format of the file that excused the student; null = a person did, or the student is not excused"
LOST = f"SELECT course_id, quiz_id, student_id, granted_at, {COLUMN} FROM lms.{TABLE} WHERE {COLUMN} IS NOT NULL"
PUT_BACK = f"""UPDATE lms.{TABLE} AS x SET {COLUMN} = parked.content ->> '{COLUMN}'
                FROM jsonb_populate_record(NULL::lms.{TABLE}, parked.content) AS p
                WHERE x.excused AND x.granted_at = p.granted_at
                    AND (x.course_id, x.quiz_id, x.student_id) = (p.course_id, p.quiz_id, p.student_id)"""


def upgrade() -> None:
    """Go forward."""
    lock_first(TABLE)
    op.add_column(TABLE, sa.Column(COLUMN, sa.Text(), nullable=True, comment=COMMENT), schema="lms")
    run_as_written(f"ALTER TABLE lms.{TABLE} ADD CONSTRAINT {CHECK} CHECK (excused OR {COLUMN} IS NULL) NOT VALID;")
    run_as_written(without_triggers(put_back(revision, {TABLE: PUT_BACK})))


def downgrade() -> None:
    """Go back."""
    lock_first(TABLE)
    run_as_written(lifted(park(revision, {TABLE: LOST}), TABLE))
    op.drop_column(TABLE, COLUMN, schema="lms")


def without_triggers(statements: str) -> str:
    """Return the statements without what follows a change of exceptions: what they are was not changed."""
    before, after = (f"ALTER TABLE lms.{TABLE} {verb} TRIGGER USER;" for verb in ("DISABLE", "ENABLE"))
    return f"{before}\n{statements}\n{after}"
