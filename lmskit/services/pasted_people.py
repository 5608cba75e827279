"""Whom a pasted text names: each entry is a person of lmskit, several whom it may mean, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lmskit.errors import TooManyPastedError
from lmskit.importers.pasted_people import PastedPerson, pasted_people
from lmskit.limits import MOST_PASTED
from lmskit.models import User
from lmskit.queries.person import people_by_email
from lmskit.queries.student_names import students_named
from lmskit.vocabulary import PastedOutcome, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from lmskit.queries.student_names import NamedStudent

DONE = (PastedOutcome.NEW, PastedOutcome.ENROLLED, PastedOutcome.RETURNS, PastedOutcome.WITHDRAWN)
"""The outcomes in which something is written; of the others, only `UNCHANGED` needs no attention."""
FIRST_CANDIDATES = 5
"""Students whom a sentence names where several are meant."""


@dataclass(frozen=True)
class PastedRow:
    """What becomes of one person; the columns are those of `listings.PASTED_PEOPLE`."""

    line: int | None
    typed: str
    outcome: PastedOutcome
    name: str = ""
    reason: str = ""


@dataclass(frozen=True)
class PastedReport:
    """What becomes of everyone whom a text names, in its order; the same before it is done and after."""

    course: str
    rows: tuple[PastedRow, ...]

    @property
    def n_done(self) -> int:
        """People for whom something is written."""
        return sum(row.outcome in DONE for row in self.rows)

    @property
    def n_left_out(self) -> int:
        """Entries that a person has to look at: ambiguous, unknown or refused."""
        return sum(row.outcome not in (*DONE, PastedOutcome.UNCHANGED) for row in self.rows)

    def counts(self) -> str:
        """How often each outcome occurs, such as "38 enrolled, 2 unknown"."""
        counted = {outcome: sum(row.outcome is outcome for row in self.rows) for outcome in PastedOutcome}
        return ", ".join(f"{number:,} {outcome}" for outcome, number in counted.items() if number)

    def records(self) -> list[dict[str, Any]]:
        """The rows, as lists and tables take them."""
        return [vars(row) | {"outcome": row.outcome.value} for row in self.rows]


@dataclass(frozen=True)
class Meant:
    """An entry, and whom it means: `person` for certain, or one of `candidates`; neither if there is no such person."""

    entry: PastedPerson
    person: User | None
    candidates: tuple[NamedStudent, ...] = ()

    def row(self, outcome: PastedOutcome, reason: str = "") -> PastedRow:
        """The row of an entry that means a person for certain, or is refused."""
        name = "" if self.person is None else self.person.name
        return PastedRow(self.entry.line, self.entry.typed, outcome, name, reason)

    def undecided(self, *, advice: str) -> PastedRow:
        """The row of an entry by name alone that means no one for certain; `advice` completes the sentence for an unknown name."""
        if not self.candidates:
            return PastedRow(self.entry.line, self.entry.typed, PastedOutcome.UNKNOWN, reason=advice)
        named = [f"{student.name} (No. {student.student_id})" for student in self.candidates[:FIRST_CANDIDATES]]
        more = len(self.candidates) - FIRST_CANDIDATES
        rest = f" and {more:,} more" if more > 0 else ""
        reason = f"Several students have this name: {'; '.join(named)}{rest}. Give the address instead."
        return PastedRow(self.entry.line, self.entry.typed, PastedOutcome.AMBIGUOUS, reason=reason)


def meant_by(session: Session, text: str, *, course_id: int | None = None) -> list[Meant]:
    """Find whom a pasted text means, each person once for each time that it names them.

    Parameters
    ----------
    session
        Of an administrator: addresses of people are compared.
    text
        What was pasted.
    course_id
        Compare names with those of this course's students alone; by default with all students.

    Raises
    ------
    TooManyPastedError
        The text names more people than may be pasted at once.
    """
    entries = pasted_people(text)
    if len(entries) > MOST_PASTED:
        raise TooManyPastedError(count=len(entries), most=MOST_PASTED)
    by_name = [entry for entry in entries if entry.email is None]
    parts = [part.strip() for entry in by_name if "," in entry.name for part in entry.name.split(",") if part.strip()]
    named = students_named(session, [*(entry.name for entry in by_name), *parts], course_id=course_id)
    people = people_by_email(session, {entry.email for entry in entries if entry.email is not None})
    students = _by_id(session, {found[0].student_id for found in named.values() if len(found) == 1})
    meant = []
    for entry in _split(entries, named):
        if entry.email is not None:
            meant.append(Meant(entry, people.get(entry.email)))
        else:
            candidates = named[entry.name]
            meant.append(Meant(entry, students[candidates[0].student_id] if len(candidates) == 1 else None, tuple(candidates)))
    return meant


def _split(entries: Iterable[PastedPerson], named: dict[str, list[NamedStudent]]) -> Iterator[PastedPerson]:
    """The entries; names between commas are people of their own where no student has the whole as a name, and a part is one."""
    for entry in entries:
        parts = [part.strip() for part in entry.name.split(",") if part.strip()] if entry.email is None else []
        if len(parts) > 1 and not named[entry.name] and any(named[part] for part in parts):
            yield from (entry._replace(typed=part, name=part) for part in parts)
        else:
            yield entry


def _by_id(session: Session, numbers: set[int]) -> dict[int, User]:
    return {person.id: person for person in session.scalars(select(User).where(User.id.in_(numbers), User.role == Role.STUDENT))}
