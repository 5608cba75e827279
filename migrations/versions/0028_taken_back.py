"""Keep a score that a later file does not have any more, and let it count no longer.

Why:   a score that was excused or removed after an import stayed evidence, since an import only added and changed.
Locks: quiz_attempts and archived_attempts, exclusively, for an instant; no row is read or written.
Down:  parks when each was taken back; until then such scores count again.
"""

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0022"
COMMENT = "When a file had no score for it any more; since then it does not count"
TABLES = ("quiz_attempts", "archived_attempts")
PUT_BACK = """UPDATE lms.quiz_attempts SET taken_back_at = (parked.content ->> 'taken_back_at')::timestamptz
                WHERE id = (parked.content ->> 'id')::bigint"""


def upgrade() -> None:
    """Go forward."""
    lock_first(*TABLES)
    op.add_column("quiz_attempts", sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True, comment=COMMENT))
    op.execute(f"COMMENT ON COLUMN lms.archived_attempts.taken_back_at IS '{COMMENT}'")
    run_as_written(without_triggers(put_back(revision, {"quiz_attempts": PUT_BACK})))


def downgrade() -> None:
    """Go back."""
    lock_first(*TABLES)
    lost = {"quiz_attempts": "SELECT id, taken_back_at FROM lms.quiz_attempts WHERE taken_back_at IS NOT NULL"}
    run_as_written(lifted(park(revision, lost), *lost))
    op.drop_column("quiz_attempts", "taken_back_at")


def without_triggers(statements: str) -> str:
    """Return the statements without what follows a change of attempts: what they are was not changed."""
    before, after = ("".join(f"ALTER TABLE lms.{table} {verb} TRIGGER USER;\n" for table in TABLES) for verb in ("DISABLE", "ENABLE"))
    return f"{before}{statements}\n{after}"
