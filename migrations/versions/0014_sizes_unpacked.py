"""Measure the size of JSON unpacked, wherever it comes from.

Why:   pg_column_size of a value that was read from a row is its compressed size. What a lecturer had written into a quiz could be copied
       from there into the parameters of a course's mastery rule, 85 times as large as its bound, and into answers, four times as large.
Locks: courses, quizzes and quiz_attempts, exclusively, while their rows are checked, as in 0007.
       A row beyond the bounds stays: the constraint then holds for new and changed rows alone, and lmskit doctor says so.
Down:  loses nothing.
"""

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import lock_first

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = {
    ("courses", "mastery_parameters"): ("{}", 1, 10_000),
    ("quizzes", "questions"): ("[]", 8, 16 * 1024**2),
    ("quizzes", "answer_key"): ("{}", 8, 16 * 1024**2),
    ("quiz_attempts", "answers"): ("[]", 8, 4 * 1024**2),
}
"""Table and column, with what is empty for it, and its levels and bytes at most."""


def upgrade() -> None:
    """Go forward."""
    lock_first("courses", "quizzes", "quiz_attempts")
    for (table, column), (empty, levels, size) in COLUMNS.items():
        bound(table, column, f"CAST('{empty}' AS jsonb) || {column}", levels, size)


def downgrade() -> None:
    """Go back."""
    lock_first("courses", "quizzes", "quiz_attempts")
    for (table, column), (_, levels, size) in reversed(COLUMNS.items()):
        bound(table, column, column, levels, size)


def bound(table: str, column: str, measured: str, levels: int, size: int) -> None:
    """Make the constraint on the depth and size of a column anew."""
    name = f"ck_{table}_{column}_is_shallow"
    condition = f"NOT jsonb_path_exists({column}, '$.**{{{levels + 1} to last}}') AND pg_column_size({measured}) <= {size}"
    op.drop_constraint(op.f(name), table, type_="check")
    op.execute(
        sa.text(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition.replace('::', chr(92) + ':' + chr(92) + ':')}) NOT VALID")
    )
    op.execute(
        sa.text(
            f"DO $$ BEGIN ALTER TABLE {table} VALIDATE CONSTRAINT {name};"
            f" EXCEPTION WHEN check_violation THEN RAISE WARNING 'A row of {table} is beyond {name}, and stays as it is.'; END $$"
        )
    )
