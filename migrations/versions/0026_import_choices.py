"""Remember how the files of a source are read.

Why:   a person who maps the columns of a file, or says which decimal mark it has, would say so again for every file of the same source.
Locks: nothing that exists.
Down:  parks the choices.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0024"
UP = Path(__file__).resolve().parent.parent / "sql" / "0026_import_choices_up.sql"


def upgrade() -> None:
    """Go forward."""
    run_as_written(UP.read_text(encoding="utf-8"))
    run_as_written(put_back(revision, {"import_choices": whole_row("import_choices")}, counted=("import_choices",)))


def downgrade() -> None:
    """Go back."""
    run_as_written(lifted(park(revision, {"import_choices": "SELECT * FROM lms.import_choices"}), "import_choices"))
    op.drop_table("import_choices", schema="lms")
