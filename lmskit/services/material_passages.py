"""The passages of a material: written once, and replaced from the first one that differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from lmskit.materials.passages import Passage
from lmskit.models import Material, MaterialPassage
from lmskit.services.material_deletion import delete_passages

_INSERTED_AT_ONCE = 15 * 64
"""Passages of a statement: the words of each 64 of them that it adds become one row, which a search reads."""


def write_passages(session: Session, material: Material, passages: Sequence[Passage]) -> bool:
    """Replace the passages from the first one that differs; those before it keep their vectors."""
    stored = session.execute(
        select(*(getattr(MaterialPassage, name) for name in _PASSAGE))
        .where(MaterialPassage.course_id == material.course_id, MaterialPassage.material_id == material.id)
        .order_by(MaterialPassage.ordinal)
    ).all()
    wanted = [_passage(passage) for passage in passages]
    same = 0
    for row, new in zip(stored, wanted, strict=False):
        if dict(row._mapping) != new:  # noqa: SLF001 - SQLAlchemy's public name
            break
        same += 1
    if same < len(stored):
        delete_passages(session, material.id, after=same)
    if same < len(wanted):
        insert_passages(session, material.course_id, material.id, passages, after=same)
    return same < max(len(stored), len(wanted))


def insert_passages(session: Session, course_id: int, material_id: int, passages: Sequence[Passage], *, after: int) -> None:
    """Write those passages of a material that come after so many."""
    rows = [
        {"course_id": course_id, "material_id": material_id, "ordinal": ordinal, **_passage(passage)}
        for ordinal, passage in enumerate(passages[after:], start=after + 1)
    ]
    for start in range(0, len(rows), _INSERTED_AT_ONCE):
        # RETURNING, since otherwise each row becomes a statement of its own
        session.execute(insert(MaterialPassage).returning(MaterialPassage.ordinal), rows[start : start + _INSERTED_AT_ONCE]).all()


_PASSAGE = ("page", "slide", "cell", "seconds", "headings", "body", "language", "prose", "is_notes", "overlap")


def _passage(passage: Passage) -> dict[str, Any]:
    """A passage as its row has it."""
    location = passage.location
    return {
        "page": location.page,
        "slide": location.slide,
        "cell": location.cell,
        "seconds": location.seconds,
        "headings": list(location.headings),
        "body": passage.body,
        "language": passage.language,
        "prose": passage.prose,
        "is_notes": passage.is_notes,
        "overlap": passage.overlap,
    }
