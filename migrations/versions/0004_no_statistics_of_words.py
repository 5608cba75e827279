"""Keep no statistics of the words in passages.

Why:   the planner uses them whatever the policies say, leakproof or not, so that EXPLAIN SELECT … WHERE body_vector @@ 'word' showed a
       lecturer how often the word occurs in the passages of all courses. Search reads one course's rows and needs no such statistics.
Locks: material_passages, exclusively, for an instant; no table is scanned.
Down:  loses nothing; the next ANALYZE gathers the statistics again.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.execute("ALTER TABLE lms.material_passages ALTER COLUMN body_vector SET STATISTICS 0")
    # Setting a column's type, even to its present type, drops the column's statistics; nothing is rewritten.
    op.execute("ALTER TABLE lms.material_passages ALTER COLUMN body_vector TYPE tsvector")


def downgrade() -> None:
    """Go back."""
    op.execute("ALTER TABLE lms.material_passages ALTER COLUMN body_vector SET STATISTICS -1")
