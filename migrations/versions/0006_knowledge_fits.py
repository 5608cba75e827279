"""Store the fits of knowledge tracing for each week.

Why:   a course whose rule is bkt needs parameters that fit its topics, and a lecturer wants to see how good they are; fitting them again
       for every view would be slow, and it would be unknown later which parameters a value was estimated with.
Locks: syllabi, for an instant, to refer to it; no table is scanned.
Down:  parks the stored fits.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back, whole_row

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "knowledge_fits",
        sa.Column("course_id", sa.BigInteger(), nullable=False),
        sa.Column("week_number", sa.Integer(), autoincrement=False, nullable=False, comment="Teaching week, 1-60"),
        probability("prior", "P(known before the first answer)"),
        probability("learn", "P(learned from one answer to the next)"),
        probability("guess", "P(correct though not known)"),
        probability("slip", "P(wrong though known)"),
        probability("forget", "P(forgotten from one answer to the next); 0 where forgetting was not fitted"),
        probability("correct_from", "Share of its points from which an answer was taken for correct"),
        sa.Column("n_students", sa.BigInteger(), nullable=False),
        sa.Column("n_answers", sa.BigInteger(), nullable=False),
        sa.Column("log_likelihood", sa.Float(53), nullable=False, comment="Natural logarithm, of all answers"),
        sa.Column("converged", sa.Boolean(), nullable=False),
        sa.Column(
            "constrained", sa.Boolean(), nullable=False, comment="The likeliest fit was degenerate, and this is the best that is not"
        ),
        sa.Column("n_held_out", sa.BigInteger(), nullable=False, comment="Answers that were predicted by fits to other students' answers"),
        sa.Column("auc", sa.Float(53), nullable=True, comment="Of those; null where they are all correct or all wrong"),
        sa.Column("rmse", sa.Float(53), nullable=True, comment="Of those; null where there are none"),
        sa.Column("log_loss", sa.Float(53), nullable=True, comment="Of those; null where there are none"),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "prior BETWEEN 0 AND 1 AND learn BETWEEN 0 AND 1 AND guess BETWEEN 0 AND 1 AND slip BETWEEN 0 AND 1 AND forget BETWEEN 0 AND 1",
            name=op.f("ck_knowledge_fits_parameters_are_probabilities"),
        ),
        sa.CheckConstraint("guess + slip < 1", name=op.f("ck_knowledge_fits_is_not_degenerate")),
        sa.CheckConstraint("correct_from > 0 AND correct_from <= 1", name=op.f("ck_knowledge_fits_correct_from_is_a_fraction")),
        sa.CheckConstraint("n_students >= 1 AND n_answers >= n_students", name=op.f("ck_knowledge_fits_there_are_answers")),
        sa.CheckConstraint("log_likelihood <= 0 AND log_likelihood > '-Infinity'", name=op.f("ck_knowledge_fits_log_likelihood_is_one")),
        sa.CheckConstraint("n_held_out BETWEEN 0 AND n_answers", name=op.f("ck_knowledge_fits_held_out_answers_are_among_them")),
        sa.CheckConstraint(
            "(rmse IS NULL) = (n_held_out = 0) AND (log_loss IS NULL) = (n_held_out = 0) AND (auc IS NULL OR n_held_out > 0)",
            name=op.f("ck_knowledge_fits_held_out_figures_have_answers"),
        ),
        sa.CheckConstraint(
            "auc BETWEEN 0 AND 1 AND rmse BETWEEN 0 AND 1 AND log_loss >= 0", name=op.f("ck_knowledge_fits_held_out_figures_are_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["course_id", "week_number"],
            ["syllabi.course_id", "syllabi.week_number"],
            name=op.f("fk_knowledge_fits_course_id_week_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("course_id", "week_number", name=op.f("pk_knowledge_fits")),
        comment="Knowledge tracing fitted to the answers of a week; derived",
    )
    run_as_written((SQL / "0006_knowledge_fits_up.sql").read_text(encoding="utf-8"))
    run_as_written(put_back(revision, {"knowledge_fits": whole_row("knowledge_fits")}, reads=("syllabi",)))


def downgrade() -> None:
    """Go back."""
    lock_first("syllabi", "knowledge_fits")
    run_as_written(lifted(park(revision, {"knowledge_fits": "SELECT * FROM lms.knowledge_fits"}), "knowledge_fits"))
    op.drop_table("knowledge_fits")


def probability(name: str, comment: str) -> sa.Column[float]:
    """A number from 0 to 1."""
    return sa.Column(name, sa.Float(53), nullable=False, comment=comment)
