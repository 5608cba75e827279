"""What lecturers decided about reading advice, with the passages as they are now."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from lmskit.models import Material
from lmskit.queries.frame import rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

_STATEMENT = text(files("lmskit.queries").joinpath("reading_decision.sql").read_text(encoding="utf-8"))


def reading_decisions(session: Session, course_id: int, *, week: int | None = None) -> Rows:
    """The decisions about passages as advice for the weeks of a course, or for one of them.

    ============================  =================  =====================================================================
    decision_id, week_number      int
    material_id                   int
    passage_checksum              str                SHA-256 of the passage's body
    decision                      str                `Decision`
    position                      int or None        among the pinned ones
    decided_at                    datetime
    title, kind, url, file_name   str or None        of the material
    material_week                 int or None        of the material
    ordinals                      list or None       of the passages that have the text; None if no passage has it any more
    page, slide, cell, seconds, headings             where the first of these is; None without one
    body, language, is_notes, overlap                the first of these; None without one
    ============================  =================  =====================================================================

    By week, the pinned ones in their order first, then the banned ones. There are no pages: advice needs all of them.
    """
    return rows(session, _STATEMENT, {"course": course_id, "week": week})


def weeks_of_materials(session: Session, course_id: int) -> dict[int, int | None]:
    """The week of each material of a course, by its id; None for a material of the whole course."""
    statement = select(Material.id, Material.week_number).where(Material.course_id == course_id).order_by(Material.id)
    return {row.id: row.week_number for row in session.execute(statement)}
