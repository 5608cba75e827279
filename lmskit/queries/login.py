"""Logins: who has one, whether it is open, and who is signed in."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import column, func, select, table, text
from sqlalchemy.orm import Session

from lmskit.models import User
from lmskit.names import display_name
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page
from lmskit.vocabulary import Role

SERVER_ROLES = table("pg_roles", column("rolname"), column("rolcanlogin"), schema="pg_catalog")


@dataclass(frozen=True)
class SignedIn:
    """Whose login a session is.

    Attributes
    ----------
    login
        The name of the role.
    person_id, email, role
        The person; None for a login that is nobody's, such as the migrator's.
    """

    login: str
    person_id: int | None
    email: str | None
    role: Role | None


def signed_in(session: Session) -> SignedIn:
    """Whose login this session is."""
    login = str(session.scalar(text("SELECT session_user")))
    row = session.execute(select(User.id, User.email, User.role).where(User.id == select(func.lms.me()).scalar_subquery())).one_or_none()
    return SignedIn(login, None, None, None) if row is None else SignedIn(login, row.id, row.email, row.role)


def login_is_open(session: Session, person: User) -> bool | None:
    """Whether the login of a person lets them in; None where they have none."""
    if person.db_role is None:
        return None
    return bool(session.scalar(select(SERVER_ROLES.c.rolcanlogin).where(SERVER_ROLES.c.rolname == person.db_role)))


def logins(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Lecturers and administrators, by family name, with their logins.

    ============  ======  ============================================
    person_id     int64
    email         str     lower case
    name          str     "Family, Given"
    role          str     `Role`
    login         str     name of the database role; NaN without one
    state         str     "open", "closed" or "none"
    ============  ======  ============================================
    """
    check_page(limit, offset)
    statement = (
        select(
            User.id.label("person_id"),
            User.email,
            User.family_name,
            User.given_name,
            User.role,
            User.db_role.label("login"),
            SERVER_ROLES.c.rolcanlogin.label("is_open"),
        )
        .outerjoin(SERVER_ROLES, SERVER_ROLES.c.rolname == User.db_role)
        .where(User.role != Role.STUDENT)
        .order_by(User.sort_name.collate("C"), User.id)
        .limit(limit)
        .offset(offset)
    )
    kinds = dict.fromkeys(("email", "family_name", "given_name", "role", "login"), "str")
    found = frame(session, statement, {"person_id": "int64", **kinds, "is_open": "object"})
    names = [display_name(family, given) for family, given in zip(found["family_name"], found["given_name"], strict=True)]
    has_login = found["login"].notna()
    state = ["none" if not has else "open" if is_open else "closed" for has, is_open in zip(has_login, found["is_open"], strict=True)]
    return pd.DataFrame(
        {
            "person_id": found["person_id"],
            "email": found["email"],
            "name": pd.Series(names, dtype="str"),
            "role": found["role"],
            "login": found["login"],
            "state": pd.Series(state, dtype="str"),
        }
    )


def count_logins(session: Session) -> int:
    """How many people `logins` lists."""
    return session.scalar(select(func.count()).select_from(User).where(User.role != Role.STUDENT)) or 0
