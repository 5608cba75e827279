"""Keep the given name that a person goes by beside the official one.

Why:   people were shown and written to by a name that they do not use, and whoever changed it had the next import change it back.
Locks: users, exclusively, for an instant. No row is read or written.
Down:  parks the preferred names; until they are put back, people are shown by the official ones.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import earlier_function, lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0044"
SQL = Path(__file__).resolve().parent.parent / "sql"
COLUMNS = {
    "preferred_name": "Given name that the person goes by, shown instead of the official one; empty for none",
    "preferred_sort_name": "Preferred name, case-folded without accents, computed by lmskit.names.sort_name; searched beside sort_name",
}
BEFORE = "0025_names_of_their_time_up.sql"
"""Has the function `naming_parts`, as it was."""
PARKED = "SELECT id AS user_id, preferred_name, preferred_sort_name FROM lms.users WHERE preferred_name <> ''"
PUT_BACK = """UPDATE lms.users SET preferred_name = parked.content ->> 'preferred_name',
                    preferred_sort_name = parked.content ->> 'preferred_sort_name'
                WHERE id = (parked.content ->> 'user_id')::bigint"""


def upgrade() -> None:
    """Go forward."""
    lock_first("users")
    for name, comment in COLUMNS.items():
        op.add_column("users", sa.Column(name, sa.Text(), server_default="", nullable=False, comment=comment), schema="lms")
    op.execute(
        "ALTER TABLE lms.users ADD CONSTRAINT ck_users_preferred_name_is_a_name CHECK"
        " (length(preferred_name) <= 200 AND preferred_name = btrim(preferred_name) AND preferred_name <> 'NaN') NOT VALID"
    )
    run_as_written((SQL / "0050_preferred_names_up.sql").read_text(encoding="utf-8"))
    run_as_written(put_back(revision, {"users": PUT_BACK}))


def downgrade() -> None:
    """Go back."""
    lock_first("users")
    run_as_written(lifted(park(revision, {"users": PARKED}), "users"))
    run_as_written((SQL / "0050_preferred_names_down.sql").read_text(encoding="utf-8"))
    run_as_written(f"""
SET LOCAL row_security = on;
{earlier_function((SQL / BEFORE).read_text(encoding="utf-8"), "naming_parts")}
SET LOCAL row_security = off;
""")
    for name in COLUMNS:
        op.drop_column("users", name, schema="lms")
