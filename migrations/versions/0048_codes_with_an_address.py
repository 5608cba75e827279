"""Let a code be refused with the address of another person.

Why:   who types a code that was forwarded, or that of a colleague, set that person's password without noticing.
Locks: none. No row is read or written.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import run_as_written

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0044"
UP = Path(__file__).resolve().parent.parent / "sql" / "0048_codes_with_an_address_up.sql"


def upgrade() -> None:
    """Go forward."""
    run_as_written(UP.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    run_as_written("SET LOCAL ROLE lmskit_logins;\nDROP FUNCTION lms.code_is_of(text);\nSET LOCAL ROLE lmskit_owner;")
