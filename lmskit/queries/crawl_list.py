"""Past and running crawls of web sites: when, by whom, and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Integer, Text, case, desc, func, select
from sqlalchemy.orm import aliased

from lmskit.listings import CRAWLS
from lmskit.models import Course, CrawlPage, MaterialCrawl, User
from lmskit.queries.course import course_by_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.vocabulary import CrawlPageState, CrawlState

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


@CRAWLS.documented
def crawls(session: Session, course: str | None = None, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The crawls of a course, or of all courses that the person may see, newest first.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return CRAWLS.table(crawl_rows(session, course, limit=limit, offset=offset))


def crawl_rows(session: Session, course: str | None = None, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `crawls`, for a list in the terminal."""
    newer = aliased(MaterialCrawl)
    sees_logins = session.scalar(select(func.has_column_privilege("lms.users", "db_role", "SELECT")))  # an administrator does
    from_there_again = select(newer.id).where(
        newer.course_id == MaterialCrawl.course_id, newer.start_url == MaterialCrawl.start_url, newer.id > MaterialCrawl.id
    )
    statement = (
        select(
            MaterialCrawl.id.label("crawl_id"),
            Course.code.label("course"),
            MaterialCrawl.start_url,
            case((_NOTHING_CAME & _START.is_not(None), "refused"), else_=MaterialCrawl.state.cast(Text)).label("state"),
            _n_pages(CrawlPage.state == CrawlPageState.DONE).label("done"),
            _n_pages(_NOT_ADDED).label("not_added"),
            _n_pages(CrawlPage.state == CrawlPageState.WAITING, CrawlPage.depth <= _DEPTH).label("waiting"),
            MaterialCrawl.started_at,
            MaterialCrawl.ended_at,
            (func.coalesce(User.email, MaterialCrawl.started_by) if sees_logins else MaterialCrawl.started_by).label("started_by"),
            (~from_there_again.exists()).label("is_newest"),
            case((_NOTHING_CAME, _START)).label("refusal"),
            MaterialCrawl.options,
        )
        .join(Course, Course.id == MaterialCrawl.course_id)
        .where(*_of(session, course))
        .order_by(desc(MaterialCrawl.id))
    )
    if sees_logins:
        statement = statement.outerjoin(User, User.db_role == MaterialCrawl.started_by)
    return rows(session, paged(statement, limit, offset))


def count_crawls(session: Session, course: str | None = None) -> int:
    """The number of rows on all pages of `crawls`."""
    return session.scalar(select(func.count()).select_from(MaterialCrawl).where(*_of(session, course))) or 0


_WRITTEN = MaterialCrawl.options["depth"].astext
_DEPTH = case((_WRITTEN.regexp_match(r"^\d{1,4}$"), _WRITTEN.cast(Integer)), else_=CrawlPage.depth)
"""How deep a crawl went: what lies beyond waits for one that goes deeper. A lecturer may have written anything there."""


def _n_pages(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    counted = (
        select(func.count())
        .select_from(CrawlPage)
        .where(CrawlPage.course_id == MaterialCrawl.course_id, CrawlPage.crawl_id == MaterialCrawl.id, *conditions)
    )
    return counted.correlate(MaterialCrawl).scalar_subquery()


def _of(session: Session, course: str | None) -> list[ColumnElement[bool]]:
    return [] if course is None else [MaterialCrawl.course_id == course_by_code(session, course).id]


_NOT_ADDED = CrawlPage.state.in_([CrawlPageState.GONE, CrawlPageState.REFUSED])
_START = (
    select(CrawlPage.finding)
    .where(
        CrawlPage.course_id == MaterialCrawl.course_id,
        CrawlPage.crawl_id == MaterialCrawl.id,
        CrawlPage.url == MaterialCrawl.start_url,
        _NOT_ADDED,
    )
    .correlate(MaterialCrawl)
    .scalar_subquery()
)
"""Why the page that a crawl starts from was not added."""
_NOTHING_CAME = (MaterialCrawl.state == CrawlState.DONE) & (_n_pages(CrawlPage.state == CrawlPageState.DONE) == 0)
