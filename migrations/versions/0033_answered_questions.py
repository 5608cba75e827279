"""Refuse answers to questions that their quiz does not have, and the removal of questions that have answers.

Why:   an answer named its question and nothing held that there was one: what went wrong on the way was found in statistics, or never.
Locks: quizzes and quiz_attempts, exclusively, for an instant. No row is read or written: rows that are against it stay as they are.
Down:  loses nothing.
"""

from pathlib import Path

from lmskit.db.migration_statements import lock_first, run_as_written

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0030"
UP = Path(__file__).resolve().parent.parent / "sql" / "0033_answered_questions_up.sql"


def upgrade() -> None:
    """Go forward."""
    lock_first("quizzes", "quiz_attempts")
    run_as_written(UP.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Go back."""
    lock_first("quizzes", "quiz_attempts")
    run_as_written("""
DROP TRIGGER keep_answered_questions ON lms.quizzes;
DROP TRIGGER keep_to_questions_update ON lms.quiz_attempts;
DROP TRIGGER keep_to_questions_insert ON lms.quiz_attempts;
SET LOCAL ROLE lmskit_definer;
DROP FUNCTION lms.keep_to_questions(), lms.keep_answered_questions();
SET LOCAL ROLE lmskit_owner;
REVOKE SELECT (id, course_id, questions), UPDATE (id) ON lms.quizzes FROM lmskit_definer;
DROP POLICY definer_locks ON lms.quizzes;
DROP POLICY definer_reads ON lms.quizzes;
""")
