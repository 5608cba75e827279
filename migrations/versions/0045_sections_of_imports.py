"""Record which sections and memberships an import wrote.

Why:   an undo left students in the sections into which a wrong file had put them, and could not put them back where they were.
Locks: sections and section_members, from writers, for an instant. No row is read or written.
Down:  loses nothing; imports that run until then are taken back without their sections.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0044"
TABLES = ("sections", "section_members")
UP = Path(__file__).resolve().parent.parent / "sql" / "0045_sections_of_imports_up.sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=TABLES)
    run_as_written(UP.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first(*TABLES)
    dropped = "".join(f"DROP TRIGGER record_import_{verb} ON lms.{table};\n" for table in TABLES for verb in ("insert", "delete"))
    run_as_written(dropped)
