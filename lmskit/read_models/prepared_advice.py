"""Reading advice for a front door: what is searched for is embedded between two snapshots, so that none stays open meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.db import access
from lmskit.errors import EmbedderError
from lmskit.read_models.passage_search import embedder_in_use
from lmskit.read_models.question_search import question_searches
from lmskit.read_models.reading_advice import advice_texts, course_advice, reading_advice

if TYPE_CHECKING:
    from lmskit.db import Opener
    from lmskit.read_models.advised_passage import CourseAdvice, ReadingAdvice
    from lmskit.read_models.passage_search import PreparedSearch


def prepared_advice(open_session: Opener, course: str, week: int, *, student_id: int | None = None) -> ReadingAdvice:
    """Read what a class or one student should read again; parameters and errors as in `lmskit.read_models.reading_advice`."""
    searches = prepared_searches(open_session, course, week=week, student_id=student_id)
    with open_session() as session:
        return reading_advice(session, course, week, searches, student_id=student_id)


def prepared_course_advice(open_session: Opener, course: str) -> CourseAdvice:
    """Read the advice for the weak topics of a course, and its gaps; errors as in `lmskit.read_models.reading_advice`."""
    searches = prepared_searches(open_session, course)
    with open_session() as session:
        return course_advice(session, course, searches)


def prepared_searches(
    open_session: Opener, course: str, *, week: int | None = None, student_id: int | None = None
) -> dict[str, PreparedSearch]:
    """Prepare the searches for a course, by text; by words alone where the model of the stored vectors does not answer."""
    with open_session() as session:
        texts = advice_texts(session, course, week=week, student_id=student_id)
        embedder = embedder_in_use(session, access().settings) if texts else None
    try:
        return question_searches(texts, embedder)
    except EmbedderError:
        return question_searches(texts, None)
