"""A live Canvas course as the records of an import: the same people, assignments and attempts as in its files, under the same ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.importers.canvas.gradebook import WITHOUT_POINTS
from lmskit.importers.canvas.person import SYSTEM
from lmskit.importers.canvas.web_service.quiz import TEXT_ONLY, answer_of
from lmskit.importers.canvas.web_service.quiz_content import content_of
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import (
    AttemptRecord,
    EnrollmentRecord,
    ExcuseRecord,
    PersonKey,
    PersonRecord,
    Position,
    QuizRecord,
    SectionName,
)
from lmskit.importers.row import RejectedRowError
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.web_service.json_record import text_of
from lmskit.importers.web_service.source import NO_PERSON, SyncedCourse
from lmskit.vocabulary import Role, SectionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lmskit.importers.canvas.web_service.course import ListedAssignment, ListedCourse, ListedPerson
    from lmskit.importers.canvas.web_service.quiz import ListedAttempt, ListedQuestion, ListedResult
    from lmskit.importers.record import Record

FORMAT = "canvas-sync"
PEOPLE, ATTEMPTS, GRADES = "people", "attempts", "grades"


class CanvasCourse(SyncedCourse):
    """What was read of a live course; see `lmskit.importers.record.Source`. Rows are numbered in the order of Canvas's lists.

    Parameters
    ----------
    name
        Of course and system, as in the list of imports.
    course
        As Canvas has it.
    results
        Those to import now.
    questions
        Of the quizzes among them, by assignment and id.
    n_before
        Attempts of the parts before this one, after which rows of attempts are numbered.
    """

    format = FORMAT
    system = SYSTEM

    def __init__(
        self,
        name: str,
        course: ListedCourse,
        results: Sequence[ListedResult],
        questions: Mapping[str, Mapping[str, ListedQuestion]],
        n_before: int = 0,
    ) -> None:
        self.course, self.results, self.questions, self.n_before = course, results, questions, n_before
        self._rows = {person.id: row for row, person in enumerate(course.people, 1)}
        about = f"{course.title}. Rows of people and of their grades are numbered in the order in which Canvas lists people."
        super().__init__(name, about, course.lacking, (course, results), (PEOPLE, ATTEMPTS, GRADES))

    @property
    def id_of_course(self) -> str:
        """The address of the course."""
        return self.course.address

    def records(self) -> Iterator[Record]:
        """Give out people with their enrollments, assignments, then results."""
        self.clear()
        self.counts["Teachers whose address Canvas does not show, and who are not imported"] = self.course.n_teachers_without_address
        for person in self.course.people:
            yield from self._person(person)
        asked = {result.submission.assignment for result in self.results if result.attempts}
        for nth, assignment in enumerate(self.course.assignments, 1):
            if assignment.maximum is None:
                self.counts[f"Assignments without points possible, whose grades are not imported: {assignment.title}"] += 1
                continue
            found = list(self.questions[assignment.id].values()) if assignment.id in asked else []
            questions, key = content_of(found)
            yield QuizRecord(
                Position(GRADES, nth, _header(assignment)),
                assignment.id,
                has_source_id=True,
                title=assignment.title,
                max_score=assignment.maximum,
                week_number=assignment.week,
                due_on=assignment.due_on,
                questions=questions,
                answer_key=key,
                slots=[question.slot() for question in found if question.kind != TEXT_ONLY],
            )
        assignments = {assignment.id: assignment for assignment in self.course.assignments}
        for result in self.results:
            if (known := assignments.get(result.submission.assignment)) is None:
                self.counts["Results in assignments that are not published or not graded, and that are not imported"] += 1
            else:
                yield from self._result(result, known)

    def _person(self, person: ListedPerson) -> Iterator[Record]:
        position, part = Position(PEOPLE, self._rows[person.id]), self.part[PEOPLE]
        part.rows_in += 1
        try:
            key = key_of(person, self.cells, position)
            name = self.cells.full_name(position, "sortable_name", person.name)
        except RejectedRowError as error:
            part.reject(position.row, error.column or "", error.cell, error.reason)
            return
        self.keys[person.id] = key
        sections = tuple(SectionName(SectionKind.SECTION, section) for section in person.sections or ("",))
        is_student = person.role is Role.STUDENT
        yield PersonRecord(position, key, name.family, name.given, person.role, is_split=name.is_split, doubt=name.doubt)
        yield EnrollmentRecord(position, key, role=person.role, status=person.status, sections=sections if is_student else ())

    def _result(self, result: ListedResult, assignment: ListedAssignment) -> Iterator[Record]:
        submission = result.submission
        if submission.user not in self._rows:
            self.counts["Results of people who are not listed as students, such as Canvas's test student, and are not imported"] += 1
            return
        position = Position(GRADES, self._rows[submission.user], _header(assignment))
        attempts = [attempt for attempt in result.attempts if attempt.is_finished]
        self.counts["Attempts that are going on, and are imported once they are finished"] += len(result.attempts) - len(attempts)
        if submission.is_excused and assignment.maximum is not None:
            if key := self._key(submission.user, position, "excused"):
                yield ExcuseRecord(position, assignment.id, key, beside_results=True)
        elif submission.score is not None and not attempts:
            shown = f"{submission.score:.15g}"
            if (key := self._key(submission.user, position, shown)) and assignment.maximum is None:
                self.part[GRADES].reject(position.row, position.column or "", shown, WITHOUT_POINTS)
            elif key:
                yield AttemptRecord(position, assignment.id, key, submission.score, assignment.maximum, is_total=True)
        elif not attempts:
            self.counts["Submissions that wait for a grade"] += 1
        for attempt in attempts:
            yield from self._attempt(attempt, assignment)

    def _key(self, user: str, position: Position, cell: str) -> PersonKey | None:
        """Count a cell, and return its student; reject it if the student was rejected."""
        part = self.part[position.part]
        part.rows_in += 1
        if user not in self.keys:
            part.reject(position.row, position.column or "", cell, NO_PERSON)
        return self.keys.get(user)

    def _attempt(self, attempt: ListedAttempt, assignment: ListedAssignment) -> Iterator[Record]:
        part = self.part[ATTEMPTS]
        position = Position(ATTEMPTS, self.n_before + part.rows_in + 1)
        key = self._key(attempt.user, position, f"{attempt.number} of {attempt.user}")
        if key is None:
            return
        if assignment.maximum is None:
            part.reject(position.row, "", str(attempt.number), WITHOUT_POINTS)
            return
        questions = self.questions[assignment.id]
        given = [(each, questions.get(text_of(each, "question_id", ATTEMPTS))) for each in attempt.answers]
        answers = [answer_of(each, question) for each, question in given if question is None or question.kind != TEXT_ONLY]
        yield AttemptRecord(
            position,
            assignment.id,
            key,
            None if attempt.waits or attempt.score is None else max(attempt.score, 0.0),
            assignment.maximum,
            is_total=False,
            number=attempt.number,
            submitted_at=attempt.submitted_at,
            answers=answers,
        )


def key_of(person: ListedPerson, cells: PersonCells, position: Position) -> PersonKey:
    """Return the ids of a person.

    Raises
    ------
    RejectedRowError
        One of them cannot be stored.
    """
    return PersonKey(person.id, cells.optional_id(position, "sis_user_id", person.sis_id), cells.address(position, "email", person.email))


def keys_of(course: ListedCourse) -> dict[str, PersonKey]:
    """Return the ids of the people of a course by their number, without those who cannot be imported."""
    found, cells = {}, PersonCells(RowWarnings())
    for person in course.people:
        try:
            found[person.id] = key_of(person, cells, Position(PEOPLE, 0))
        except RejectedRowError:
            continue
    return found


def _header(assignment: ListedAssignment) -> str:
    """The header of its column in Canvas's gradebook."""
    return f"{assignment.title} ({assignment.id})"
