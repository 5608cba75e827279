"""Files that the store of materials should have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, Text, any_, cast, func, select, text

from lmskit.models import Material, MaterialFile

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session


def sees_all_files(session: Session) -> bool:
    """Whether the person sees every file that the database knows, and every material that has it."""
    return bool(session.scalar(text("SELECT has_table_privilege('lms.material_files', 'SELECT')")))


def unneeded_files(session: Session) -> list[str]:
    """The names in the store of files that no material has, among those that the person may see: an administrator all, a lecturer none."""
    if not sees_all_files(session):
        return []
    needed = select(Material.id).where(Material.stored_as == MaterialFile.stored_as).exists()
    return list(session.scalars(select(MaterialFile.stored_as).where(~needed)))


def count_stored(session: Session) -> int:
    """How many files the materials have that the person may see."""
    return session.scalar(select(func.count(Material.stored_as.distinct()))) or 0


def some_stored(session: Session, *, names: Collection[str] | None = None, limit: int | None = None) -> dict[str, int]:
    """The names in the store of the files of materials, each with a material that has it.

    With `names`, those among them; with a limit some, at random.
    """
    statement = select(Material.stored_as, func.min(Material.id)).where(Material.stored_as.is_not(None)).group_by(Material.stored_as)
    if names is not None:
        statement = statement.where(Material.stored_as == any_(cast(list(names), ARRAY(Text))))
    if limit is not None:
        statement = statement.order_by(func.random()).limit(limit)
    return {str(name): int(material) for name, material in session.execute(statement)}
