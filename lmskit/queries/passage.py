"""The passages of a material."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select

from lmskit.errors import MaterialNotFoundError
from lmskit.listings import PASSAGES
from lmskit.models import Material, MaterialPassage
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, LAST_ROW, paged

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from lmskit.queries.frame import Rows


def passage_checksum(body: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[str]:
    """An expression for what names a passage in a decision about reading advice: the SHA-256 of its body in UTF-8, hexadecimal."""
    return func.encode(func.sha256(func.convert_to(body, "UTF8")), "hex", type_=body.type)


@PASSAGES.documented
def passages_of_material(session: Session, material_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The passages of a material in the order of its text.

    {columns}

    Raises
    ------
    MaterialNotFoundError
        The signed-in person can see no such material.
    """
    return PASSAGES.table(passage_rows(session, material_id, limit=limit, offset=offset))


def passage_rows(session: Session, material_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `passages_of_material`, for a list in the terminal."""
    statement = (
        select(
            MaterialPassage.ordinal,
            MaterialPassage.page,
            MaterialPassage.slide,
            MaterialPassage.cell,
            MaterialPassage.seconds,
            MaterialPassage.headings,
            MaterialPassage.body,
            MaterialPassage.language,
            MaterialPassage.is_notes,
            MaterialPassage.overlap,
            passage_checksum(MaterialPassage.body).label("checksum"),
        )
        .where(*_of(session, material_id))
        .order_by(MaterialPassage.ordinal)
    )
    return rows(session, paged(statement, limit, offset))


def count_passages(session: Session, material_id: int) -> int:
    """The number of rows on all pages of `passages_of_material`."""
    return session.scalar(select(func.count()).select_from(MaterialPassage).where(*_of(session, material_id))) or 0


def _of(session: Session, material_id: int) -> tuple[ColumnElement[bool], ...]:
    """The condition for the passages of a material. It names the course too, with which their key begins."""
    course_id = session.scalar(select(Material.course_id).where(Material.id == material_id)) if 0 < material_id <= LAST_ROW else None
    if course_id is None:
        raise MaterialNotFoundError(material=material_id)
    return MaterialPassage.course_id == course_id, MaterialPassage.material_id == material_id
