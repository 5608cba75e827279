"""What a lecturer decides about reading advice: pin a passage to a week, keep it from being shown, change the order, take it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import ChangedMeanwhileError, DecisionNotFoundError, MaterialNotFoundError, PassageNotFoundError, WeekNotFoundError
from lmskit.materials.location import Location
from lmskit.models import Material, MaterialPassage, ReadingDecision
from lmskit.queries.leading import led_course_by_code, require_leading
from lmskit.queries.page import LAST_ROW
from lmskit.queries.passage import passage_checksum
from lmskit.queries.reading_decision import reading_decisions
from lmskit.services.material_deletion import delete_reading_decision
from lmskit.vocabulary import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

_LOCATED = 3
"""Passages whose location a sentence has."""
_TRIES = 3
"""A decision that another session has just made about the same passage is seen at the second try."""


@dataclass(frozen=True, slots=True)
class DecidedPassages:
    """What was decided about passages.

    Attributes
    ----------
    course, week
        For which week of which course.
    material_id, title
        Of the material.
    decision
        What was decided.
    passages
        Number and location of each.
    n_changed
        Those about which this had not been decided before.
    """

    course: str
    week: int
    material_id: int
    title: str
    decision: Decision
    passages: Sequence[tuple[int, Location]]
    n_changed: int

    def sentence(self) -> str:
        """Describe the decision in a sentence.

        >>> DecidedPassages("CS1", 4, 7, "Script", Decision.PINNED, [(2, Location(page=3))], 1).sentence()
        'Pinned to the advice for week 4 of CS1: passage 2 of Script (material 7), page 3.'
        """
        done = "Pinned to" if self.decision is Decision.PINNED else "Banned from"
        before = "" if self.n_changed else " It was so before."
        return f"{done} the advice for week {self.week} of {self.course}: {_named(self.passages, self.title, self.material_id)}.{before}"


def _named(passages: Sequence[tuple[int, Location]], title: str, material_id: int) -> str:
    """Passages of a material by number and location, of which the first are written out."""
    numbers = " and ".join(", ".join(str(ordinal) for ordinal, _ in passages).rsplit(", ", 1))
    locations = [*dict.fromkeys(where for _, location in passages if (where := location.within(title)))]
    where = "; ".join([*locations[:_LOCATED], *(["…"] if len(locations) > _LOCATED else [])])
    passage = "passage" if len(passages) == 1 else "passages"
    return f"{passage} {numbers} of {title} (material {material_id})" + (f", {where}" if where else "")


def pin_passage(
    session: Session, course: str, week: int, material_id: int, ordinal: int, *, position: int | None = None
) -> DecidedPassages:
    """Show a passage first in the advice for a week, whatever the search finds.

    The passage is known by its text: the decision holds as long as the material has it.

    Parameters
    ----------
    session
        Of an administrator, or of the lecturer of the course.
    course
        Code of the course.
    week
        Of its syllabus.
    material_id, ordinal
        The passage.
    position
        Among the pinned ones, from 1; by default a new one comes last, and one that is pinned already stays where it is.

    Raises
    ------
    CourseNotFoundError, WeekNotFoundError, MaterialNotFoundError, PassageNotFoundError
        It does not exist, or the signed-in person may not see it.
    """
    decided = _decide(session, course, week, material_id, [ordinal], decision=Decision.PINNED)
    if position is not None:
        course_id = led_course_by_code(session, course).id
        (checksum,) = _passages(session, course_id, material_id, [ordinal])
        own = (ReadingDecision.course_id == course_id, ReadingDecision.week_number == week, ReadingDecision.material_id == material_id)
        pin = session.scalars(select(ReadingDecision.id).where(*own, ReadingDecision.passage_checksum == checksum)).one()
        move_pin(session, pin, position)
    return decided


def ban_passages(session: Session, course: str, week: int, material_id: int, ordinals: Sequence[int]) -> DecidedPassages:
    """Never show these passages of a material in the advice for a week; parameters and errors as in `pin_passage`."""
    return _decide(session, course, week, material_id, ordinals, decision=Decision.BANNED)


def take_back(session: Session, decision_id: int) -> str:
    """Take a decision back, so that the passage is shown if it suits; return what was done as a sentence.

    Raises
    ------
    DecisionNotFoundError
        There is no such decision among those the signed-in person can see; another person may have taken it back.
    """
    decision = session.get(ReadingDecision, decision_id, populate_existing=True) if 0 < decision_id <= LAST_ROW else None
    if decision is None:
        raise DecisionNotFoundError(decision=decision_id)
    require_leading(session, decision.course_id)
    of_week = reading_decisions(session, decision.course_id, week=decision.week_number)
    row = next((row for row in of_week if row["decision_id"] == decision_id), None)
    if row is None or not delete_reading_decision(session, decision_id):
        raise DecisionNotFoundError(decision=decision_id)
    title, material_id, done = row["title"], row["material_id"], "pinned to" if row["decision"] == Decision.PINNED else "banned from"
    if row["ordinals"]:
        location = Location(row["page"], row["slide"], row["cell"], row["seconds"], tuple(row["headings"]))
        what = _named([(row["ordinals"][0], location)], title, material_id)
    else:
        what = f"passage of {title} (material {material_id}) whose text is gone"
    return (
        f"No longer {done} the advice for week {row['week_number']}: {what}. A passage is shown if it suits the questions that were missed."
    )


def move_pin(session: Session, decision_id: int, position: int) -> None:
    """Give a pinned passage another position among the pinned ones of its week.

    Parameters
    ----------
    session
        Of an administrator, or of the lecturer of the course.
    decision_id
        The decision by which the passage is pinned.
    position
        From 1; the last one for a larger number, the first one for a smaller one.

    Raises
    ------
    DecisionNotFoundError
        The signed-in person can see no such pin; another person may have taken it back.
    """
    pin = session.get(ReadingDecision, decision_id, populate_existing=True) if 0 < decision_id <= LAST_ROW else None
    if pin is None or pin.decision is not Decision.PINNED:
        raise DecisionNotFoundError(decision=decision_id)
    require_leading(session, pin.course_id)
    of_week = (ReadingDecision.course_id == pin.course_id, ReadingDecision.week_number == pin.week_number)
    # Locked in one order, so that two tabs that move pins at the same moment do so one after the other.
    session.execute(select(ReadingDecision.id).where(*of_week).order_by(ReadingDecision.id).with_for_update())
    order = (ReadingDecision.position.asc().nulls_last(), ReadingDecision.decided_at, ReadingDecision.id)
    pinned = select(ReadingDecision).where(*of_week, ReadingDecision.decision == Decision.PINNED).order_by(*order)
    pins = list(session.scalars(pinned.execution_options(populate_existing=True)))
    if pin not in pins:
        raise DecisionNotFoundError(decision=decision_id)
    pins.remove(pin)
    pins.insert(max(position - 1, 0), pin)
    for number, moved in enumerate(pins, start=1):
        moved.position = number
    session.flush()


def _decide(session: Session, course: str, week: int, material_id: int, ordinals: Sequence[int], *, decision: Decision) -> DecidedPassages:
    found = led_course_by_code(session, course)
    own = Material.course_id == found.id, Material.id == material_id
    title = session.scalar(select(Material.title).where(*own)) if 0 < material_id <= LAST_ROW else None
    if title is None:
        raise MaterialNotFoundError(material=material_id)
    passages = _passages(session, found.id, material_id, ordinals)
    changed = 0
    try:
        with session.begin_nested():
            for checksum in passages:
                changed += _decided_one(session, found.id, week, material_id, checksum, decision=decision)
    except IntegrityError as error:
        if violated_constraint(error) != "fk_reading_decisions_course_id_week_number":
            raise
        raise WeekNotFoundError(course=course, week=week) from error
    return DecidedPassages(found.code, week, material_id, title, decision, tuple(passages.values()), changed)


def _decided_one(session: Session, course_id: int, week: int, material_id: int, checksum: str, *, decision: Decision) -> bool:
    """Decide about one text; whether that changes anything. A lecturer may not change a decision, so another one is a new row."""
    values = {"course_id": course_id, "week_number": week, "material_id": material_id, "passage_checksum": checksum, "decision": decision}
    for _ in range(_TRIES):
        added = insert(ReadingDecision).values(values).on_conflict_do_nothing().returning(ReadingDecision.id)
        if session.scalar(added) is not None:
            return True
        key = [getattr(ReadingDecision, name) == value for name, value in values.items() if name != "decision"]
        # Locked, so that it holds until the transaction ends, and no other session takes it back.
        locked = select(ReadingDecision.id, ReadingDecision.decision).where(*key).with_for_update()
        stored = session.execute(locked).one_or_none()
        if stored is not None and stored.decision == decision:
            return False
        if stored is not None:
            delete_reading_decision(session, stored.id)
    raise ChangedMeanwhileError(what="the decision about this passage")


def _passages(session: Session, course_id: int, material_id: int, ordinals: Sequence[int]) -> dict[str, tuple[int, Location]]:
    """Number and location of passages by the checksum of their text; of those with the same text, of the first one."""
    wanted = (MaterialPassage.course_id == course_id) & (MaterialPassage.material_id == material_id)
    possible = [ordinal for ordinal in ordinals if 0 < ordinal <= LAST_ROW]
    p = MaterialPassage
    statement = select(p.ordinal, passage_checksum(p.body).label("checksum"), p.page, p.slide, p.cell, p.seconds, p.headings)
    found = {row.ordinal: row for row in session.execute(statement.where(wanted, p.ordinal.in_(possible)))}
    for ordinal in ordinals:
        if ordinal not in found:
            raise PassageNotFoundError(material=material_id, passage=ordinal)
    by_checksum: dict[str, tuple[int, Location]] = {}
    for row in (found[ordinal] for ordinal in ordinals):
        by_checksum.setdefault(row.checksum, (row.ordinal, Location(row.page, row.slide, row.cell, row.seconds, tuple(row.headings))))
    return by_checksum
