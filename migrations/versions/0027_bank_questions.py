"""Keep the questions of banks, what reports say about the questions that they number, and of which results only the total is known.

Why:   a bank names no quiz and a report has neither options nor keys, so that the two met only if they came in the right order; what one
       of them said was gone when the other came. A total that had a time was taken for an attempt.
Locks: quiz_attempts and archived_attempts, exclusively, for an instant; courses and quizzes, from writers, to refer to them. No table is
       scanned and no row is written.
Down:  parks both, and which results are totals.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

HELD: dict[str, str] = {}
SERVES = "0024"
TABLES = ("bank_questions", "question_slots")
UP = Path(__file__).resolve().parent.parent / "sql" / "0027_bank_questions_up.sql"
LARGEST = 16 * 1024**2
TOTALS = "UPDATE lms.quiz_attempts SET is_total = true WHERE id = (parked.content ->> 'id')::bigint"


def upgrade() -> None:
    """Go forward."""
    lock_first("quiz_attempts", "archived_attempts", from_writers=("courses", "quizzes"))
    op.create_table(
        "bank_questions",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bank", sa.Text(), nullable=False, comment="Name of its file or folder"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="Its position in the bank, from 1"),
        sa.Column("question", postgresql.JSONB(), nullable=False, comment="As lmskit.schemas.quiz.Question"),
        json_object("answer_key", "As lmskit.schemas.quiz.KeyEntry; never shown to students"),
        sa.CheckConstraint("length(bank) BETWEEN 1 AND 500", name=op.f("ck_bank_questions_bank_has_a_length")),
        sa.CheckConstraint("bank !~ '[[:cntrl:]]'", name=op.f("ck_bank_questions_bank_is_one_line")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_bank_questions_number_counts_from_one")),
        sa.CheckConstraint("jsonb_typeof(question) = 'object'", name=op.f("ck_bank_questions_question_is_an_object")),
        sa.CheckConstraint(shallow("question"), name=op.f("ck_bank_questions_question_is_shallow")),
        sa.CheckConstraint("jsonb_typeof(answer_key) = 'object'", name=op.f("ck_bank_questions_answer_key_is_an_object")),
        sa.CheckConstraint(shallow("answer_key"), name=op.f("ck_bank_questions_answer_key_is_shallow")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_bank_questions_course_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("course_id", "bank", "number", name=op.f("pk_bank_questions")),
        comment="Questions of banks, from which the reports on quizzes get types, options and keys",
    )
    op.create_table(
        "question_slots",
        sa.Column("course_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quiz_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Text(), nullable=False, comment="The number or id in the reports, and the id of the question in the quiz"),
        sa.Column("number", sa.Integer(), nullable=False, comment="Its position in the reports, from 1"),
        sa.Column("points", sa.Float(53), nullable=True, comment="As the report has them; null = no report with points so far"),
        sa.Column("decimals", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="With which the points are written"),
        sa.Column(
            "shows_options",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether answers are the texts of options",
        ),
        json_object("seen", "Object of texts and right_answers: arrays, each text once whatever its order"),
        sa.CheckConstraint("length(slot) BETWEEN 1 AND 100", name=op.f("ck_question_slots_slot_has_a_length")),
        sa.CheckConstraint("slot !~ '[[:cntrl:]]'", name=op.f("ck_question_slots_slot_is_one_line")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_question_slots_number_counts_from_one")),
        sa.CheckConstraint("points BETWEEN 0 AND 99999999", name=op.f("ck_question_slots_points_are_a_score")),
        sa.CheckConstraint("decimals BETWEEN 0 AND 18", name=op.f("ck_question_slots_decimals_are_a_count")),
        sa.CheckConstraint("jsonb_typeof(seen) = 'object'", name=op.f("ck_question_slots_seen_is_an_object")),
        sa.CheckConstraint(shallow("seen"), name=op.f("ck_question_slots_seen_is_shallow")),
        sa.ForeignKeyConstraint(
            ["quiz_id", "course_id"],
            ["quizzes.id", "quizzes.course_id"],
            name=op.f("fk_question_slots_quiz_id_course_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("course_id", "quiz_id", "slot", name=op.f("pk_question_slots")),
        comment="Questions that the reports on a quiz number, with what the reports say about them",
    )
    run_as_written(UP.read_text(encoding="utf-8"))
    rows = {table: whole_row(table) for table in TABLES}
    run_as_written(without_triggers(put_back(revision, {**rows, "quiz_attempts": TOTALS}, reads=("courses", "quizzes"))))


def downgrade() -> None:
    """Go back."""
    lock_first(*TABLES, "quiz_attempts", "archived_attempts", from_writers=("courses", "quizzes"))
    lost = {table: f"SELECT * FROM lms.{table}" for table in TABLES}
    lost |= {"quiz_attempts": "SELECT id FROM lms.quiz_attempts WHERE is_total"}
    run_as_written(lifted(park(revision, lost), *lost))
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("quiz_attempts", "is_total")


def without_triggers(statements: str) -> str:
    """Return the statements without what follows a change of attempts: what they are was not changed."""
    before, after = (
        "".join(f"ALTER TABLE lms.{table} {verb} TRIGGER USER;\n" for table in ("quiz_attempts", "archived_attempts"))
        for verb in ("DISABLE", "ENABLE")
    )
    return f"{before}{statements}\n{after}"


def json_object(name: str, comment: str) -> sa.Column[object]:
    """An object, empty by default."""
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False, comment=comment)


def shallow(column: str) -> str:
    """The condition that a column has few levels, and takes few bytes unpacked."""
    return f"NOT jsonb_path_exists({column}, '$.**{{9 to last}}') AND pg_column_size('{{}}'::jsonb || {column}) <= {LARGEST}"
