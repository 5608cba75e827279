"""Lock courses for work on many of them, so that one that another session holds does not stop the work on all others."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from lmskit.db.failure import translation
from lmskit.models import Course, Syllabus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def lock_courses(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Lock courses against other work of this kind, and their weeks against removal, until the transaction ends.

    Waits for those that others hold, in the same order each time, until the server ends the wait; then it locks those that are free.

    Parameters
    ----------
    session
        Of an administrator.
    ids
        Of the courses.

    Returns
    -------
    dict
        Why a course could not be locked, by its id; a sentence.

    Raises
    ------
    LockedError
        None of them could be locked. It is raised when the transaction ends.
    """
    wanted = select(Course.id).where(Course.id.in_(ids)).order_by(Course.id)
    weeks = select(Syllabus.course_id).where(Syllabus.course_id.in_(ids)).order_by(Syllabus.course_id, Syllabus.week_number)
    try:
        with session.begin_nested():
            session.execute(wanted.with_for_update(key_share=True))
            session.execute(weeks.with_for_update(read=True, key_share=True))
    except OperationalError as error:
        if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise
        # To wait for one after the other would take as long as those who hold them like.
        free = set(session.scalars(wanted.with_for_update(key_share=True, skip_locked=True)))
        n_free = Counter(session.scalars(weeks.with_for_update(read=True, key_share=True, skip_locked=True)))
        n_weeks = Counter(session.scalars(weeks))
        held = [course for course in ids if course not in free or n_free[course] < n_weeks[course]]
        if len(held) == len(ids):
            raise
        return dict.fromkeys(held, str(translation(error.orig, lost=False)))
    return {}
