"""Terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.columns import Column, Columns
from lmskit.errors import TermNotFoundError
from lmskit.models import Course, Term
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

TERMS = Columns(
    Column("code", "str", "unique", heading="Term"),
    Column("name", "str", heading="Name"),
    Column("starts_on", "object", "`date`, first day, inclusive", heading="First day"),
    Column("ends_on", "object", "`date`, last day, inclusive", heading="Last day"),
    Column("state", "str", "`TermState`", heading="State"),
    Column("n_courses", "int64", "that the signed-in person can see", heading="Courses"),
)

NEWEST_FIRST = RowOrder(Term.code, (Term.starts_on, Term.code.collate("C")), descending=1)


@TERMS.documented
def terms(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None) -> pd.DataFrame:
    """The terms that the signed-in person can see, newest first.

    {columns}

    `after` begins the page after the term with this code, instead of at `offset`.
    """
    return TERMS.table(term_rows(session, limit=limit, offset=offset, after=after))


def term_rows(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None) -> Rows:
    """The rows of `terms`, for a list in the terminal."""
    n_courses = select(func.count()).select_from(Course).where(Course.term_id == Term.id).correlate(Term).scalar_subquery()
    statement = select(Term.code, Term.name, Term.starts_on, Term.ends_on, Term.state, n_courses.label("n_courses"))
    return rows(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after))


def count_terms(session: Session) -> int:
    """The number of rows on all pages of `terms`."""
    return session.scalar(select(func.count()).select_from(Term)) or 0


def term_by_code(session: Session, code: str) -> Term:
    """The term with this code.

    Raises
    ------
    TermNotFoundError
        It does not exist, or the signed-in person may not see it; the error does not say which.
    """
    term = session.scalars(select(Term).where(Term.code == code)).one_or_none() if "\0" not in code else None
    if term is None:
        raise TermNotFoundError(term=code)
    return term
