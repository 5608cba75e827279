"""What knowledge tracing found of each week of a course."""

from collections.abc import Collection

import pandas as pd
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from lmskit.models import Course, KnowledgeFit, Syllabus
from lmskit.queries.course import has_code
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page

_PARAMETERS = ("prior", "learn", "guess", "slip", "forget", "correct_from")


def knowledge_fits(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The stored fit of each week of `course` that has one, by week.

    ==============  =======  ==============================================================================
    week_number     int64
    topic           str
    prior           float64  P(known before the first answer)
    learn           float64  P(learned from one answer to the next)
    guess           float64  P(correct though not known)
    slip            float64  P(wrong though known); guess + slip < 1
    forget          float64  P(forgotten from one answer to the next); 0 where forgetting was not fitted
    correct_from    float64  share of its points from which an answer was taken for correct
    n_students      int64
    n_answers       int64
    log_likelihood  float64  natural logarithm, of all answers
    converged       bool
    constrained     bool     the likeliest fit was degenerate, and this is the best that is not
    n_held_out      int64    answers that were predicted by fits to other students' answers
    auc             float64  of those; NaN where they are all correct or all wrong
    rmse            float64  of those; NaN without any
    log_loss        float64  of those; NaN without any
    fitted_at       object   `datetime` with its zone
    ==============  =======  ==============================================================================

    An unknown course, or one that nobody fitted, gives an empty table with these columns.
    """
    check_page(limit, offset)
    statement = (
        select(Syllabus.topic, *KnowledgeFit.__table__.columns)
        .join(Syllabus, and_(Syllabus.course_id == KnowledgeFit.course_id, Syllabus.week_number == KnowledgeFit.week_number))
        .join(Course, Course.id == KnowledgeFit.course_id)
        .where(has_code(course))
        .order_by(KnowledgeFit.week_number)
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, _FITS)


def fitted_parameters(session: Session, courses: Collection[int]) -> dict[int, dict[int, dict[str, float]]]:
    """What was fitted in the courses with these ids: by course and week, prior, learn, guess, slip, forget and correct_from.

    A course that nobody fitted is not there. Not a list but all of them at once: a refresh needs them all.
    """
    statement = select(KnowledgeFit).where(KnowledgeFit.course_id.in_(list(courses)))
    found: dict[int, dict[int, dict[str, float]]] = {}
    for fit in session.scalars(statement.order_by(KnowledgeFit.course_id, KnowledgeFit.week_number)):
        found.setdefault(fit.course_id, {})[fit.week_number] = {name: float(getattr(fit, name)) for name in _PARAMETERS}
    return found


_FITS = {
    "week_number": "int64",
    "topic": "str",
    **dict.fromkeys(_PARAMETERS, "float64"),
    "n_students": "int64",
    "n_answers": "int64",
    "log_likelihood": "float64",
    "converged": "bool",
    "constrained": "bool",
    "n_held_out": "int64",
    "auc": "float64",
    "rmse": "float64",
    "log_loss": "float64",
    "fitted_at": "object",
}
