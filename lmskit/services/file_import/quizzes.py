"""The quizzes of a file: which of them are in lmskit, and where new ones go. They are few, so they are handled one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, text

from lmskit.importers.report import RowWarning
from lmskit.importers.week import week_named
from lmskit.limits import FIRST_WEEK, LARGEST_SCORE, LAST_WEEK, LONGEST_EXTERNAL_ID, LONGEST_TITLE
from lmskit.models import Course, ExternalId, Quiz, Syllabus
from lmskit.services.staging_table import Int8, StagingTable
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.record import QuizRecord


class QuizRow(NamedTuple):
    """A quiz of the file; `quiz` is its id in lmskit, or a negative number for a new quiz. `state` is empty until it is written."""

    key: str
    quiz: Int8
    quiz_id: Int8 | None
    title: str
    max_score: float | None
    reason: str | None
    state: str | None


QUIZ = StagingTable("file_quiz", QuizRow)
_USED = text("""
    SELECT DISTINCT quiz
    FROM file_compared_attempt AS c
    WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = c.position_id)
""")
_REJECTED = text("SELECT position_id FROM file_rejected WHERE position_id = ANY (CAST(:positions AS integer[]))")
_HAS_REJECTED = text("""
    SELECT EXISTS (
        SELECT
        FROM (
            SELECT file, column_name FROM import_rejection
            UNION ALL
            SELECT f.name, p.column_name
            FROM file_rejected AS r
            JOIN file_position AS p ON p.position_id = r.position_id
            JOIN file_part AS f ON f.part = p.part
        ) AS rejected (file, column_name)
        WHERE (file = :part OR starts_with(file, :part || ': ')) AND (CAST(:column AS text) IS NULL OR column_name = :column)
    )
""")
_UPDATE = text("UPDATE file_quiz SET quiz_id = :quiz_id, state = :state WHERE key = :key")


@dataclass
class PlannedQuiz:
    """A quiz of the file and the change to make."""

    record: QuizRecord
    identity: int
    """Its id in lmskit, or a negative number for a new quiz."""
    position_id: int | None
    """The position that names it, if that is counted."""
    stored: Quiz | None = None
    has_external_id: bool = False
    """Whether its id in the source system is stored already."""
    week: int = FIRST_WEEK
    reason: str | None = None
    """Why it cannot be imported; None if it can."""
    state: str | None = None
    """Added, changed or unchanged; None if it was not written."""

    @property
    def max_score(self) -> float | None:
        """The maximum score; None if neither lmskit nor the file has one."""
        return self.record.max_score if self.stored is None else float(self.stored.max_score)

    @property
    def fills_questions(self) -> bool:
        """Whether a stored quiz without questions gets the questions of the file."""
        return self.stored is not None and not self.stored.questions and bool(self.record.questions)

    @property
    def fills_due_day(self) -> bool:
        """Whether a stored quiz without a due day gets the one of the file."""
        return self.stored is not None and self.stored.due_on is None and self.record.due_on is not None

    @property
    def needs_external_id(self) -> bool:
        """Whether its id in the source system has to be stored."""
        return self.record.has_source_id and not self.has_external_id


class _StoredQuizzes:
    """The quizzes that a course has, by id, by title and by their id in the source system."""

    def __init__(self, session: Session, course: Course, system: str, keys: list[str]) -> None:
        of_course = select(Quiz).where(Quiz.course_id == course.id).order_by(Quiz.id)
        quizzes = session.scalars(of_course.execution_options(populate_existing=True)).all()
        self.by_id = {quiz.id: quiz for quiz in quizzes}
        self.by_title: dict[str, list[Quiz]] = defaultdict(list)
        for quiz in quizzes:
            self.by_title[quiz.title].append(quiz)
        of_system = select(ExternalId).where(ExternalId.source == system, ExternalId.kind == EntityKind.QUIZ)
        self.by_key = {found.external_id: found for found in session.scalars(of_system.where(ExternalId.external_id.in_(keys)))}
        """External ids of any course."""
        of_course_ids = of_system.where(ExternalId.course_id == course.id).with_only_columns(ExternalId.quiz_id)
        self.with_external_id = set(session.scalars(of_course_ids))
        self.taken: set[int] = set()
        """Ids of the quizzes that an earlier quiz of the file was found to be."""


class Quizzes:
    """The quizzes of a file in the course that the import is for."""

    def __init__(self, session: Session, course: Course | None, *, system: str, week: int | None) -> None:
        self._session, self._course, self._system, self._week = session, course, system, week
        self.warnings: list[RowWarning] = []
        self.added_weeks: list[int] = []
        self.n_weeks = 0
        """Weeks of the course that the file has quizzes in."""
        self._planned: list[PlannedQuiz] = []

    def plan(self, records: dict[str, tuple[QuizRecord, int | None]]) -> None:
        """Find each quiz in lmskit, or the reason why it cannot be imported, and fill `file_quiz`."""
        if self._course is not None and records:
            stored = _StoredQuizzes(self._session, self._course, self._system, list(records))
            titles: set[str] = set()
            for nth, (record, position_id) in enumerate(records.values(), 1):
                quiz = PlannedQuiz(record, -nth, position_id, reason=_fault(record))
                if quiz.reason is None:
                    _find(quiz, stored, titles)
                    titles.add(record.title)
                self._planned.append(quiz)
        rows = (
            QuizRow(quiz.record.key, quiz.identity, None, quiz.record.title, quiz.max_score, quiz.reason, None) for quiz in self._planned
        )
        QUIZ.fill(self._session, rows)

    def write(self) -> None:
        """Add new quizzes with their weeks, fill what stored quizzes lack, and update `file_quiz`."""
        if self._course is None:
            return
        weeks = set(self._session.scalars(select(Syllabus.week_number).where(Syllabus.course_id == self._course.id)))
        written = []
        for quiz in self._to_write():
            if quiz.stored is None:
                self._choose_week(quiz)
                self._add_week(self._course, quiz.week, weeks)
                stored = self._add(self._course, quiz)
            else:
                stored = self._change(quiz, quiz.stored)
            self._add_external_id(quiz, stored)
            written.append((quiz, stored))
        self.n_weeks = len({stored.week_number for _, stored in written})
        if written:
            rows = [{"quiz_id": stored.id, "state": quiz.state, "key": quiz.record.key} for quiz, stored in written]
            self._session.execute(_UPDATE, rows)

    def _to_write(self) -> list[PlannedQuiz]:
        """The quizzes that can be imported, without new ones about which only rejected rows or cells are."""
        used = set(self._session.scalars(_USED))
        rejected = set(self._session.scalars(_REJECTED, {"positions": [quiz.position_id for quiz in self._planned]}))

        def is_rejected(quiz: PlannedQuiz) -> bool:
            if quiz.position_id is not None:
                return quiz.position_id in rejected
            # The file names it above its rows: all of a report, or one column of a gradebook, is about it.
            named = quiz.record.position
            return bool(self._session.scalar(_HAS_REJECTED, {"part": named.part, "column": named.column}))

        return [
            quiz
            for quiz in self._planned
            if quiz.reason is None and (quiz.stored is not None or quiz.identity in used or not is_rejected(quiz))
        ]

    def _choose_week(self, quiz: PlannedQuiz) -> None:
        for week in (quiz.record.week_number, week_named(quiz.record.title), self._week):
            if week is not None and FIRST_WEEK <= week <= LAST_WEEK:
                quiz.week = week
                return
        self._warn(quiz, "names no week: put into week 1")

    def _add_week(self, course: Course, week: int, weeks: set[int]) -> None:
        if week not in weeks:
            weeks.add(week)
            self.added_weeks.append(week)
            self._session.add(Syllabus(course_id=course.id, week_number=week, topic=f"Week {week}"))
            self._session.flush()

    def _add(self, course: Course, quiz: PlannedQuiz) -> Quiz:
        record = quiz.record
        added = Quiz(
            course_id=course.id,
            week_number=quiz.week,
            title=record.title,
            questions=list(record.questions),
            answer_key=dict(record.answer_key),
            max_score=Decimal(str(record.max_score or 0)),
            due_on=record.due_on,
        )
        self._session.add(added)
        self._session.flush()
        quiz.state = "added"
        return added

    def _change(self, quiz: PlannedQuiz, stored: Quiz) -> Quiz:
        """Fill what a stored quiz lacks, and warn about what differs."""
        record = quiz.record
        quiz.state = "changed" if quiz.needs_external_id or quiz.fills_questions or quiz.fills_due_day else "unchanged"
        if stored.title != record.title:
            self._warn(quiz, "is a quiz that has another title in lmskit: the title is not changed")
        if record.max_score is not None and not quiz.fills_questions and round(float(stored.max_score), 4) != round(record.max_score, 4):
            old, new = f"{float(stored.max_score):g}", f"{record.max_score:g}"
            self._warn(quiz, f"is a quiz with the maximum score {old} in lmskit and {new} in the file: that of the quiz is not changed")
        if quiz.fills_questions:
            stored.questions, stored.answer_key = list(record.questions), dict(record.answer_key)
        if quiz.fills_due_day:
            stored.due_on = record.due_on
        self._session.flush()
        return stored

    def _add_external_id(self, quiz: PlannedQuiz, stored: Quiz) -> None:
        if quiz.needs_external_id:
            external_id = ExternalId(
                source=self._system, kind=EntityKind.QUIZ, external_id=quiz.record.key, course_id=stored.course_id, quiz_id=stored.id
            )
            self._session.add(external_id)
            self._session.flush()

    def _warn(self, quiz: PlannedQuiz, reason: str) -> None:
        position = quiz.record.position
        self.warnings.append(RowWarning(position.part, position.row, position.column, quiz.record.title, reason))


def _find(quiz: PlannedQuiz, stored: _StoredQuizzes, titles: set[str]) -> None:
    """Find a quiz by its id in the source system, else by its title; or give the reason why it cannot be imported."""
    record = quiz.record
    if record.has_source_id and (known := stored.by_key.get(record.key)) is not None:
        quiz.has_external_id = True
        quiz.stored = stored.by_id.get(known.quiz_id or 0)
        quiz.reason = None if quiz.stored is not None else "is a quiz of another course in lmskit"
    else:
        _find_by_title(quiz, stored, titles)
    if quiz.stored is None or quiz.reason is not None:
        return
    if quiz.stored.id in stored.taken:
        quiz.reason = "is the same quiz as another quiz of the file"
    else:
        quiz.identity = quiz.stored.id
        stored.taken.add(quiz.stored.id)


def _find_by_title(quiz: PlannedQuiz, stored: _StoredQuizzes, titles: set[str]) -> None:
    record = quiz.record
    if not record.has_source_id and record.title in titles:
        quiz.reason = "has the title of another quiz in the file"
        return
    # A quiz with an id in this system is a different quiz, unless the file has no ids.
    different = stored.taken | (stored.with_external_id if record.has_source_id else set())
    found = [candidate for candidate in stored.by_title[record.title] if candidate.id not in different]
    if len(found) > 1:
        quiz.reason = "has the title of several quizzes of the course in lmskit"
    elif found:
        quiz.stored = found[0]
    elif record.max_score is None:
        quiz.reason = (
            f"is of a quiz that is not in lmskit, and the file has no maximum score for it; give it: --max '{record.title}=POINTS'"
        )


def _fault(record: QuizRecord) -> str | None:
    """Return the reason why a quiz cannot be stored; None if it can."""
    if not 1 <= len(record.title) <= LONGEST_TITLE:
        return f"is of a quiz without a title of 1 to {LONGEST_TITLE} characters"
    if record.has_source_id and not 1 <= len(record.key) <= LONGEST_EXTERNAL_ID:
        return f"is of a quiz without an id of 1 to {LONGEST_EXTERNAL_ID} characters"
    if record.max_score is not None and not 0 <= record.max_score < LARGEST_SCORE + 1:
        return f"is of a quiz whose maximum score is not a number from 0 to {LARGEST_SCORE}"
    return None
