"""The materials of the demonstration: small texts, captions and a notebook of our own (CC0-1.0), for some weeks of its courses."""

from __future__ import annotations

from importlib.resources import as_file, files

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmskit.db import Opener
from lmskit.errors import DemonstrationError
from lmskit.materials.folder import files_of
from lmskit.materials.store import MaterialStore
from lmskit.models import Course, Material
from lmskit.services.material_folder import add_files
from lmskit.vocabulary import Origin


def courses_without_materials(session: Session, courses: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return code and module of those courses that have no materials yet and whose module the demonstration has materials for."""
    counted = select(func.count()).select_from(Material).where(Material.course_id == Course.id).correlate(Course).scalar_subquery()
    found = session.execute(
        select(Course.code, Course.module_code).where(Course.code.in_(courses), Course.origin == Origin.SIMULATION, counted == 0)
    )
    folders = files("lmskit.simulation").joinpath("materials")
    return tuple((code, module) for code, module in sorted(map(tuple, found)) if folders.joinpath(_folder(module)).is_dir())


def add_demonstration_materials(opener: Opener, store: MaterialStore, courses: tuple[str, ...]) -> int:
    """Add the materials of the demonstration to those of these courses that have none; return how many were added.

    Parameters
    ----------
    opener
        Opens a transaction of an administrator; each material has one of its own.
    store
        Receives the files.
    courses
        Codes of simulated courses.

    Raises
    ------
    DemonstrationError
        A material could not be added.
    """
    with opener() as session:
        empty = courses_without_materials(session, courses)
    added = 0
    for code, module in empty:
        with as_file(files("lmskit.simulation").joinpath("materials", _folder(module))) as folder:
            for result in add_files(opener, store, code, files_of(folder), origin=Origin.SIMULATION):
                if result.outcome == "refused":
                    raise DemonstrationError(f"The material {result.name} of {code} could not be added: {result.reason}")
                added += result.outcome == "added"
    return added


def _folder(module: str) -> str:
    """The folder of a simulated module.

    >>> _folder("SIM-PROG")
    'PROG'
    """
    return module.removeprefix("SIM-")
