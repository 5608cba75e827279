"""Keep the texts of messages that administrators write: welcomes by course or for all courses, and messages to students.

Why:   every institution sent the same English sentence, and no other message.
Locks: courses, from writers, to refer to it. No row is read or written.
Down:  parks the texts, and refuses messages to students that wait; until then, welcomes have the built-in text.
"""

from pathlib import Path

from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0044"
TABLE = "message_texts"
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    lock_first(from_writers=("courses",))
    run_as_written((SQL / "0044_message_texts_up.sql").read_text(encoding="utf-8"))
    run_as_written(put_back(revision, {TABLE: whole_row(TABLE)}, reads=("courses",), counted=(TABLE,)))


def downgrade() -> None:
    """Go back."""
    lock_first(TABLE, "outbox", from_writers=("courses",))
    run_as_written(lifted(park(revision, {TABLE: f"SELECT * FROM lms.{TABLE}"}), TABLE))
    run_as_written(lifted((SQL / "0044_message_texts_down.sql").read_text(encoding="utf-8"), "outbox"))
    op.drop_table(TABLE, schema="lms")
