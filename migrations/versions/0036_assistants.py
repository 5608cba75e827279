"""Let assistants read a course: who changes something in it has to lead it.

Why:   who worked in a course either could change everything there or saw nothing of it.
Locks: the tables that lecturers write, exclusively, for an instant, since they get policies. No row is read or written.
Down:  loses nothing; until then assistants see no course.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0034"
TABLES = (
    "courses", "syllabi", "quizzes", "quiz_attempts", "materials", "material_passages", "passage_vectors",
    "reading_decisions", "material_crawls", "crawl_pages",
)  # fmt: skip
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(*TABLES)
    run_as_written((SQL / "0036_assistants_up.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first(*TABLES)
    run_as_written((SQL / "0036_assistants_down.sql").read_text(encoding="utf-8"))
