"""Erase a person: the audit trail too, and remembered, so that an older backup does not bring them back.

Why:   a person who asks for it has to be erased from the audit trail as well, which no login may change; and whoever restores a backup
       from before that day has to know whom to erase again, without a list of names.
Locks: users, external_ids and audit_log, exclusively, for an instant each, to add policies; no table is scanned.
Down:  parks which people are remembered as erased.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("users", "external_ids", "audit_log")
    run("0019_erasures_up.sql")
    run_as_written(put_back(revision, {"erasures": whole_row("erasures")}, counted=("erasures",)))


def downgrade() -> None:
    """Go back."""
    lock_first("users", "external_ids", "audit_log", "erasures")
    run_as_written(lifted(park(revision, {"erasures": "SELECT * FROM lms.erasures"}), "erasures"))
    run("0019_erasures_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
