"""Which terms there are."""

import pandas as pd
from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from lmskit.errors import TermNotFoundError
from lmskit.models import Course, Term
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page


def terms(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The terms the signed-in person can see, newest first.

    ============  ======  ========================================
    code          str     unique
    name          str
    starts_on     object  `date`, first day, inclusive
    ends_on       object  `date`, last day, inclusive
    n_courses     int64   those the person can see
    ============  ======  ========================================
    """
    check_page(limit, offset)
    n_courses = select(func.count()).select_from(Course).where(Course.term_id == Term.id).correlate(Term).scalar_subquery()
    statement = (
        select(Term.code, Term.name, Term.starts_on, Term.ends_on, n_courses.label("n_courses"))
        .order_by(desc(Term.starts_on), Term.code.collate("C"))
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, {"code": "str", "name": "str", "starts_on": "object", "ends_on": "object", "n_courses": "int64"})


def term_by_code(session: Session, code: str) -> Term:
    """The term with this code.

    Raises
    ------
    TermNotFoundError
        There is none, or the signed-in person may not see it: the two cannot be told apart.
    """
    term = session.scalars(select(Term).where(Term.code == code)).one_or_none() if "\0" not in code else None
    if term is None:
        raise TermNotFoundError(term=code)
    return term
