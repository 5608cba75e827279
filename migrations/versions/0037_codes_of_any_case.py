"""Make codes of courses and terms the same whatever their case.

Why:   CS101-2026 and cs101-2026 were two courses, and who typed the wrong one worked in the other, or found none.
Locks: courses and terms, exclusively, while their codes are compared and the index of their keys is made: a moment.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_WHY = "a key by a hash index cannot be made concurrently; the table has thousands of rows at most"
HELD = {"courses": _WHY, "terms": _WHY}
SERVES = "0034"
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward, unless two codes would be the same."""
    lock_first("courses", "terms")
    run_as_written((SQL / "0037_codes_of_any_case_up.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("courses", "terms")
    run_as_written((SQL / "0037_codes_of_any_case_down.sql").read_text(encoding="utf-8"))
