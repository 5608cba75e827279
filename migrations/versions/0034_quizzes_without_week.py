"""Let a quiz be in no week, so that its results can be stored and are not evidence.

Why:   a quiz had to be in a week; one of which nothing names a week could not be imported unless a person chose one.
Locks: quizzes, exclusively, for an instant; courses, from writers, to refer to them. No row is read or written.
Down:  parks which quizzes have no week, and their attempts; until then they are in the first week of their course (a course without weeks
       gets one, which stays), and the attempts are flagged as banked, so that they are still not evidence.
"""

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
COMMENT = "Teaching week, 1-60; null = no week, so its attempts are not evidence"
CHANGED = ("quizzes", "quiz_attempts", "archived_attempts", "syllabi")
QUIZZES = """SELECT q.id, coalesce((SELECT min(s.week_number) FROM lms.syllabi AS s WHERE s.course_id = q.course_id), 1) AS week_number
            FROM lms.quizzes AS q WHERE q.week_number IS NULL"""
ATTEMPTS = """SELECT a.id FROM lms.quiz_attempts AS a JOIN lms.quizzes AS q ON q.id = a.quiz_id
            WHERE q.week_number IS NULL AND NOT a.banked"""
WITH_A_WEEK = f"""
INSERT INTO lms.syllabi (course_id, week_number, topic)
    SELECT DISTINCT q.course_id, 1, 'Week 1' FROM lms.quizzes AS q
    WHERE q.week_number IS NULL AND NOT EXISTS (SELECT FROM lms.syllabi AS s WHERE s.course_id = q.course_id);
UPDATE lms.quiz_attempts AS a SET banked = true FROM ({ATTEMPTS}) AS b WHERE b.id = a.id;
UPDATE lms.quizzes AS q SET week_number = w.week_number FROM ({QUIZZES}) AS w WHERE w.id = q.id;
"""
QUIZ_AGAIN = """UPDATE lms.quizzes SET week_number = NULL
                WHERE id = (parked.content ->> 'id')::bigint AND week_number = (parked.content ->> 'week_number')::integer"""
ATTEMPT_AGAIN = """UPDATE lms.quiz_attempts AS a SET banked = false FROM lms.quizzes AS q
                WHERE a.id = (parked.content ->> 'id')::bigint AND q.id = a.quiz_id AND q.week_number IS NULL"""
"""Those of a quiz that got another week meanwhile stay as they are, since they would be evidence now."""


def upgrade() -> None:
    """Go forward."""
    lock_first("quizzes", "quiz_attempts", "archived_attempts", from_writers=("courses",))
    op.alter_column("quizzes", "week_number", existing_type=sa.Integer(), nullable=True)
    op.execute(f"COMMENT ON COLUMN lms.quizzes.week_number IS '{COMMENT}'")
    op.execute(
        "ALTER TABLE lms.quizzes ADD CONSTRAINT fk_quizzes_course_id FOREIGN KEY (course_id)"
        " REFERENCES lms.courses (id) ON DELETE CASCADE NOT VALID"
    )
    again = put_back(revision, {"quizzes": QUIZ_AGAIN, "quiz_attempts": ATTEMPT_AGAIN})
    run_as_written(without_triggers(again, "quizzes", "quiz_attempts", "archived_attempts"))


def downgrade() -> None:
    """Go back."""
    lock_first(*CHANGED, from_writers=("courses",))
    statements = park(revision, {"quizzes": QUIZZES, "quiz_attempts": ATTEMPTS}) + WITH_A_WEEK
    run_as_written(without_triggers(lifted(statements, "quizzes", "quiz_attempts", "syllabi"), *CHANGED))
    op.execute("ALTER TABLE lms.quizzes DROP CONSTRAINT fk_quizzes_course_id")
    op.alter_column("quizzes", "week_number", existing_type=sa.Integer(), nullable=False)
    op.execute("COMMENT ON COLUMN lms.quizzes.week_number IS 'Teaching week, 1-60'")


def without_triggers(statements: str, *tables: str) -> str:
    """Return the statements without what follows a change of the tables: what the rows are was not changed."""
    before, after = ("".join(f"ALTER TABLE lms.{table} {verb} TRIGGER USER;\n" for table in tables) for verb in ("DISABLE", "ENABLE"))
    return f"{before}{statements}\n{after}"
