"""Which results of a course have to be read, with as few requests as lmskit's own knowledge allows.

Canvas lists what was submitted, and what was graded or excused, since a moment, whatever the size of the course. Of students and of
assignments that lmskit does not have yet, all results are listed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.importers.canvas.web_service.calls import QUESTIONS, SUBMISSIONS, CanvasCalls
from lmskit.importers.canvas.web_service.quiz import ListedAttempt, ListedResult, ListedSubmission, attempts_in, question_in, submission_in
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lmskit.importers.canvas.web_service.course import ListedCourse
    from lmskit.importers.canvas.web_service.quiz import ListedQuestion
    from lmskit.importers.record import PersonKey
    from lmskit.importers.web_service.known import KnownCourse
    from lmskit.progress import Progress

OVERLAP = dt.timedelta(minutes=5)
"""How long before the last sync results are asked for again: one is seen only once its transaction has ended."""
BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
ALL = ("all",)
IDS_OF_A_CALL = 50
"""Students whose attempts are read at once, and ids in one address."""
Questions = dict[str, "ListedQuestion"]


@dataclass
class ResultReading:
    """Reads the results of a course that are new or changed.

    Attributes
    ----------
    calls, course, known
        Of Canvas and lmskit.
    keys
        Of the people, by their number in Canvas.
    progress
        Receives how many are read.
    questions
        Of the quizzes whose attempts were read so far, by assignment and id.
    """

    calls: CanvasCalls
    course: ListedCourse
    known: KnownCourse
    keys: Mapping[str, PersonKey]
    progress: Progress
    questions: dict[str, Questions] = field(default_factory=dict, init=False)
    _gone: set[str] = field(default_factory=set, init=False)
    """Questions that Canvas no longer has."""

    def __post_init__(self) -> None:
        self._quizzes = {assignment.id: assignment.quiz for assignment in self.course.assignments if assignment.quiz}

    def listed(self) -> list[ListedSubmission]:
        """Return the results that are new or changed, each once."""
        self.progress("Looking for results", 0, None)
        if self.known.since is None:
            return list(self._since(BEGINNING, ALL, ()).values())
        found = self._since(self.known.since - OVERLAP, ALL, ())
        for students in _divided([person.id for person in self.course.people if self._is_new(person.id, person.role)]):
            found |= self._since(BEGINNING, students, ())
        counted = [each.id for each in self.course.assignments if each.maximum is not None]
        for assignments in _divided([each for each in counted if each not in self.known.quizzes]):
            found |= self._since(BEGINNING, ALL, assignments)
        return list(found.values())

    def without_attempts(self, listed: Sequence[ListedSubmission]) -> list[ListedResult]:
        """Return the results that are known without reading further: all but those of submitted quizzes."""
        return [ListedResult(each) for each in listed if not self._has_attempts(each)]

    def read_first_questions(self, listed: Sequence[ListedSubmission]) -> None:
        """Read the questions of one quiz, so that a missing right is found before anything is written."""
        first = next((each.assignment for each in listed if self._has_attempts(each)), None)
        if first is not None:
            self._of_quiz(first)

    def with_attempts(self, listed: Sequence[ListedSubmission]) -> Iterator[ListedResult]:
        """Read the attempts of submitted quizzes, and the questions that were asked in them."""
        of_quiz: defaultdict[str, list[ListedSubmission]] = defaultdict(list)
        for each in listed:
            if self._has_attempts(each):
                of_quiz[each.assignment].append(each)
        total, n_read = sum(map(len, of_quiz.values())), 0
        for assignment, submissions in of_quiz.items():
            for users in _divided([each.user for each in submissions]):
                self.progress("Reading attempts", n_read, total)
                asked = self._listed(student_ids=users, assignment_ids=[assignment], include=["submission_history"])
                for record in asked:
                    attempts = tuple(attempts_in(record))
                    for attempt in attempts:
                        self._require_questions(attempt)
                    yield ListedResult(submission_in(record), attempts)
                n_read += len(users)
        if total:
            self.progress("Reading attempts", total, total)

    def _has_attempts(self, submission: ListedSubmission) -> bool:
        return submission.assignment in self._quizzes and submission.submitted_at is not None

    def _is_new(self, user: str, role: Role) -> bool:
        key = self.keys.get(user)
        return role is Role.STUDENT and key is not None and self.known.student(key) is None

    def _since(self, moment: dt.datetime, students: Sequence[str], assignments: Sequence[str]) -> dict[tuple[str, str], ListedSubmission]:
        """What was submitted and what was graded or excused since a moment; Canvas lists the one or the other."""
        chosen = {"assignment_ids": assignments} if assignments else {}
        found = {}
        for what in ("submitted_since", "graded_since"):
            for record in self._listed(student_ids=students, **chosen, **{what: f"{moment:%Y-%m-%dT%H:%M:%SZ}"}):
                submission = submission_in(record)
                found[submission.assignment, submission.user] = submission
        return found

    def _listed(self, **parameters: str | Sequence[str]) -> Iterator[dict[str, object]]:
        return self.calls.listed(SUBMISSIONS, {"course_id": self.course.id}, **parameters)

    def _of_quiz(self, assignment: str) -> Questions:
        if assignment not in self.questions:
            self.questions[assignment] = self._asked_for(assignment)
        return self.questions[assignment]

    def _require_questions(self, attempt: ListedAttempt) -> None:
        """Read the questions that were drawn for an attempt, or have left the quiz since, unless they are known."""
        questions = self._of_quiz(attempt.assignment)
        if attempt.asked - questions.keys() - self._gone:
            shown = self._asked_for(attempt.assignment, quiz_submission_id=attempt.id, quiz_submission_attempt=str(attempt.number))
            questions |= {name: question for name, question in shown.items() if name not in questions}
            self._gone |= attempt.asked - questions.keys()

    def _asked_for(self, assignment: str, **parameters: str) -> Questions:
        ids = {"course_id": self.course.id, "quiz_id": self._quizzes[assignment]}
        return {question.id: question for question in map(question_in, self.calls.listed(QUESTIONS, ids, **parameters))}


def _divided(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (ids[start : start + IDS_OF_A_CALL] for start in range(0, len(ids), IDS_OF_A_CALL))
