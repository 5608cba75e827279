"""What a person says about a material after it was added: title, week and licence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import MaterialNotFoundError, WeekNotFoundError
from lmskit.models import Course, Material, MaterialPassage
from lmskit.services.locked_material import locked_material
from lmskit.services.material import AddedMaterial

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.schemas.material import ChangeMaterial


def change_material(session: Session, change: ChangeMaterial) -> AddedMaterial:
    """Give a material another title, week or licence; its file, text and vectors stay.

    Parameters
    ----------
    session
        Of an administrator or of the course's lecturer.
    change
        What to change.

    Raises
    ------
    MaterialNotFoundError
        The signed-in person can see no such material.
    WeekNotFoundError
        The syllabus of its course lacks the week.
    """
    number = change.material
    material = locked_material(session, number)
    if material is None:
        raise MaterialNotFoundError(material=number)
    wanted: dict[str, tuple[str, Any]] = {}
    if change.title is not None:
        wanted["title"] = "title", change.title
    if change.week is not None or change.whole_course:
        wanted["week_number"] = "week", change.week
    if change.licence is not None or change.without_licence:
        wanted["licence"] = "licence", change.licence
    changes = [word for name, (word, value) in wanted.items() if getattr(material, name) != value]
    if changes:
        try:
            with session.begin_nested():
                for name, (_, value) in wanted.items():
                    setattr(material, name, value)
                material.updated_at = session.execute(select(func.now())).scalar_one()
                session.flush()
        except IntegrityError as error:
            if violated_constraint(error) != "fk_materials_course_id_week_number" or change.week is None:
                raise
            code = session.scalars(select(Course.code).join(Material, Material.course_id == Course.id).where(Material.id == number)).one()
            raise WeekNotFoundError(course=code, week=change.week) from error
    key = (MaterialPassage.course_id == material.course_id, MaterialPassage.material_id == number)
    n_passages = session.execute(select(func.count()).select_from(MaterialPassage).where(*key)).scalar_one()
    outcome = "changed" if changes else "unchanged"
    return AddedMaterial(number, outcome, material.title, material.week_number, n_passages, changes=tuple(changes))
