"""End the sessions of a person without waiting for what these hold.

Why:   a lecturer who set the own password in a transaction and left it open held the own row of users. Ending that session waited for it.
Locks: none.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import run_as_written

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    run("0011_sessions_end_up.sql")


def downgrade() -> None:
    """Go back."""
    run("0011_sessions_end_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
