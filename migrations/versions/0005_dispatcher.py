"""Let a dispatcher claim and settle messages without seeing anything else.

Why:   the result of a delivery, and with it the state of an enrollment, was set by statements that need an administrator's rights. A
       scheduler that delivers messages should not have these rights: the steps are functions now, and lmskit_mailer may call only them.
       A dispatcher whose lease ran out can no longer change a message that another dispatcher has claimed, and a message that may have
       arrived in an earlier try is never treated as refused.
Locks: outbox and student_enrollments, exclusively, for an instant, to add a column with a constant and policies; no table is scanned.
Down:  parks which messages may have arrived already; the messages stay, and the code of the previous revision delivers them.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("outbox", "student_enrollments")
    run("0005_dispatcher_up.sql")
    in_doubt = "UPDATE lms.outbox AS o SET in_doubt = true WHERE o.id = (parked.content ->> 'id')::bigint"
    run_as_written(put_back(revision, {"outbox": in_doubt}))


def downgrade() -> None:
    """Go back."""
    lock_first("outbox", "student_enrollments")
    run_as_written(lifted(park(revision, {"outbox": "SELECT o.id FROM lms.outbox AS o WHERE o.in_doubt"}), "outbox"))
    run("0005_dispatcher_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it stands: no parameters, so that colons and percent signs mean themselves."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
