"""Let access end at once: a login's own settings with its password, open sessions with the course.

Why:   what a person set for the own login (ALTER ROLE … SET) survived closing and opening it. A transaction that was open while its course
       was given to another lecturer could still write to it.
Locks: courses, exclusively, for an instant, to add a trigger; no table is scanned.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import run_as_written

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    run("0008_access_ends_up.sql")


def downgrade() -> None:
    """Go back."""
    run("0008_access_ends_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
