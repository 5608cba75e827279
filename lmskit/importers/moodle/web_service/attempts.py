"""Which attempts of a course have to be looked at, with as few requests as lmskit's own knowledge allows.

Moodle lists the attempts that have changed since a moment in one answer, whatever the size of the course. Without such a moment, and where
the gradebook knows a later attempt than lmskit, it lists those of one student at one quiz.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.importers.moodle.web_service.functions import ATTEMPTS, REVIEW, UPDATES, MoodleFunctions
from lmskit.importers.moodle.web_service.review import FINISHED, LiveAttempt, Review, attempt_in, review_in
from lmskit.importers.web_service.json_record import object_in, records_of, text_of
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lmskit.importers.moodle.web_service.course import LiveCourse, LiveQuiz
    from lmskit.importers.record import PersonKey
    from lmskit.importers.web_service.known import KnownAttempt, KnownCourse
    from lmskit.progress import Progress

STORED_DECIMALS = 4
OVERLAP = dt.timedelta(minutes=5)
"""How long before the last sync changes are asked for again: an attempt is seen only once its transaction has ended."""
USER_ATTEMPTS = "userattempts"


@dataclass
class AttemptReading:
    """Reads the attempts of a course that are not known as they are.

    Attributes
    ----------
    functions, course, known
        Of Moodle and lmskit.
    keys
        Of the people, by their number in Moodle.
    progress
        Receives how many are read.
    """

    functions: MoodleFunctions
    course: LiveCourse
    known: KnownCourse
    keys: Mapping[int, PersonKey]
    progress: Progress

    def read(self) -> Iterator[LiveAttempt | Review]:
        """Give out each attempt: those that are new or changed with their answers, those that were listed and are known without."""
        updated = self._updated()
        ends: dict[tuple[int, int], dt.datetime] = {}
        for review in self._reviewed(sorted(updated)):
            yield review
            attempt = review.attempt
            if attempt.finished_at is not None:
                of_student = (attempt.user, attempt.quiz)
                ends[of_student] = max(attempt.finished_at, ends.get(of_student, attempt.finished_at))
        listed = [attempt for attempt in self._listed(ends) if attempt.id not in updated]
        yield from (attempt for attempt in listed if self._is_known(attempt))
        yield from self._reviewed([attempt.id for attempt in listed if not self._is_known(attempt)])

    def _reviewed(self, attempts: Sequence[int]) -> Iterator[Review]:
        for nth, number in enumerate(attempts):
            self.progress("Reading attempts", nth, len(attempts))
            yield review_in(self.functions.call(REVIEW, attemptid=number, page=-1))
        if attempts:
            self.progress("Reading attempts", len(attempts), len(attempts))

    def _updated(self) -> set[int]:
        """The numbers of the attempts that have changed since the last sync; of all, if lmskit has none."""
        if self.known.since is None and self.known.attempts:
            return set()
        since = 0 if self.known.since is None else max(0, int((self.known.since - OVERLAP).timestamp()))
        modules = {quiz.module for quiz in self.course.quizzes}
        answer = object_in(self.functions.call(UPDATES, courseid=self.course.id, since=since), UPDATES)
        found: set[int] = set()
        for instance in records_of(answer.get("instances"), UPDATES):
            if instance.get("contextlevel") == "module" and instance.get("id") in modules:
                for update in records_of(instance.get("updates"), UPDATES):
                    if text_of(update, "name", UPDATES) == USER_ATTEMPTS:
                        found |= {each for each in update.get("itemids") or () if isinstance(each, int) and not isinstance(each, bool)}
        return found

    def _listed(self, ends: Mapping[tuple[int, int], dt.datetime]) -> Iterator[LiveAttempt]:
        pairs = list(self._pairs(ends))
        step = "Looking for attempts"
        for nth, (user, quiz) in enumerate(pairs, 1):
            answer = object_in(self.functions.call(ATTEMPTS, quizid=quiz.id, userid=user, status="all"), ATTEMPTS)
            yield from (attempt_in(each, ATTEMPTS) for each in records_of(answer.get("attempts"), ATTEMPTS))
            self.progress(step, nth, len(pairs))

    def _pairs(self, ends: Mapping[tuple[int, int], dt.datetime]) -> Iterator[tuple[int, LiveQuiz]]:
        """The students and quizzes whose attempts have to be listed; `ends` has the last one of those that were read already."""
        quizzes = {quiz.id: quiz for quiz in self.course.quizzes}
        if self.known.since is None:
            if self.known.attempts:
                students = [person.id for person in self.course.people if person.role is Role.STUDENT]
                yield from ((student, quiz) for quiz in quizzes.values() for student in students)
            return
        for grade in self.course.grades:
            quiz = quizzes.get(grade.item.instance) if grade.item.module == "quiz" else None
            key = self.keys.get(grade.user)
            if quiz is None or key is None or grade.submitted_at is None or grade.points is None:
                continue
            stored = [each.submitted_at for each in self.known.attempts_of(quiz.key, key)]
            if not any(end is not None and end >= grade.submitted_at for end in (*stored, ends.get((grade.user, quiz.id)))):
                yield grade.user, quiz

    def _is_known(self, attempt: LiveAttempt) -> bool:
        """Whether lmskit has the attempt as it is, so that its answers need not be read; or it is not to be imported."""
        return attempt.is_preview or attempt.state != FINISHED or self.stored(attempt) is not None

    def stored(self, attempt: LiveAttempt) -> KnownAttempt | None:
        """The stored attempt if it is the same in number, times and score; None if there is no such one."""
        quiz = next((each for each in self.course.quizzes if each.id == attempt.quiz), None)
        key = self.keys.get(attempt.user)
        if quiz is None or key is None:
            return None
        score = None if attempt.total is None else round(max(attempt.total * quiz.ratio, 0.0), STORED_DECIMALS)
        for each in self.known.attempts_of(quiz.key, key):
            if each.number == attempt.number and (each.started_at, each.submitted_at) == (attempt.started_at, attempt.finished_at):
                is_same = score is None if each.score is None else score is not None and abs(each.score - score) < 10.0**-STORED_DECIMALS
                return each if is_same and each.scores else None
        return None
