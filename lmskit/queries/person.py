"""People: by address, and the lecturers a course can be given to."""

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmskit.models import User
from lmskit.names import display_name
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page
from lmskit.vocabulary import Role


def person_by_email(session: Session, email: str) -> User | None:
    """The person with this address, in any spelling of capitals; None where there is none to see."""
    if "\0" in email:
        return None
    return session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def lecturers(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Those who can own a course, by family name.

    ============  ======  ========================================
    person_id     int64
    email         str     lower case
    name          str     "Family, Given"
    has_login     bool    whether they can sign in
    ============  ======  ========================================
    """
    check_page(limit, offset)
    statement = (
        select(User.id.label("person_id"), User.email, User.family_name, User.given_name, User.db_role.is_not(None).label("has_login"))
        .where(User.role == Role.LECTURER)
        .order_by(User.sort_name.collate("C"), User.id)
        .limit(limit)
        .offset(offset)
    )
    columns = {"person_id": "int64", "email": "str", "family_name": "str", "given_name": "str", "has_login": "bool"}
    table = frame(session, statement, columns)
    names = [display_name(family, given) for family, given in zip(table["family_name"], table["given_name"], strict=True)]
    table.insert(2, "name", pd.Series(names, dtype="str"))
    return table.drop(columns=["family_name", "given_name"])
