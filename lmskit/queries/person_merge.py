"""Who was merged into whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.listings import PERSON_MERGES
from lmskit.models import PersonMerge, User
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


@PERSON_MERGES.documented
def person_merges(session: Session, *, person: int | None = None, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """People who were merged into others, newest first; only administrators see them.

    {columns}

    `person` keeps those who were merged into the person of this number.
    """
    return PERSON_MERGES.table(person_merge_rows(session, person=person, limit=limit, offset=offset))


def person_merge_rows(session: Session, *, person: int | None = None, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `person_merges`, for a list in the terminal."""
    former = PersonMerge.picture["removed"]
    shown_given_name = func.coalesce(func.nullif(former["preferred_name"].astext, ""), func.nullif(former["given_name"].astext, ""))
    statement = (
        select(
            PersonMerge.id.label("receipt"),
            PersonMerge.kept_id,
            User.name.label("name"),
            PersonMerge.removed_id,
            func.concat_ws(", ", former["family_name"].astext, shown_given_name).label("former_name"),
            PersonMerge.merged_at,
        )
        .join(User, User.id == PersonMerge.kept_id)
        .where(*_of(person))
        .order_by(PersonMerge.id.desc())
    )
    return rows(session, paged(statement, limit, offset))


def count_person_merges(session: Session, *, person: int | None = None) -> int:
    """The number of rows on all pages of `person_merges`."""
    return session.scalar(select(func.count()).select_from(PersonMerge).where(*_of(person))) or 0


def _of(person: int | None) -> list[ColumnElement[bool]]:
    return [] if person is None else [PersonMerge.kept_id == person]
