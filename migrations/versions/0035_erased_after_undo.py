"""Let people be erased whom the undo of an import removed.

Why:   the trail counts whom an undo removes and has no row of them, so that what still named them in it could not be erased.
Locks: none on a table. No row is written.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import earlier_function, run_as_written

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0034"
SQL = Path(__file__).resolve().parent.parent / "sql"
BEFORE = "0025_names_of_their_time_up.sql"
"""Has the function that this revision replaces, as it was."""


def upgrade() -> None:
    """Go forward."""
    run_as_written((SQL / "0035_erased_after_undo_up.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    run_as_written(f"""
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
{earlier_function((SQL / BEFORE).read_text(encoding="utf-8"), "erase_person")}
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
REVOKE SELECT (started_at) ON lms.import_runs FROM lmskit_definer;
""")
