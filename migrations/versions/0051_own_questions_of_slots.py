"""Say that a question that reports number keeps the quiz's own question of its number, too.

Why:   a report knows neither options nor keys, so those of a backup are kept beside what the report says.
Locks: question_slots, shared with readers and writers, for an instant; no row is read or written.
Down:  loses nothing.
"""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0044"
BEFORE = "Object of texts and right_answers: arrays, each text once whatever its order"
AFTER = f"{BEFORE}; question and answer_key, as those of a quiz: its own question of this number, if it has one"


def upgrade() -> None:
    """Go forward."""
    commented(AFTER)


def downgrade() -> None:
    """Go back."""
    commented(BEFORE)


def commented(comment: str) -> None:
    """Write what the column holds."""
    op.execute(f"COMMENT ON COLUMN lms.question_slots.seen IS '{comment}'")
