"""Take out of the audit trail what named a person when an entry was made, and reach what is parked.

Why:   an administrator could give a person who is not needed a common word as an id or a name, erase that person, and so take the word
       out of all entries; and neither the export nor an erasure looked into parked rows.
Locks: parked_rows, where there is one, for an instant. No row is written.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import earlier_function, run_as_written
from lmskit.db.parking import reached_by_erasures

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0024"
SQL = Path(__file__).resolve().parent.parent / "sql"
BEFORE = "0019_erasures_up.sql"
"""Has the functions that this revision replaces, as they were."""


def upgrade() -> None:
    """Go forward."""
    run_as_written((SQL / "0025_names_of_their_time_up.sql").read_text(encoding="utf-8"))
    run_as_written(reached_by_erasures())


def downgrade() -> None:
    """Go back."""
    before = (SQL / BEFORE).read_text(encoding="utf-8")
    run_as_written(f"""
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
DROP FUNCTION lms.erase_parked_rows(bigint, boolean);
DROP FUNCTION lms.parked_rows_about(bigint);
{earlier_function(before, "erase_person")}
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
SET LOCAL row_security = on;
{earlier_function(before, "naming_pattern")}
SET LOCAL row_security = off;
DROP FUNCTION lms.naming_parts(bigint, boolean);
""")
