"""Lecturers and administrators delete materials and what belongs to them, each of the courses that they may."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmskit.models import CrawlPage, Material, MaterialCrawl, MaterialPassage, PassageVector, ReadingDecision
from lmskit.services import material_deletion
from tests import factories

TABLES = (Material, MaterialPassage, PassageVector, ReadingDecision, MaterialCrawl, CrawlPage)


def test_an_administrator_deletes_each_with_what_belongs_to_it(session: Session) -> None:
    course = factories.course(session, weeks=1)
    model = factories.embedding_model(session)
    _, material = (factories.material(session, course, passages=("one", "two", "three")) for _ in range(2))
    passages = session.scalars(select(MaterialPassage).where(MaterialPassage.course_id == course.id)).all()
    for passage in passages:
        factories.vector(session, passage, model, [1, 0, 0])
    decision, *_ = [factories.reading_decision(session, passage) for passage in passages]
    _, crawl = (factories.crawl(session, course, addresses=["https://example.org/a"]) for _ in range(2))

    def counts() -> list[int | None]:
        return [session.scalar(select(func.count()).select_from(table).where(table.course_id == course.id)) for table in TABLES]

    assert counts() == [2, 6, 6, 6, 2, 2]
    assert material_deletion.delete_passages(session, material.id, after=1) == 2
    assert counts() == [2, 4, 4, 6, 2, 2]
    assert material_deletion.delete_reading_decision(session, decision.id)
    assert material_deletion.delete_crawl(session, crawl.id)
    assert counts() == [2, 4, 4, 5, 1, 1]
    assert material_deletion.delete_material(session, material.id)
    assert counts() == [1, 3, 3, 2, 1, 1]
    assert not material_deletion.delete_material(session, material.id)
    assert not material_deletion.delete_crawl(session, crawl.id)


def test_a_removed_material_leaves_the_page_of_its_crawl(session: Session) -> None:
    course = factories.course(session, weeks=1)
    material = factories.material(session, course)
    crawl = factories.crawl(session, course, addresses=["https://example.org/a"])
    page = session.get_one(CrawlPage, (course.id, crawl.id, "https://example.org/a"))
    page.material_id = material.id
    session.flush()
    assert material_deletion.delete_material(session, material.id)
    assert session.execute(select(CrawlPage.url, CrawlPage.material_id).where(CrawlPage.course_id == course.id)).all() == [
        ("https://example.org/a", None)
    ]
