"""What other systems call our people, terms, courses and quizzes."""

import pandas as pd
from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import Session

from lmskit.models import ExternalId
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page
from lmskit.vocabulary import EntityKind


def external_ids(session: Session, source: str, kind: EntityKind, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The ids that a source system uses for one kind of thing, in the order of their bytes.

    ===========  =====  ==================================================
    external_id  str    as the source writes it
    entity_id    int64  of the person, term, course or quiz it names here
    ===========  =====  ==================================================
    """
    check_page(limit, offset)
    statement = (
        select(ExternalId.external_id, _entity().label("entity_id"))
        .where(ExternalId.source == source, ExternalId.kind == kind)
        .order_by(ExternalId.external_id.collate("C"))
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, {"external_id": "str", "entity_id": "int64"})


def entity_named(session: Session, source: str, kind: EntityKind, external_id: str) -> int | None:
    """Return the id of what a source system calls `external_id`; None if it is not known here."""
    statement = select(_entity()).where(ExternalId.source == source, ExternalId.kind == kind, ExternalId.external_id == external_id)
    return session.scalar(statement)


def _entity() -> ColumnElement[int]:
    """The one reference that an external id of its kind has; a quiz has its course beside it."""
    return case(
        (ExternalId.kind == EntityKind.PERSON, ExternalId.person_id),
        (ExternalId.kind == EntityKind.TERM, ExternalId.term_id),
        (ExternalId.kind == EntityKind.COURSE, ExternalId.course_id),
        else_=ExternalId.quiz_id,
    )
