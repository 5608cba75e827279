"""People: by address, and the lecturers who can own a course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lmskit.listings import LECTURERS
from lmskit.models import User
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

BY_NAME = RowOrder(User.id, (User.sort_name.collate("C"), User.id))


def person_by_email(session: Session, email: str) -> User | None:
    """The person with this address, with capitals in any form; None if the signed-in person can see no such person."""
    if "\0" in email:
        return None
    return session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


@LECTURERS.documented
def lecturers(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: int | None = None) -> pd.DataFrame:
    """The people who can own a course, by family name.

    {columns}

    `after` begins the page after the person with this number, instead of at `offset`.
    """
    columns = select(User.id.label("person_id"), User.name.label("name"), User.email, User.db_role.is_not(None).label("has_login"))
    statement = columns.where(User.role == Role.LECTURER)
    return frame(session, page_of(session, statement, BY_NAME, limit=limit, offset=offset, after=after), LECTURERS)
