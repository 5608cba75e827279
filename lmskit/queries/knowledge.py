"""The stored fits of knowledge tracing, one for each week of a course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from lmskit.columns import TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.models import Course, KnowledgeFit, Syllabus
from lmskit.queries.course import has_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

KNOWLEDGE_FITS = Columns(
    WEEK_NUMBER,
    TOPIC,
    Column("prior", "float64", "P(known before the first response)", heading="Prior"),
    Column("learn", "float64", "P(learned from one response to the next)", heading="Learn"),
    Column("guess", "float64", "P(correct although not known)", heading="Guess"),
    Column("slip", "float64", "P(wrong although known); guess + slip < 1", heading="Slip"),
    Column("forget", "float64", "P(forgotten from one response to the next); 0 where forgetting was not fitted", heading="Forget"),
    Column("correct_from", "float64", "share of its points from which a response counted as correct"),
    Column("n_students", "int64", heading="Students"),
    Column("n_answers", "int64", heading="Answers"),
    Column("log_likelihood", "float64", "natural logarithm, of all responses", heading="Log-likelihood"),
    Column("converged", "bool"),
    Column("constrained", "bool", "the fit with the highest likelihood was degenerate; this is the best that is not"),
    Column("n_held_out", "int64", "responses predicted by fits to the responses of other students"),
    Column("auc", "float64", "of those; NaN where they are all correct or all wrong", heading="AUC"),
    Column("rmse", "float64", "of those; NaN without any", heading="RMSE"),
    Column("log_loss", "float64", "of those; NaN without any", heading="Log-loss"),
    Column("fitted_at", "object", "`datetime` with time zone"),
)
_PARAMETERS = ("prior", "learn", "guess", "slip", "forget", "correct_from")


@KNOWLEDGE_FITS.documented
def knowledge_fits(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The stored fit of each week of `course` that has one, by week.

    {columns}

    An unknown course, or one without fits, gives an empty table with these columns.
    """
    return KNOWLEDGE_FITS.table(knowledge_fit_rows(session, course, limit=limit, offset=offset))


def knowledge_fit_rows(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `knowledge_fits`, for a list in the terminal."""
    statement = (
        select(Syllabus.topic, *KnowledgeFit.__table__.columns)
        .join(Syllabus, and_(Syllabus.course_id == KnowledgeFit.course_id, Syllabus.week_number == KnowledgeFit.week_number))
        .join(Course, Course.id == KnowledgeFit.course_id)
        .where(has_code(course))
        .order_by(KnowledgeFit.week_number)
    )
    return rows(session, paged(statement, limit, offset))


def fitted_parameters(session: Session, courses: Collection[int]) -> dict[int, dict[int, dict[str, float]]]:
    """The fitted parameters of the courses with these ids, by course and week: prior, learn, guess, slip, forget and correct_from.

    A course without fits is absent. There are no pages: a refresh needs all fits at once.
    """
    statement = select(KnowledgeFit).where(KnowledgeFit.course_id.in_(list(courses)))
    found: dict[int, dict[int, dict[str, float]]] = {}
    for fit in session.scalars(statement.order_by(KnowledgeFit.course_id, KnowledgeFit.week_number)):
        found.setdefault(fit.course_id, {})[fit.week_number] = {name: float(getattr(fit, name)) for name in _PARAMETERS}
    return found
