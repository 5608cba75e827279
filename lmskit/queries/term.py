"""Terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.columns import Column, Columns
from lmskit.errors import TermNotFoundError
from lmskit.models import Course, Term
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

TERMS = Columns(
    Column("code", "str", "unique"),
    Column("name", "str"),
    Column("starts_on", "object", "`date`, first day, inclusive"),
    Column("ends_on", "object", "`date`, last day, inclusive"),
    Column("n_courses", "int64", "that the signed-in person can see"),
)

NEWEST_FIRST = RowOrder(Term.code, (Term.starts_on, Term.code.collate("C")), descending=1)


@TERMS.documented
def terms(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None) -> pd.DataFrame:
    """The terms that the signed-in person can see, newest first.

    {columns}

    `after` begins the page after the term with this code, instead of at `offset`.
    """
    n_courses = select(func.count()).select_from(Course).where(Course.term_id == Term.id).correlate(Term).scalar_subquery()
    statement = select(Term.code, Term.name, Term.starts_on, Term.ends_on, n_courses.label("n_courses"))
    return frame(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after), TERMS)


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
