"""How far crawls for materials are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from lmskit.models import CrawlPage, Material, MaterialCrawl
from lmskit.queries.course import course_by_code
from lmskit.vocabulary import CrawlPageState, CrawlState


def unfinished_crawl(session: Session, *, course_id: int, start_url: str) -> MaterialCrawl | None:
    """The newest crawl of a course from this address, unless it has come to its end."""
    newest = (
        select(MaterialCrawl)
        .where(MaterialCrawl.course_id == course_id, MaterialCrawl.start_url == start_url)
        .order_by(MaterialCrawl.id.desc())
        .limit(1)
    )
    crawl = session.scalars(newest).one_or_none()
    return crawl if crawl is not None and crawl.state is not CrawlState.DONE else None


def next_page(session: Session, crawl: MaterialCrawl, *, depth: int, without: Collection[str] = ()) -> CrawlPage | None:
    """The page that is fetched next: the nearest to the start, and of several the first by address."""
    waiting = (
        select(CrawlPage)
        .where(
            CrawlPage.course_id == crawl.course_id,
            CrawlPage.crawl_id == crawl.id,
            CrawlPage.state == CrawlPageState.WAITING,
            CrawlPage.depth <= depth,
            CrawlPage.url.not_in(without),
        )
        .order_by(CrawlPage.depth, CrawlPage.url)
        .limit(1)
    )
    return session.scalars(waiting).one_or_none()


def page_counts(session: Session, crawl: MaterialCrawl) -> dict[CrawlPageState, int]:
    """How many addresses of a crawl are in each state; states without any have 0."""
    counted = (
        select(CrawlPage.state, func.count())
        .where(CrawlPage.course_id == crawl.course_id, CrawlPage.crawl_id == crawl.id)
        .group_by(CrawlPage.state)
    )
    found = {state: number for state, number in session.execute(counted)}  # noqa: C416 - of rows, which are not pairs to mypy
    return {state: found.get(state, 0) for state in CrawlPageState}


def waiting_pages(session: Session, crawl: MaterialCrawl, *, depth: int) -> int:
    """How many addresses of a crawl within a depth have not been fetched."""
    waiting = select(func.count()).where(
        CrawlPage.course_id == crawl.course_id,
        CrawlPage.crawl_id == crawl.id,
        CrawlPage.state == CrawlPageState.WAITING,
        CrawlPage.depth <= depth,
    )
    return session.scalars(waiting).one()


def material_at(session: Session, *, course_id: int, url: str) -> Material | None:
    """The material of a course that has this address."""
    return session.scalars(select(Material).where(Material.course_id == course_id, Material.url == url)).one_or_none()


@dataclass(frozen=True)
class FetchedMaterial:
    """A material that was fetched from its address."""

    material_id: int
    course_id: int
    url: str
    etag: str | None
    last_modified: str | None


def fetched_materials(session: Session, course: str, *, material_id: int | None = None) -> list[FetchedMaterial]:
    """The materials of a course that were fetched from their address, or one of them, by number.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    found = (
        select(
            Material.id,
            Material.course_id,
            func.coalesce(Material.url, ""),
            Material.etag,
            Material.last_modified,
        )
        .where(Material.course_id == course_by_code(session, course).id, Material.url.is_not(None), Material.fetched_at.is_not(None))
        .order_by(Material.id)
    )
    if material_id is not None:
        found = found.where(Material.id == material_id)
    return [FetchedMaterial(*row) for row in session.execute(found).all()]


def same_content(session: Session, crawl: MaterialCrawl, *, checksum: str, url: str) -> Material | None:
    """A material with this content that another address of the crawl has led to."""
    page = aliased(CrawlPage)
    found = (
        select(Material)
        .join(page, (page.course_id == Material.course_id) & (page.material_id == Material.id))
        .where(page.course_id == crawl.course_id, page.crawl_id == crawl.id, Material.checksum == checksum, Material.url != url)
        .order_by(Material.id)
        .limit(1)
    )
    return session.scalars(found).one_or_none()
