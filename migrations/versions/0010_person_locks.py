"""Lock rows of persons and enrollments such that a lecturer's own transaction does not hold that up.

Why:   a lecturer who changed a course twice in a transaction and left it open held a lock on their own row of users, through the course's
       foreign key; one who inserted an attempt, on the student's enrollment. Ending those sessions, closing the login, setting a password
       and settling the message about the enrollment waited for that transaction.
Locks: none.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import run_as_written

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    run("0010_person_locks_up.sql")


def downgrade() -> None:
    """Go back."""
    run("0010_person_locks_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
