"""The weeks that a file or another system describes, in the course of an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lmskit.importers.report import Outcome, shortened
from lmskit.models import Syllabus
from lmskit.services.course import default_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.described_course import DescribedWeek
    from lmskit.models import Course

KEPT = "has another topic or other objectives in lmskit, which stay"


def put_weeks(session: Session, course: Course, weeks: Sequence[DescribedWeek]) -> list[Outcome]:
    """Add the weeks that a course lacks, fill topics and objectives where it has none, and return the outcome of each."""
    stored = {row.week_number: row for row in session.scalars(select(Syllabus).where(Syllabus.course_id == course.id))}
    outcomes = []
    for week in weeks:
        row, topic = stored.get(week.number), week.topic or default_topic(week.number)
        state = reason = before = after = ""
        if row is None:
            state = "added"
            session.add(Syllabus(course_id=course.id, week_number=week.number, topic=topic, objectives=week.objectives))
        else:
            has_topic = row.topic != default_topic(week.number)
            takes_topic = not has_topic and topic != row.topic
            takes_objectives = not row.objectives and bool(week.objectives) and (takes_topic or topic == row.topic)
            if takes_topic or takes_objectives:
                state = "changed"
                reason = ", ".join(word for word, is_taken in (("topic", takes_topic), ("objectives", takes_objectives)) if is_taken)
                before, after = (row.topic, topic) if takes_topic else ("", shortened(week.objectives))
                row.topic, row.objectives = topic if takes_topic else row.topic, week.objectives if takes_objectives else row.objectives
            else:
                state = "unchanged"
                differs = (week.topic and topic != row.topic) or (week.objectives and week.objectives != row.objectives)
                reason = KEPT if differs else ""
        part, line, _ = week.position
        outcomes.append(Outcome(part, line, None, state, f"Week {week.number} · {course.code}", reason, before, after))
    session.flush()
    return outcomes
