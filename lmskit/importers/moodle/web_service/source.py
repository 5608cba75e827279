"""A live Moodle course as the records of an import: the same people, quizzes and attempts as in its backup, under the same ids.

What a review lacks is how the options stood and which is right: questions that a backup or a bank has described keep their form, and others
are those that reports number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from lmskit.errors import LmsAnswerError
from lmskit.importers.matching.question_text import SeenVariants
from lmskit.importers.matching.typed_response import ResponseReader
from lmskit.importers.moodle.backup.course import course_id
from lmskit.importers.moodle.person import SYSTEM
from lmskit.importers.moodle.web_service.review import EXACT, FINISHED, LiveAttempt, Review
from lmskit.importers.moodle.words import unfinished
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import (
    AttemptRecord,
    EnrollmentRecord,
    PersonKey,
    PersonRecord,
    Position,
    QuizRecord,
    ReportedSlot,
    SectionName,
)
from lmskit.importers.row import RejectedRowError
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.web_service.source import NO_PERSON, SyncedCourse
from lmskit.schemas.quiz import Question
from lmskit.vocabulary import EnrollmentStatus, Role, SectionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lmskit.importers.moodle.web_service.course import LiveCourse, LiveGrade, LivePerson, LiveQuiz
    from lmskit.importers.moodle.web_service.review import ReviewedQuestion
    from lmskit.importers.record import Record
    from lmskit.importers.web_service.known import KnownCourse

FORMAT = "moodle-sync"
PEOPLE, ATTEMPTS, GRADES = "people", "attempts", "grades"
QUIZZES = "quizzes"
"""Where quizzes are, which have no rows: they are there, whatever is wrong with results at others."""
LARGEST_ROW = 2**31 - 1
DECIMALS = 2
"""With how many decimals Moodle shows marks, unless a quiz says otherwise."""
_QUESTION: TypeAdapter[Question] = TypeAdapter(Question)


class MoodleCourse(SyncedCourse):
    """What was read of a live course; see `lmskit.importers.record.Source`. Rows have the numbers that Moodle gives.

    Parameters
    ----------
    name
        Of course and system, as in the list of imports.
    course, known
        As Moodle has it, and as lmskit has it.
    attempts
        Those to import now.
    with_grades
        Whether the gradebook is imported too; a large first sync is several imports, of which the first has it.
    """

    format = FORMAT
    system = SYSTEM

    def __init__(
        self, name: str, course: LiveCourse, known: KnownCourse, attempts: Sequence[LiveAttempt | Review], *, with_grades: bool = True
    ) -> None:
        self.course, self.known, self.attempts = course, known, attempts
        self.with_grades = with_grades
        about = f"{course.full_name}. Rows have the numbers that Moodle gives to people and attempts."
        super().__init__(name, about, course.lacking, (course, attempts), (PEOPLE, ATTEMPTS, *((GRADES,) if with_grades else ())))

    @property
    def id_of_course(self) -> str:
        """As in a backup of the course."""
        return course_id(self.course.site, self.course.id)

    def records(self) -> Iterator[Record]:
        """Give out people with their enrollments, quizzes with their attempts, then other grades."""
        self.clear()
        has_groups = any(person.groups for person in self.course.people)
        for person in self.course.people:
            yield from self._person(person, has_groups=has_groups)
        quizzes = {quiz.id: quiz for quiz in self.course.quizzes}
        slots = self._slots(quizzes)
        for quiz in quizzes.values():
            yield QuizRecord(
                Position(QUIZZES, _row(quiz.id)),
                quiz.key,
                has_source_id=True,
                title=quiz.title,
                max_score=quiz.maximum,
                week_number=self.course.weeks.get(("quiz", quiz.id)),
                due_on=None if quiz.closes_at is None else quiz.closes_at.date(),
                slots=slots[quiz.id],
            )
        for each in self.attempts:
            yield from self._attempt(each, quizzes)
        if self.with_grades:
            yield from self._grades()

    def _person(self, person: LivePerson, *, has_groups: bool) -> Iterator[Record]:
        position, role = Position(PEOPLE, _row(person.id)), person.role
        if role is None:
            self.counts["People who are neither students nor teachers of the course, and are not imported"] += 1
            return
        part = self.part[PEOPLE]
        part.rows_in += 1
        try:
            key = key_of(person, self.cells, position)
            family = self.cells.family_name(position, "lastname", person.family_name)
            given = self.cells.given_name(position, "firstname", person.given_name)
        except RejectedRowError as error:
            part.reject(position.row, error.column or "", error.cell, error.reason)
            return
        self.keys[person.id] = key
        is_student = role is Role.STUDENT
        groups = (person.groups or ("",)) if has_groups else ()
        withdrawn = is_student and person.id in self.course.suspended
        yield PersonRecord(position, key, family, given, role)
        yield EnrollmentRecord(
            position,
            key,
            role=role,
            status=EnrollmentStatus.WITHDRAWN if withdrawn else EnrollmentStatus.ACTIVE,
            sections=tuple(SectionName(SectionKind.GROUP, name) for name in groups) if is_student else (),
        )

    def _slots(self, quizzes: dict[int, LiveQuiz]) -> dict[int, list[ReportedSlot]]:
        """The questions of the quizzes that have no questions of their own in lmskit, as a report would number them."""
        asked: dict[int, dict[int, tuple[str, float, SeenVariants, SeenVariants]]] = defaultdict(dict)
        for each in self.attempts:
            quiz = quizzes.get(each.attempt.quiz) if isinstance(each, Review) else None
            if not isinstance(each, Review) or quiz is None or quiz.key in self.known.questions or not _is_imported(each.attempt):
                continue
            for question in each.questions:
                points = question.maximum * quiz.ratio
                *_, texts, right = asked[quiz.id].setdefault(question.slot, (question.name, points, SeenVariants(), SeenVariants()))
                for text, seen in ((question.text, texts), (question.right_answer, right)):
                    if text:
                        seen.add(text)
        return {
            quiz: [
                ReportedSlot(name, points, DECIMALS, texts.texts, right.texts)
                for _, (name, points, texts, right) in sorted(asked[quiz].items(), key=itemgetter(0))
            ]
            for quiz in quizzes
        }

    def _attempt(self, found: LiveAttempt | Review, quizzes: dict[int, LiveQuiz]) -> Iterator[Record]:
        attempt = found.attempt if isinstance(found, Review) else found
        quiz = quizzes.get(attempt.quiz)
        if attempt.is_preview:
            self.counts["Previews by teachers, which are not imported"] += 1
        elif attempt.state != FINISHED:
            self.counts[f"Attempts that are {unfinished(attempt.state)}"] += 1
        elif quiz is None:
            self.counts["Attempts at quizzes that Moodle does not list, and that are not imported"] += 1
        else:
            part = self.part[ATTEMPTS]
            part.rows_in += 1
            row = _row(attempt.id)
            if attempt.user not in self.keys:
                part.reject(row, "userid", str(attempt.user), NO_PERSON)
                return
            key = self.keys[attempt.user]
            yield AttemptRecord(
                Position(ATTEMPTS, row),
                quiz.key,
                key,
                None if attempt.total is None else max(attempt.total * quiz.ratio, 0.0),
                quiz.maximum,
                is_total=False,
                number=attempt.number,
                started_at=attempt.started_at,
                submitted_at=attempt.finished_at,
                answers=self._answers(found, quiz, key) if isinstance(found, Review) else (),
            )

    def _answers(self, review: Review, quiz: LiveQuiz, key: PersonKey) -> list[dict[str, Any]]:
        stored = next((each.scores for each in self.known.attempts_of(quiz.key, key) if each.number == review.attempt.number), {})
        readers = self._readers(quiz.key)
        found = []
        for question, mark in zip(review.questions, review.exact_marks(), strict=True):
            name = question.name
            score = None if mark is None else mark * quiz.ratio
            kept = stored.get(name)
            if score is not None and kept is not None and abs(kept - score) <= (question.half + EXACT) * quiz.ratio:
                score = kept  # lmskit knows it with more decimals
            elif question.half and mark is not None and mark == question.mark:
                self.counts["Marks that Moodle shows rounded, and that may differ by half of the last decimal"] += 1
            found.append({"question": name, "score": score} | _response(question, readers.get(name)))
        return found

    def _readers(self, quiz: str) -> dict[str, ResponseReader]:
        readers = {}
        for stored in self.known.questions.get(quiz, ()):
            try:
                question = _QUESTION.validate_python(stored)
            except ValidationError:
                continue
            readers[question.id] = ResponseReader(question)
        return readers

    def _grades(self) -> Iterator[Record]:
        items = {grade.item.id: grade.item for grade in self.course.grades if grade.item.module != "quiz"}
        titles = Counter(item.title for item in items.values())
        for item in items.values():
            week = self.course.weeks.get((item.module, item.instance)) if item.kind == "mod" else None
            yield QuizRecord(
                Position(QUIZZES, _row(item.id)), item.key, has_source_id=True, title=item.title, max_score=item.span, week_number=week
            )
        for grade in self.course.grades:
            if grade.item.id in items and grade.points is not None:
                column = grade.item.title if titles[grade.item.title] == 1 else f"{grade.item.title} ({grade.item.id})"
                yield from self._grade(grade, column)

    def _grade(self, grade: LiveGrade, column: str) -> Iterator[Record]:
        part, item, points = self.part[GRADES], grade.item, grade.points or 0.0
        part.rows_in += 1
        row = _row(grade.user)
        if grade.user not in self.keys:
            part.reject(row, column, f"{points:g}", NO_PERSON)
            return
        shown = f"{points:.15g} on a scale from {item.low:g} to {item.high:g}" if item.low else ""
        yield AttemptRecord(
            Position(GRADES, row, column),
            item.key,
            self.keys[grade.user],
            max(points - item.low, 0.0),
            item.span,
            is_total=True,
            feedback="\n".join(filter(None, (shown, grade.feedback))) or None,
        )


def key_of(person: LivePerson, cells: PersonCells, position: Position) -> PersonKey:
    """Return the ids of a person.

    Raises
    ------
    RejectedRowError
        One of them cannot be stored.
    """
    return PersonKey(
        cells.optional_id(position, "username", person.username),
        cells.optional_id(position, "idnumber", person.sis_id),
        cells.address(position, "email", person.email),
    )


def keys_of(course: LiveCourse) -> dict[int, PersonKey]:
    """Return the ids of the people of a course by their number, without those who cannot be imported."""
    found, cells = {}, PersonCells(RowWarnings())
    for person in course.people:
        try:
            found[person.id] = key_of(person, cells, Position(PEOPLE, 0))
        except RejectedRowError:
            continue
    return found


def _response(question: ReviewedQuestion, reader: ResponseReader | None) -> dict[str, Any]:
    """Return an answer in the form of its question, where that is known, and otherwise as the text that it is."""
    written = question.response
    if reader is None or written is None:
        return {"response": written}
    response = reader.read(written)
    if response is None:
        response = reader.as_text(written)
    return {"response": response} if response == written and type(response) is type(written) else {"response": response, "raw": written}


def _is_imported(attempt: LiveAttempt) -> bool:
    return attempt.state == FINISHED and not attempt.is_preview


def _row(number: int) -> int:
    if not 0 <= number <= LARGEST_ROW:
        raise LmsAnswerError(f"Moodle gives the number {number}, which is too large to be one of a person, a quiz or an attempt.")
    return number
