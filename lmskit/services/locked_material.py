"""A material that the signed-in person is about to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lmskit.models import Material
from lmskit.queries.leading import require_leading
from lmskit.queries.page import LAST_ROW

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def locked_material(session: Session, material_id: int) -> Material | None:
    """The material, which stays as it is until the transaction ends; None if the signed-in person can see no such material.

    Raises
    ------
    NotLeadingError
        The person is an assistant of its course.
    """
    if not 0 < material_id <= LAST_ROW:
        return None
    course_id = session.scalar(select(Material.course_id).where(Material.id == material_id))
    if course_id is not None:
        require_leading(session, course_id)
    locked = select(Material).where(Material.id == material_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one_or_none()
