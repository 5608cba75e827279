"""Send the codes of invitations by mail, without storing them.

Why:   an administrator had to hand over the code, while the outbox keeps in clear text what it is to send.
Locks: outbox and invitations, exclusively, for an instant, since they get a policy and a trigger. No row is read or written.
Down:  refuses the messages of invitations that wait; those invitations get no code.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0040"
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("outbox", "invitations")
    run_as_written((SQL / "0040_invitations_by_mail_up.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("outbox", "invitations")
    run_as_written(lifted((SQL / "0040_invitations_by_mail_down.sql").read_text(encoding="utf-8"), "outbox"))
