"""The material that a page of a crawl becomes, and which materials a crawl leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lmskit.materials.folder import week_in
from lmskit.materials.web.following import path_in_words
from lmskit.models import Material, Syllabus
from lmskit.queries.material_crawl import material_at
from lmskit.schemas.material import AddMaterial
from lmskit.vocabulary import Origin

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import MaterialCrawl
    from lmskit.schemas.crawl import CrawlRequest
    from lmskit.services.material_web import WebPage


def crawled_material(
    session: Session, crawl: MaterialCrawl, request: CrawlRequest, page: WebPage, *, named_by_link: int | None
) -> AddMaterial:
    """What is known of the material of a page, besides its content; what a person wrote about an earlier version stays."""
    before = material_at(session, course_id=crawl.course_id, url=page.own_url)
    if before is not None:
        week = request.week or before.week_number
        return AddMaterial(
            course=request.course,
            url=page.own_url,
            week=week,
            title=before.title,
            licence=before.licence,
            file_name=before.file_name,
        )
    weeks = weeks_of(session, crawl.course_id)
    named = [named_by_link, week_in(path_in_words(page.own_url)), week_in(page.text.title.replace("/", " "))]
    week = request.week or next((number for number in named if number in weeks), None)
    return AddMaterial(course=request.course, url=page.own_url, week=week, origin=Origin.IMPORT)


def material_with_own_file(session: Session, course_id: int, *urls: str) -> Material | None:
    """The material of one of these addresses whose file a person gave, as the captions of a video; None if there is none."""
    found = (
        select(Material)
        .where(Material.course_id == course_id, Material.url.in_(urls), Material.fetched_at.is_(None), Material.checksum.is_not(None))
        .order_by(Material.id)
        .limit(1)
        .with_for_update()
    )
    return session.scalars(found).one_or_none()


def why_left_alone(material: Material) -> str:
    """Return why a page is not read into the material of its address."""
    file = material.file_name or "a file"
    return f"Material {material.id} has this address and was added from {file}, so it stays as it is."


def weeks_of(session: Session, course_id: int) -> set[int]:
    """The weeks of the syllabus of a course."""
    return set(session.scalars(select(Syllabus.week_number).where(Syllabus.course_id == course_id)))
