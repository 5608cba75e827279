"""The materials of a course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select

from lmskit.errors import MaterialNotFoundError
from lmskit.listings import MATERIALS
from lmskit.models import Course, Material, MaterialPassage
from lmskit.queries.course import course_by_code
from lmskit.queries.course_plan import read_by_course
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, LAST_ROW, paged

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows
    from lmskit.vocabulary import MaterialKind


@dataclass(frozen=True)
class StoredMaterial:
    """A material with its course, as one page shows it.

    Attributes
    ----------
    material_id, course, week, topic
        Number; code of the course; week and its topic, None for the whole course.
    title, kind, language, licence, url, file_name, state, findings
        As in `MATERIALS`.
    checksum, stored_as
        SHA-256 of the file, and its name in the store; None for a link.
    media_type, size, length, n_passages
        Of the file.
    fetched_at, updated_at
        When its address was last asked; when it was last changed.
    """

    material_id: int
    course: str
    week: int | None
    title: str
    kind: MaterialKind
    language: str | None
    licence: str | None
    url: str | None
    file_name: str | None
    checksum: str | None
    stored_as: str | None
    media_type: str | None
    size: int | None
    length: int | None
    state: str
    findings: tuple[str, ...]
    n_passages: int
    fetched_at: dt.datetime | None
    updated_at: dt.datetime


@MATERIALS.documented
def materials_of_course(
    session: Session,
    course: str,
    *,
    week: int | None = None,
    kind: MaterialKind | None = None,
    language: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
) -> pd.DataFrame:
    """The materials of `course`, those for the whole course first, then by week, file name, address and number.

    {columns}

    `week`, `kind` and `language` keep only those that have it.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return MATERIALS.table(material_rows(session, course, week=week, kind=kind, language=language, limit=limit, offset=offset))


def material_rows(
    session: Session,
    course: str,
    *,
    week: int | None = None,
    kind: MaterialKind | None = None,
    language: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
) -> Rows:
    """The rows of `materials_of_course`, for a list in the terminal."""
    passages = (
        select(MaterialPassage.material_id, func.count().label("n_passages"))
        .where(MaterialPassage.course_id == course_by_code(session, course).id)
        .group_by(MaterialPassage.material_id)
        .subquery()
    )
    statement = (
        select(
            Material.id.label("material_id"),
            Material.week_number,
            Material.title,
            Material.kind,
            Material.language,
            Material.licence,
            func.coalesce(passages.c.n_passages, 0).label("n_passages"),
            Material.length,
            Material.size,
            Material.file_name,
            Material.url,
            Material.state,
            Material.findings,
            Material.origin,
            Material.updated_at,
        )
        .outerjoin(passages, passages.c.material_id == Material.id)
        .where(*_of(session, course, week, kind, language))
        .order_by(Material.week_number.nulls_first(), Material.file_name.collate("C").nulls_last(), Material.url.collate("C"), Material.id)
    )
    with read_by_course(session):
        return rows(session, paged(statement, limit, offset))


def count_materials(
    session: Session, course: str, *, week: int | None = None, kind: MaterialKind | None = None, language: str | None = None
) -> int:
    """The number of rows on all pages of `materials_of_course`."""
    return session.scalar(select(func.count()).select_from(Material).where(*_of(session, course, week, kind, language))) or 0


def material(session: Session, material_id: int) -> StoredMaterial:
    """One material.

    Raises
    ------
    MaterialNotFoundError
        The signed-in person can see no such material.
    """
    n_passages = (
        select(func.count())
        .select_from(MaterialPassage)
        .where(MaterialPassage.course_id == Material.course_id, MaterialPassage.material_id == Material.id)
        .correlate(Material)
        .scalar_subquery()
    )
    statement = select(Material, Course.code, n_passages).join(Course, Course.id == Material.course_id).where(Material.id == material_id)
    found = session.execute(statement).one_or_none() if 0 < material_id <= LAST_ROW else None
    if found is None:
        raise MaterialNotFoundError(material=material_id)
    row, course, n_found = found
    return StoredMaterial(
        material_id=row.id,
        course=course,
        week=row.week_number,
        title=row.title,
        kind=row.kind,
        language=row.language,
        licence=row.licence,
        url=row.url,
        file_name=row.file_name,
        checksum=row.checksum,
        stored_as=row.stored_as,
        media_type=row.media_type,
        size=row.size,
        length=row.length,
        state=row.state.value,
        findings=tuple(row.findings),
        n_passages=n_found,
        fetched_at=row.fetched_at,
        updated_at=row.updated_at,
    )


def stored_materials(session: Session, course: str) -> list[int]:
    """The numbers of the materials of `course` that have a file in the store, in order."""
    statement = select(Material.id).where(Material.course_id == course_by_code(session, course).id, Material.stored_as.is_not(None))
    return list(session.scalars(statement.order_by(Material.id)))


def _of(session: Session, course: str, week: int | None, kind: MaterialKind | None, language: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Material.course_id == course_by_code(session, course).id]
    if week is not None:
        conditions.append(Material.week_number == week)
    if kind is not None:
        conditions.append(Material.kind == kind)
    if language is not None:
        conditions.append(Material.language == language)
    return conditions
