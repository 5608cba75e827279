"""Let it be unknown when an attempt was submitted.

Why:   a result of a gradebook or a table without times got one that was made up, noon of a day, and screens showed it and rules went by it.
Locks: quiz_attempts and archived_attempts, exclusively, for an instant; no row is read or written.
Down:  parks which times are unknown; until then they are noon of the day on which the result was stored, as results without a time were.
"""

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
COMMENT = "Null = unknown, as of results imported without a time"
TABLES = ("quiz_attempts", "archived_attempts")
UNKNOWN = """SELECT id, greatest(
                started_at, (((created_at AT TIME ZONE 'UTC') - INTERVAL '12 hours')::date + TIME '12:00') AT TIME ZONE 'UTC'
            ) AS submitted_at
            FROM lms.quiz_attempts WHERE submitted_at IS NULL"""
PUT_BACK = """UPDATE lms.quiz_attempts SET submitted_at = NULL
                WHERE id = (parked.content ->> 'id')::bigint AND submitted_at = (parked.content ->> 'submitted_at')::timestamptz"""


def upgrade() -> None:
    """Go forward."""
    lock_first(*TABLES)
    for table in TABLES:
        op.alter_column(table, "submitted_at", existing_type=sa.DateTime(timezone=True), nullable=True)
        op.execute(f"COMMENT ON COLUMN lms.{table}.submitted_at IS '{COMMENT}'")
    op.execute(
        "ALTER TABLE lms.quiz_attempts ADD CONSTRAINT ck_quiz_attempts_start_is_readable"
        " CHECK (started_at < '2201-01-01 00:00:00+00') NOT VALID"
    )
    run_as_written(without_triggers(put_back(revision, {"quiz_attempts": PUT_BACK})))


def downgrade() -> None:
    """Go back."""
    lock_first(*TABLES)
    given = f"UPDATE lms.quiz_attempts AS a SET submitted_at = u.submitted_at FROM ({UNKNOWN}) AS u WHERE u.id = a.id;"
    statements = park(revision, {"quiz_attempts": UNKNOWN}) + "\n" + given
    run_as_written(without_triggers(lifted(statements, "quiz_attempts")))
    op.execute("ALTER TABLE lms.quiz_attempts DROP CONSTRAINT ck_quiz_attempts_start_is_readable")
    for table in TABLES:
        op.alter_column(table, "submitted_at", existing_type=sa.DateTime(timezone=True), nullable=False)
        op.execute(f"COMMENT ON COLUMN lms.{table}.submitted_at IS NULL")


def without_triggers(statements: str) -> str:
    """Return the statements without what follows a change of attempts: what they are was not changed."""
    before, after = ("".join(f"ALTER TABLE lms.{table} {verb} TRIGGER USER;\n" for table in TABLES) for verb in ("DISABLE", "ENABLE"))
    return f"{before}{statements}\n{after}"
