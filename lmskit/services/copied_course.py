"""What became a copy of a course, and of the courses of a term, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.rounding import count_text

if TYPE_CHECKING:
    from lmskit.models import Term
    from lmskit.queries.course_copy import CopiedRows
    from lmskit.vocabulary import StaffRole

DAYS_OF_WEEK = 7


@dataclass(frozen=True)
class CopiedCourse:
    """A course and its copy.

    Attributes
    ----------
    source, code, title
        Codes of the two, and the title of both.
    lecturer
        Name of who is responsible for the copy.
    from_term, to_term
        Their terms.
    rows
        How much was copied.
    staff
        Address and role of each person who comes along.
    without_students
        Addresses of the assistants among them who see no student of the copy, since it has none of the sections that they see.
    others
        Codes of the other courses of the module in the term.
    """

    source: str
    code: str
    title: str
    lecturer: str
    from_term: Term
    to_term: Term
    rows: CopiedRows
    rule: str
    staff: tuple[tuple[str, StaffRole], ...]
    without_students: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """The same in words, each on a line."""
        to = self.to_term
        said = [
            f"{self.source} → {self.code}: {self.title}. Responsible: {self.lecturer}.",
            f"Copied: {self.rows.text}; the mastery rule {self.rule}.",
            f"The first day is {to.starts_on} instead of {self.from_term.starts_on}{self._due}",
            f"Staff: {', '.join(f'{email} ({role})' for email, role in self.staff)}." if self.staff else "Staff: no one comes along.",
        ]
        said += self.caveats
        if self.rows.due_late:
            is_due = "1 quiz is due" if self.rows.due_late == 1 else f"{self.rows.due_late:,} quizzes are due"
            said.append(f"{is_due} after the last day of {to.code}, {to.ends_on}.")
        if self.others:
            said.append(f"{to.code} has more courses of the module: {', '.join(self.others)}.")
        return said

    @property
    def caveats(self) -> list[str]:
        """What those who come along would not expect."""
        return [
            f"{email} sees no student of {self.code}: an assistant of sections and groups, which a copy does not have. "
            f"Once it has some: lmskit staff add {self.code} {email} --role assistant --section NAME"
            for email in self.without_students
        ]

    @property
    def _due(self) -> str:
        if not self.rows.due:
            return "; no quiz has a day on which it is due."
        days = (self.to_term.starts_on - self.from_term.starts_on).days
        moved = f"{abs(days):,} days {'later' if days >= 0 else 'earlier'}"
        other = ", on another day of the week" if days % DAYS_OF_WEEK else ""
        quizzes = count_text(self.rows.due, "quiz is", "quizzes are")
        return f": {quizzes} due {moved}{other}, from {self.rows.first_due} to {self.rows.last_due}."


@dataclass(frozen=True)
class CopiedTerm:
    """The courses of a term that were copied into another one, and those that were left out, with the reason by code."""

    copied: tuple[CopiedCourse, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def sentences(self) -> list[str]:
        """What a person is shown before it is done, each on a line."""
        return [*(sentence for course in self.copied for sentence in course.sentences), *self.left_out_sentences]

    @property
    def left_out_sentences(self) -> list[str]:
        """Which courses were left out, and why."""
        return [f"{course} is left out: {reason}" for course, reason in self.left_out.items()]
