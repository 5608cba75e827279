"""Remember who was merged into whom, and how both were before.

Why:   a person who is in lmskit twice has half of their results at each; two that were merged by mistake have to be split again.
Locks: users, from writers, to refer to it. No row is read or written.
Down:  parks the pictures of before.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0040"
UP = Path(__file__).resolve().parent.parent / "sql" / "0041_person_merges_up.sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=("users",))
    run_as_written(UP.read_text(encoding="utf-8"))
    statement = whole_row("person_merges")
    run_as_written(put_back(revision, {"person_merges": statement}, reads=("users",), counted=("person_merges",)))


def downgrade() -> None:
    """Go back."""
    lock_first("person_merges", from_writers=("users",))
    run_as_written(lifted(park(revision, {"person_merges": "SELECT * FROM lms.person_merges"}), "person_merges"))
    op.execute("REVOKE INSERT (id, created_at) ON lms.users FROM lmskit_admin")
    op.drop_table("person_merges", schema="lms")
