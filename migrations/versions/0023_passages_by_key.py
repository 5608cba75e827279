"""Let a search read its hits by their keys.

Why:   row security allows no look-up of single passages, so that all passages of a course were read for the ten that a search shows, and
       for each material whose passages were replaced.
Locks: material_passages, while two policies change: a moment.
Down:  loses nothing.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0022"
UP = Path(__file__).resolve().parent.parent / "sql" / "0023_passages_by_key_up.sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("material_passages")
    run_as_written(UP.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("material_passages")
    op.execute("SET LOCAL ROLE lmskit_definer")
    op.execute("DROP FUNCTION lms.passages_at(bigint[], bigint[], integer[])")
    op.execute("SET LOCAL ROLE lmskit_owner")
    own = "course_id = ANY ((SELECT lms.my_course_ids())::bigint[])"
    for policy in ("definer_reads", "definer_deletes"):
        op.execute(f"ALTER POLICY {policy} ON lms.material_passages USING ({own})")
