"""The audit trail, and logins that can be closed, renamed and given a new password by their own person.

Why:   who changed which enrollment, attempt, course, mastery rule or login must be on record, and no login may write or
       erase that record; a login must follow its person: closed when the person leaves, renamed with the address.
Locks: the eight tables that get triggers, against writers, for an instant each; no table is scanned.
Down:  loses nothing that was recorded, but nothing more is; logins no longer follow a change of address or role.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AUDITED = ("terms", "users", "courses", "student_enrollments", "syllabi", "materials", "quizzes", "quiz_attempts")
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("audit_log", from_writers=AUDITED)
    run("0003_audit_and_logins_up.sql")


def downgrade() -> None:
    """Go back."""
    lock_first(*AUDITED, "audit_log")
    run("0003_audit_and_logins_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it stands: no parameters, so that colons and percent signs mean themselves."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
