"""Keep the words of passages uncompressed and in their rows, where a search reads them.

Why:   a row of more than 2 kB had its words compressed, so that a search unpacked those of every passage of a course: 20,000 passages
       took three times as long to compare (python -m benchmarks.search).
Locks: material_passages, for a moment, against writers alone. Rows that are stored already stay as they are until they are read again.
Down:  loses nothing.
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INLINE = 8160
"""Bytes of the largest row that a page holds."""


def upgrade() -> None:
    """Go forward."""
    op.execute(f"ALTER TABLE lms.material_passages SET (toast_tuple_target = {INLINE})")


def downgrade() -> None:
    """Go back."""
    op.execute("ALTER TABLE lms.material_passages RESET (toast_tuple_target)")
