"""Let people set the first password of their login themselves, with a code that holds once.

Why:   an administrator made a password for each person and had to send it to them; so it was in a message, and two people knew it.
Locks: users, from writers, to refer to it and for a trigger. No row is read or written.
Down:  parks the invitations; codes that have not been used stop working.
"""

from pathlib import Path

from lmskit.db.migration_statements import earlier_function, lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0034"
SQL = Path(__file__).resolve().parent.parent / "sql"
BEFORE = "0035_erased_after_undo_up.sql"
"""Has the function that this revision replaces, as it was."""


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=("users",))
    run_as_written((SQL / "0038_invitations_up.sql").read_text(encoding="utf-8"))
    run_as_written(put_back(revision, {"invitations": whole_row("invitations")}, reads=("users",), counted=("invitations",)))


def downgrade() -> None:
    """Go back."""
    lock_first("invitations", from_writers=("users",))
    run_as_written(lifted(park(revision, {"invitations": "SELECT * FROM lms.invitations"}), "invitations"))
    run_as_written((SQL / "0038_invitations_down.sql").read_text(encoding="utf-8"))
    run_as_written(f"""
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
{earlier_function((SQL / BEFORE).read_text(encoding="utf-8"), "erase_person")}
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
""")
