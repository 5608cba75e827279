"""The options of an import, looked up in the database before anything is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import InputError
from lmskit.importers.report import FileCounts
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.queries.course import course_by_code
from lmskit.queries.person import lecturer_by_email
from lmskit.queries.term import term_by_code
from lmskit.services.importing import require_one_week

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.course_outcome import CourseOutcome
    from lmskit.importers.report import Outcome
    from lmskit.models import Course
    from lmskit.services.importing import ImportOptions


@dataclass(frozen=True, slots=True)
class PreparedCourse:
    """What was done with the course that a source describes, and with its weeks."""

    course: CourseOutcome
    """Without its quizzes, which are written later."""
    outcomes: tuple[Outcome, ...]
    """Of the course, then of its weeks."""
    weeks: dict[int, str]
    """The state of each week of the source."""
    notes: tuple[str, ...]

    @property
    def counts(self) -> list[FileCounts]:
        """The counts of the parts that the source describes its course in."""
        found: dict[str, Counter[str]] = {}
        for outcome in self.outcomes:
            found.setdefault(outcome.part, Counter())[outcome.state] += 1
        return [
            FileCounts(part, states.total(), states["added"], states["changed"], states["unchanged"], 0) for part, states in found.items()
        ]


@dataclass(frozen=True, slots=True)
class FoundOptions:
    """The options of an import with the rows of the database that they name."""

    asked: ImportOptions
    system: str
    course: Course | None
    lecturer_id: int | None
    term_id: int | None
    prepared: PreparedCourse | None = None
    """What was done with the course that the source describes; None if it describes none."""


def find_options(session: Session, system: str, options: ImportOptions) -> FoundOptions:
    """Look up the course, the lecturer and the term.

    Raises
    ------
    CourseNotFoundError, LecturerNotFoundError, TermNotFoundError
        There is no course or term with this code, or no lecturer with this address.
    InputError
        The week is not from 1 to 60 or is given beside `without_week`, or a number of students to withdraw is given and none are to be
        withdrawn.
    """
    if options.week is not None and not FIRST_WEEK <= options.week <= LAST_WEEK:
        raise InputError(f"There is no teaching week {options.week}. Weeks are numbered {FIRST_WEEK} to {LAST_WEEK}.")
    require_one_week(options)
    if options.withdraw_at_most is not None and not options.withdraw_missing:
        raise InputError(
            f"--withdraw-at-most {options.withdraw_at_most} is the limit of --withdraw-missing, which is not given. Give both, or neither."
        )
    if options.remove_at_most is not None and not options.remove_missing:
        raise InputError(
            f"--remove-at-most {options.remove_at_most} is the limit of --remove-missing, which is not given. Give both, or neither."
        )
    return FoundOptions(
        asked=options,
        system=system,
        course=None if options.course is None else course_by_code(session, options.course),
        lecturer_id=None if options.lecturer is None else lecturer_by_email(session, options.lecturer).id,
        term_id=None if options.term is None else term_by_code(session, options.term).id,
    )
