"""The ids of people, terms, courses and quizzes in other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, case, select

from lmskit.columns import Column, Columns
from lmskit.models import ExternalId
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

EXTERNAL_IDS = Columns(
    Column("external_id", "str", "as the source writes it"),
    Column("entity_id", "int64", "of the person, term, course or quiz in lmskit"),
)

BY_BYTES = RowOrder(ExternalId.external_id, (ExternalId.external_id.collate("C"),))


@EXTERNAL_IDS.documented
def external_ids(
    session: Session, source: str, kind: EntityKind, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None
) -> pd.DataFrame:
    """The ids that a source system uses for one kind of entity, in the order of their bytes.

    {columns}

    `after` begins the page after this id, instead of at `offset`.
    """
    columns = select(ExternalId.external_id, _entity().label("entity_id"))
    statement = columns.where(ExternalId.source == source, ExternalId.kind == kind)
    return frame(session, page_of(session, statement, BY_BYTES, limit=limit, offset=offset, after=after), EXTERNAL_IDS)


def entity_named(session: Session, source: str, kind: EntityKind, external_id: str) -> int | None:
    """The id in lmskit of the entity that a source system calls `external_id`; None if no import has brought it."""
    statement = select(_entity()).where(ExternalId.source == source, ExternalId.kind == kind, ExternalId.external_id == external_id)
    return session.scalar(statement)


def ids_of_course(session: Session, source: str, course_id: int) -> list[str]:
    """The ids that a source system gives a course, in the order in which they came."""
    of_course = select(ExternalId.external_id).where(
        ExternalId.course_id == course_id, ExternalId.kind == EntityKind.COURSE, ExternalId.source == source
    )
    return list(session.scalars(of_course.order_by(ExternalId.id)))


def _entity() -> ColumnElement[int]:
    """The one reference that an external id of its kind has; a quiz has its course beside it."""
    return case(
        (ExternalId.kind == EntityKind.PERSON, ExternalId.person_id),
        (ExternalId.kind == EntityKind.TERM, ExternalId.term_id),
        (ExternalId.kind == EntityKind.COURSE, ExternalId.course_id),
        else_=ExternalId.quiz_id,
    )
