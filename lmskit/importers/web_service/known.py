"""What lmskit has of a course before a sync, so that only what is new or changed is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    from lmskit.importers.record import PersonKey


@dataclass(frozen=True, slots=True)
class KnownAttempt:
    """A stored attempt that counts."""

    number: int
    started_at: dt.datetime | None
    submitted_at: dt.datetime | None
    score: float | None
    scores: Mapping[str, float | None]
    """By question."""


@dataclass(frozen=True, slots=True)
class KnownCourse:
    """A stored course.

    Attributes
    ----------
    students
        The number in lmskit by an id: that of the system, the SIS id, or the address.
    attempts
        By the key of the quiz in the system and the student's number in lmskit.
    questions
        Of the quizzes that have questions of their own, by the key of the quiz: answers are stored in the form of these.
    quizzes
        The keys of the quizzes.
    since
        The moment up to which the system's changes are known, by its clock; None if all is to be compared.
    site
        Whose keys of quizzes have no site in front; empty if that is not known.
    """

    students: Mapping[PersonKey, int] = field(default_factory=dict)
    attempts: Mapping[tuple[str, int], Sequence[KnownAttempt]] = field(default_factory=dict)
    questions: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)
    quizzes: Collection[str] = frozenset()
    since: dt.datetime | None = None
    site: str = ""

    def of_site(self, site: str) -> KnownCourse:
        """Return the same with the quizzes of one site alone, by their keys there."""
        attempts = {(key, student): stored for (quiz, student), stored in self.attempts.items() if (key := self._key_at(site, quiz))}
        questions = {key: stored for quiz, stored in self.questions.items() if (key := self._key_at(site, quiz))}
        quizzes = frozenset(filter(None, (self._key_at(site, quiz) for quiz in self.quizzes)))
        return replace(self, attempts=attempts, questions=questions, quizzes=quizzes, site=site)

    def _key_at(self, site: str, quiz: str) -> str:
        """Return the key of a stored quiz at a site; empty if it is another site's."""
        of, _, key = quiz.rpartition("/")
        return key if (of or self.site or site) == site else ""

    def attempts_of(self, quiz: str, person: PersonKey) -> Sequence[KnownAttempt]:
        """The attempts of a person at a quiz."""
        student = self.student(person)
        return () if student is None else self.attempts.get((quiz, student), ())

    def student(self, person: PersonKey) -> int | None:
        """The number of a student in lmskit, found as an import finds the person; None if the person is not one of the course."""
        found = (self.students.get(key) for key in separate_keys(person))
        return next((number for number in found if number is not None), None)


def separate_keys(person: PersonKey) -> list[PersonKey]:
    """Return each id of a person by itself, in the order in which people are looked for."""
    source_id, sis_id, email = person
    keys = (
        person._replace(sis_id=None, email=None),
        person._replace(source_id=None, email=None),
        person._replace(source_id=None, sis_id=None),
    )
    return [key for key, identifier in zip(keys, (source_id, sis_id, email), strict=True) if identifier]
