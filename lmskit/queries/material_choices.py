"""What there is to choose from when materials are searched, and the file of a hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.models import Material, MaterialPassage
from lmskit.queries.course import course_by_code
from lmskit.queries.page import LAST_ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lmskit.vocabulary import MaterialKind


@dataclass(frozen=True, slots=True)
class MaterialChoices:
    """What the materials of some courses have.

    Attributes
    ----------
    n_materials, n_passages
        How many there are.
    kinds
        Kinds of materials, in the order of `MaterialKind`.
    languages
        Languages of passages as ISO 639, by their code; those that could not be detected are not listed.
    """

    n_materials: int
    n_passages: int
    kinds: tuple[MaterialKind, ...]
    languages: tuple[str, ...]


def material_choices(session: Session, courses: Sequence[str]) -> MaterialChoices:
    """Count the materials of courses, and list their kinds and languages.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    ids = [course_by_code(session, code).id for code in courses]
    by_kind = session.execute(
        select(Material.kind, func.count()).where(Material.course_id.in_(ids)).group_by(Material.kind).order_by(Material.kind)
    ).all()
    by_language = session.execute(
        select(MaterialPassage.language, func.count()).where(MaterialPassage.course_id.in_(ids)).group_by(MaterialPassage.language)
    ).all()
    return MaterialChoices(
        n_materials=sum(number for _, number in by_kind),
        n_passages=sum(number for _, number in by_language),
        kinds=tuple(kind for kind, _ in by_kind),
        languages=tuple(sorted(language for language, _ in by_language if language is not None)),
    )


def stored_file(session: Session, material_id: int) -> str | None:
    """The name in the store of a material's file; None without a file, or where the signed-in person can see no such material."""
    return session.scalar(select(Material.stored_as).where(Material.id == material_id)) if 0 < material_id <= LAST_ROW else None
