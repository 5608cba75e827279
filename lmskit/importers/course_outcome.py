"""What an import makes of the course that a source describes: its sections as weeks, and its quizzes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class SectionOutcome(NamedTuple):
    """A section of the course: the week that it is in, None for none, and what is done with it.

    `topic` is that of the source, empty if it has none.
    """

    number: int
    title: str
    week: int | None
    topic: str
    result: str


class CourseQuiz(NamedTuple):
    """A quiz of the source in the course; `n_attempts` are those of the source that are, or would be, stored."""

    title: str
    week: int | None
    n_questions: int
    max_score: float
    n_attempts: int
    state: str


@dataclass(frozen=True, slots=True)
class CourseOutcome:
    """The course as it is after the import, or would be after a dry run; `state` is added, changed or unchanged."""

    code: str
    title: str
    term: str
    lecturer: str
    state: str
    sections: tuple[SectionOutcome, ...]
    quizzes: tuple[CourseQuiz, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return everything for a program."""
        listed = {"sections": [each._asdict() for each in self.sections], "quizzes": [each._asdict() for each in self.quizzes]}
        return asdict(self) | listed
