"""Let the database say which older lmskit goes on working with it.

Why:   every process of another revision was refused, so that an upgrade stopped all notebooks and jobs until they had the new lmskit, also
       where it only added what the old one does not know.
Locks: none but Alembic's own table.
Down:  loses nothing.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import run_as_written

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0020"
UP = Path(__file__).resolve().parent.parent / "sql" / "0020_oldest_served_up.sql"


def upgrade() -> None:
    """Go forward."""
    run_as_written(UP.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    op.execute("SET LOCAL ROLE lmskit_definer")
    op.execute("DROP FUNCTION lms.oldest_served()")
    op.execute("SET LOCAL ROLE lmskit_owner")
    op.execute("ALTER TABLE lms.alembic_version DROP COLUMN serves")
