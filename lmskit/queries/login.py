"""Logins: who has one, whether it is open, and who is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, column, func, select, table, text

from lmskit.listings import LOGINS
from lmskit.models import Course, Term, User
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of
from lmskit.queries.person import HAS_INVENTED_ADDRESS
from lmskit.queries.person_search import found_by
from lmskit.vocabulary import Role, TermState

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

SERVER_ROLES = table("pg_roles", column("rolname"), column("rolcanlogin"), schema="pg_catalog")


@dataclass(frozen=True)
class SignedIn:
    """The person whose login a session uses.

    Attributes
    ----------
    login
        The name of the role.
    person_id, email, role
        Of the person; None for a login that belongs to no person, such as the migrator's.
    """

    login: str
    person_id: int | None
    email: str | None
    role: Role | None


BY_NAME = RowOrder(User.email, (User.sort_name.collate("C"), User.id))


def signed_in(session: Session) -> SignedIn:
    """The person whose login this session uses."""
    login = str(session.scalar(text("SELECT session_user")))
    address = func.lms.my_address().label("email")
    row = session.execute(select(User.id, address, User.role).where(User.id == select(func.lms.me()).scalar_subquery())).one_or_none()
    return SignedIn(login, None, None, None) if row is None else SignedIn(login, row.id, row.email, row.role)


def login_is_open(session: Session, person: User) -> bool | None:
    """Whether a person can sign in with their login; None if they have no login."""
    if person.db_role is None:
        return None
    return bool(session.scalar(select(SERVER_ROLES.c.rolcanlogin).where(SERVER_ROLES.c.rolname == person.db_role)))


def courses_in_open_terms(session: Session, person: User, *, locked: bool = False) -> list[str]:
    """The codes of the courses that a person is responsible for, in terms that are not closed.

    If `locked`, no other session hands one of them over until the transaction ends.
    """
    statement = (
        select(Course.code)
        .join(Term, Term.id == Course.term_id)
        .where(Course.lecturer_id == person.id, Term.state == TermState.OPEN)
        .order_by(Course.code)
    )
    return list(session.scalars(statement.with_for_update(of=Course, key_share=True) if locked else statement))


@LOGINS.documented
def logins(
    session: Session, *, search: str | None = None, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None
) -> pd.DataFrame:
    """Lecturers and administrators with their logins, by family name.

    {columns}

    `search` keeps those whom `found_by` finds. `after` begins the page after the person with this address, instead of at `offset`.
    """
    return LOGINS.table(login_rows(session, search=search, limit=limit, offset=offset, after=after))


def login_rows(
    session: Session,
    *,
    search: str | None = None,
    invented: bool = False,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: str | None = None,
) -> Rows:
    """The rows of `logins`, for a list in the terminal; or only of people whose address an import invented."""
    statement = (
        select(
            User.id.label("person_id"),
            User.name.label("name"),
            User.email,
            User.role,
            User.db_role.label("login"),
            case((User.db_role.is_(None), "none"), (SERVER_ROLES.c.rolcanlogin, "open"), else_="closed").label("state"),
        )
        .outerjoin(SERVER_ROLES, SERVER_ROLES.c.rolname == User.db_role)
        .where(User.role != Role.STUDENT, found_by(search))
    )
    if invented:
        statement = statement.where(HAS_INVENTED_ADDRESS)
    return rows(session, page_of(session, statement, BY_NAME, limit=limit, offset=offset, after=after))


def count_logins(session: Session, *, search: str | None = None, invented: bool = False) -> int:
    """The number of rows on all pages of `logins`; or only of people whose address an import invented."""
    statement = select(func.count()).select_from(User).where(User.role != Role.STUDENT, found_by(search))
    return session.scalar(statement.where(HAS_INVENTED_ADDRESS) if invented else statement) or 0
