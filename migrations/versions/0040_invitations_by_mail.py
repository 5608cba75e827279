"""Send the codes of invitations by mail, without storing them.

Why:   an administrator had to hand over the code, while the outbox keeps in clear text what it is to send.
Locks: outbox, exclusively, for an instant, since it gets a policy. No row is read or written.
Down:  loses nothing; invitations whose message waits get no code, and their messages are refused.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0034"
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("outbox")
    run_as_written((SQL / "0040_invitations_by_mail_up.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("outbox")
    run_as_written((SQL / "0040_invitations_by_mail_down.sql").read_text(encoding="utf-8"))
