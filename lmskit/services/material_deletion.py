"""Delete materials, passages, decisions about advice and crawls, with the rights of the person who is signed in.

A lecturer has the right to delete from no table, since locks of the whole table come with it, and calls functions of the database, which
delete rows of own courses only. An administrator has no own courses, and deletes rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from lmskit.models import Material, MaterialCrawl, MaterialPassage, ReadingDecision

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.models import Base


def delete_material(session: Session, material_id: int) -> bool:
    """Delete a material with its passages, vectors and decisions; whether there was one that the person may delete.

    Its file stays in the store until it is released.
    """
    return _deleted(session, Material, Material.id == material_id, func.lms.delete_material(material_id)) > 0


def delete_passages(session: Session, material_id: int, *, after: int = 0) -> int:
    """Delete the passages of a material whose number is above `after`, with their vectors; return how many."""
    own = (MaterialPassage.material_id == material_id) & (MaterialPassage.ordinal > after)
    of_course = select(Material.course_id).where(Material.id == material_id).scalar_subquery()
    condition = own & (MaterialPassage.course_id == of_course)
    return _deleted(session, MaterialPassage, condition, func.lms.delete_passages(material_id, after))


def delete_reading_decision(session: Session, decision_id: int) -> bool:
    """Take back a decision about reading advice; whether there was one that the person may take back."""
    return _deleted(session, ReadingDecision, ReadingDecision.id == decision_id, func.lms.delete_reading_decision(decision_id)) > 0


def delete_crawl(session: Session, crawl_id: int) -> bool:
    """Delete a crawl with its pages, and leave its materials; whether there was one that the person may delete."""
    return _deleted(session, MaterialCrawl, MaterialCrawl.id == crawl_id, func.lms.delete_crawl(crawl_id)) > 0


def _deleted(session: Session, model: type[Base], condition: ColumnElement[bool], function: ColumnElement[Any]) -> int:
    session.flush()
    if session.scalar(select(func.has_table_privilege(f"lms.{model.__tablename__}", "DELETE"))):
        return len(session.execute(delete(model).where(condition).returning(condition)).all())
    session.expire_all()
    return int(session.execute(select(function)).scalar_one())
