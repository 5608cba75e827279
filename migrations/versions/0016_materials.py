"""Keep materials with their files, their passages with every location, vectors by model, decisions about advice, and crawls.

Why:   materials could not be brought in: nothing named their file, language, licence or state; passages knew pages and minutes alone and
       were compared as English; a vector had 384 numbers, so that another model could not be tried beside the one in use.
Locks: materials and material_passages, exclusively, while they are written again: their passages are few so far. courses, against writing,
       for an instant.
Down:  loses slides, cells, headings and languages of passages, vectors that do not have 384 numbers and all but one of each passage,
       decisions about reading advice, crawls, and which files are in the store. A material for a whole course goes to the course's first
       week; one of a course without weeks is lost.
"""

from pathlib import Path

from lmskit.db.migration_statements import run_as_written

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    run("0016_materials_up.sql")


def downgrade() -> None:
    """Go back."""
    run("0016_materials_down.sql")


def run(name: str) -> None:
    """Run a file of statements as it is, without parameters, so that colons and percent signs keep their meaning."""
    run_as_written((SQL / name).read_text(encoding="utf-8"))
