"""What somebody who imports says beside the file: looked up before anything is read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.db.bulk import copy_rows, stage
from lmskit.errors import InputError, LecturerNotFoundError
from lmskit.limits import LAST_WEEK
from lmskit.queries.course import course_by_code
from lmskit.queries.person import person_by_email
from lmskit.queries.term import term_by_code
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import Course

COLUMNS = {"system": "text", "course_id": "int8", "lecturer_id": "int8", "term_id": "int8", "today": "date", "notify": "bool"}


@dataclass(frozen=True)
class Options:
    """The options of an import, found in the database."""

    system: str
    course: Course | None
    lecturer_id: int | None
    term_id: int | None
    week: int | None
    notify: bool

    def stage(self, session: Session) -> None:
        """Put them where statements read them: a table of one row, `file_option`."""
        stage(session, "file_option", COLUMNS)
        course_id = self.course.id if self.course is not None else None
        today = dt.datetime.now(dt.UTC).date()
        row = (self.system, course_id, self.lecturer_id, self.term_id, today, self.notify)
        copy_rows(session, "file_option", list(COLUMNS), [row], types=list(COLUMNS.values()))


def found_options(
    session: Session, system: str, *, course: str | None, lecturer: str | None, term: str | None, week: int | None, notify: bool
) -> Options:
    """Look the options up.

    Raises
    ------
    CourseNotFoundError, LecturerNotFoundError, TermNotFoundError
        There is none of this code or address.
    InputError
        The week is none from 1 to 60.
    """
    if week is not None and not 1 <= week <= LAST_WEEK:
        raise InputError(f"There is no teaching week {week}. Weeks are numbered 1 to {LAST_WEEK}.")
    lecturer_id = None
    if lecturer is not None:
        person = person_by_email(session, lecturer)
        if person is None or person.role is not Role.LECTURER:
            raise LecturerNotFoundError(email=lecturer)
        lecturer_id = person.id
    return Options(
        system=system,
        course=None if course is None else course_by_code(session, course),
        lecturer_id=lecturer_id,
        term_id=None if term is None else term_by_code(session, term).id,
        week=week,
        notify=notify,
    )
