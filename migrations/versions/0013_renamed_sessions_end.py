"""End the sessions of a person whose address or role changes.

Why:   a transaction that began before compares its login's new name with the people it saw then. Who got the former address of another
       was that person in it, and could write as that person.
Locks: users, exclusively, for an instant, to add a trigger; no table is scanned.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import run_as_written

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    run("0013_renamed_sessions_end_up.sql")


def downgrade() -> None:
    """Go back."""
    run("0013_renamed_sessions_end_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
