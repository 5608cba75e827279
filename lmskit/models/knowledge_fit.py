"""Fits of knowledge tracing, one for each week."""

import datetime as dt

from sqlalchemy import CheckConstraint, Float, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lmskit.models.base import Base, WeekNumber


class KnowledgeFit(Base):
    """The fit of knowledge tracing to the responses of one week, and how well it predicts; a week without a fit has no row.

    Derived: it can be thrown away and fitted again. The mastery refresh of a course whose rule is `bkt` reads it.
    """

    __tablename__ = "knowledge_fits"
    __table_args__ = (
        ForeignKeyConstraint(["course_id", "week_number"], ["syllabi.course_id", "syllabi.week_number"], ondelete="CASCADE"),
        CheckConstraint(
            "prior BETWEEN 0 AND 1 AND learn BETWEEN 0 AND 1 AND guess BETWEEN 0 AND 1 AND slip BETWEEN 0 AND 1 AND forget BETWEEN 0 AND 1",
            name="parameters_are_probabilities",
        ),
        CheckConstraint("guess + slip < 1", name="is_not_degenerate"),
        CheckConstraint("correct_from > 0 AND correct_from <= 1", name="correct_from_is_a_fraction"),
        CheckConstraint("n_students >= 1 AND n_answers >= n_students", name="there_are_answers"),
        CheckConstraint("log_likelihood <= 0 AND log_likelihood > '-Infinity'", name="log_likelihood_is_one"),
        CheckConstraint("n_held_out BETWEEN 0 AND n_answers", name="held_out_answers_are_among_them"),
        CheckConstraint(
            "(rmse IS NULL) = (n_held_out = 0) AND (log_loss IS NULL) = (n_held_out = 0) AND (auc IS NULL OR n_held_out > 0)",
            name="held_out_figures_have_answers",
        ),
        CheckConstraint("auc BETWEEN 0 AND 1 AND rmse BETWEEN 0 AND 1 AND log_loss >= 0", name="held_out_figures_are_in_range"),
        {"comment": "Knowledge tracing fitted to the answers of a week; derived"},
    )

    course_id: Mapped[int] = mapped_column(primary_key=True)
    week_number: Mapped[WeekNumber] = mapped_column(primary_key=True, autoincrement=False)
    prior: Mapped[float] = mapped_column(Float(53), comment="P(known before the first answer)")
    learn: Mapped[float] = mapped_column(Float(53), comment="P(learned from one answer to the next)")
    guess: Mapped[float] = mapped_column(Float(53), comment="P(correct though not known)")
    slip: Mapped[float] = mapped_column(Float(53), comment="P(wrong though known)")
    forget: Mapped[float] = mapped_column(Float(53), comment="P(forgotten from one answer to the next); 0 where forgetting was not fitted")
    correct_from: Mapped[float] = mapped_column(Float(53), comment="Share of its points from which an answer was taken for correct")
    n_students: Mapped[int]
    n_answers: Mapped[int]
    log_likelihood: Mapped[float] = mapped_column(Float(53), comment="Natural logarithm, of all answers")
    converged: Mapped[bool]
    constrained: Mapped[bool] = mapped_column(comment="The likeliest fit was degenerate, and this is the best that is not")
    n_held_out: Mapped[int] = mapped_column(comment="Answers that were predicted by fits to other students' answers")
    auc: Mapped[float | None] = mapped_column(Float(53), comment="Of those; null where they are all correct or all wrong")
    rmse: Mapped[float | None] = mapped_column(Float(53), comment="Of those; null where there are none")
    log_loss: Mapped[float | None] = mapped_column(Float(53), comment="Of those; null where there are none")
    fitted_at: Mapped[dt.datetime]
