"""The quizzes of a file: which of them are here, where the new ones go. They are few, so they are looked at one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from lmskit.db.bulk import copy_rows, stage
from lmskit.importers.report import RowWarning
from lmskit.importers.week import week_named
from lmskit.limits import FIRST_WEEK, LAST_WEEK, LONGEST_EXTERNAL_ID, LONGEST_TITLE
from lmskit.models import Course, ExternalId, Quiz, Syllabus
from lmskit.services.importing import analyze
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.record import QuizRecord
    from lmskit.services.file_import.staging import Staged

HIGHEST_MARK = 10**8
COLUMNS = {
    "key": "text",
    "quiz": "int8",
    "quiz_id": "int8",
    "title": "text",
    "max_score": "float8",
    "reason": "text",
    "state": "text",
}

_USED = text("SELECT DISTINCT quiz FROM file_compared AS c WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = c.unit)")
_REJECTED = text("SELECT unit FROM file_rejected WHERE unit = ANY (CAST(:units AS integer[]))")


@dataclass
class Planned:
    """What is to become of one quiz of the file."""

    record: QuizRecord
    identity: int
    """Its number here, or the negative number of a new one."""
    unit: int | None
    here: Quiz | None = None
    is_known: bool = False
    """Whether its id in the source system is stored already."""
    week: int = FIRST_WEEK
    reason: str | None = None
    state: str | None = None

    @property
    def max_score(self) -> float | None:
        """What the quiz is worth; None where nobody knows."""
        return self.record.max_score if self.here is None else float(self.here.max_score)

    @property
    def fills_questions(self) -> bool:
        """Whether a quiz that is here without questions gets those of the file."""
        return self.here is not None and not self.here.questions and bool(self.record.questions)

    @property
    def fills_due_day(self) -> bool:
        """Whether a quiz that is here without a day to be handed in gets that of the file."""
        return self.here is not None and self.here.due_on is None and self.record.due_on is not None


class Quizzes:
    """The quizzes of a file in the course that the import is for."""

    def __init__(self, session: Session, staged: Staged, course: Course | None, *, system: str, week: int | None) -> None:
        self._session, self._course, self._system, self._week = session, course, system, week
        self.warnings: list[RowWarning] = []
        self.added_weeks: list[int] = []
        self.n_weeks = 0
        self.planned: list[Planned] = []
        if course is not None and staged.quizzes:
            self._plan(staged.quizzes, course)
        stage(session, "file_quiz", COLUMNS)
        rows = [(one.record.key, one.identity, None, one.record.title, one.max_score, one.reason, None) for one in self.planned]
        copy_rows(session, "file_quiz", list(COLUMNS), rows, types=list(COLUMNS.values()))
        analyze(session, "file_quiz")

    def _plan(self, quizzes: Mapping[str, tuple[QuizRecord, int | None]], course: Course) -> None:
        of_course = select(Quiz).where(Quiz.course_id == course.id).order_by(Quiz.id)
        here = self._session.scalars(of_course.execution_options(populate_existing=True)).all()
        by_title: dict[str, list[Quiz]] = defaultdict(list)
        for quiz in here:
            by_title[quiz.title].append(quiz)
        with_id = select(ExternalId).where(ExternalId.source == self._system, ExternalId.kind == EntityKind.QUIZ)
        known = {one.external_id: one for one in self._session.scalars(with_id.where(ExternalId.external_id.in_(list(quizzes))))}
        named = set(self._session.scalars(with_id.where(ExternalId.course_id == course.id).with_only_columns(ExternalId.quiz_id)))
        by_id = {quiz.id: quiz for quiz in here}
        taken: set[int] = set()
        titles: set[str] = set()
        for nth, (record, unit) in enumerate(quizzes.values(), 1):
            one = Planned(record, -nth, unit, reason=_fault(record))
            self.planned.append(one)
            if one.reason is not None:
                continue
            if record.has_source_id and (there := known.get(record.key)) is not None:
                one.is_known = True
                one.here = by_id.get(there.quiz_id or 0)
                one.reason = None if one.here is not None else "is a quiz of another course here"
            else:
                self._find_by_title(one, by_title, set() if not record.has_source_id else named, taken, titles)
            if one.here is not None and one.here.id in taken:
                one.reason = "is the same quiz as another one in the file"
            elif one.here is not None and one.reason is None:
                one.identity = one.here.id
                taken.add(one.here.id)
            titles.add(record.title)

    @staticmethod
    def _find_by_title(
        one: Planned, by_title: Mapping[str, Sequence[Quiz]], with_other_id: set[int | None], taken: set[int], titles: set[str]
    ) -> None:
        record = one.record
        if not record.has_source_id and record.title in titles:
            one.reason = "has the title of another quiz in the file"
            return
        found = [quiz for quiz in by_title[record.title] if quiz.id not in with_other_id and quiz.id not in taken]
        if len(found) > 1:
            one.reason = "has the title of several quizzes of the course here"
        elif found:
            one.here = found[0]
        elif record.max_score is None:
            one.reason = "is of a quiz that is not here, and the file does not tell what that is worth"

    def write(self) -> None:
        """Add what is new, and fill what is empty.

        A new quiz that only a row names that is not imported is not added, unless attempts at it are taken.
        """
        if self._course is None:
            return
        used, rejected = (
            set(self._session.scalars(_USED)),
            set(self._session.scalars(_REJECTED, {"units": [one.unit for one in self.planned]})),
        )
        weeks = dict.fromkeys(self._session.scalars(select(Syllabus.week_number).where(Syllabus.course_id == self._course.id)))
        for one in self.planned:
            if one.reason is not None or (one.here is None and one.unit in rejected and one.identity not in used):
                continue
            if one.here is None:
                self._choose_week(one)
                if one.week not in weeks:
                    weeks[one.week] = None
                    self.added_weeks.append(one.week)
                    self._session.add(Syllabus(course_id=self._course.id, week_number=one.week, topic=f"Week {one.week}"))
                    self._session.flush()
            self._write(one, self._course.id)
        self.n_weeks = len({one.here.week_number for one in self.planned if one.here is not None and one.state is not None})
        self._tell(one for one in self.planned if one.here is not None and one.state is not None)

    def _write(self, one: Planned, course_id: int) -> None:
        record = one.record
        if one.here is None:
            one.state = "added"
            one.here = Quiz(
                course_id=course_id,
                week_number=one.week,
                title=record.title,
                questions=list(record.questions),
                answer_key=dict(record.answer_key),
                max_score=Decimal(str(record.max_score or 0)),
                due_on=record.due_on,
            )
            self._session.add(one.here)
        else:
            has_new_id = record.has_source_id and not one.is_known
            one.state = "changed" if has_new_id or one.fills_questions or one.fills_due_day else "unchanged"
            self._compare(one, one.here)
            if one.fills_questions:
                one.here.questions, one.here.answer_key = list(record.questions), dict(record.answer_key)
            if one.fills_due_day:
                one.here.due_on = record.due_on
        self._session.flush()
        if record.has_source_id and not one.is_known:
            named = ExternalId(
                source=self._system, kind=EntityKind.QUIZ, external_id=record.key, course_id=one.here.course_id, quiz_id=one.here.id
            )
            self._session.add(named)
            self._session.flush()

    def _choose_week(self, one: Planned) -> None:
        for week in (one.record.week_number, week_named(one.record.title), self._week):
            if week is not None and FIRST_WEEK <= week <= LAST_WEEK:
                one.week = week
                return
        self._odd(one, "names no week: put into week 1")

    def _compare(self, one: Planned, here: Quiz) -> None:
        if here.title != one.record.title:
            self._odd(one, "is a quiz that has another title here, which stays")
        told = one.record.max_score
        if told is not None and not one.fills_questions and round(float(here.max_score), 4) != round(told, 4):
            self._odd(one, f"is a quiz that is worth {float(here.max_score):g} here, which stays")

    def _odd(self, one: Planned, reason: str) -> None:
        place = one.record.position
        self.warnings.append(RowWarning(place.part, place.row, place.column, one.record.title, reason))

    def _tell(self, written: Iterable[Planned]) -> None:
        """Let the tables know which quizzes there are now."""
        statement = text("UPDATE file_quiz SET quiz_id = :quiz_id, state = :state WHERE key = :key")
        rows = [{"quiz_id": one.here.id, "state": one.state, "key": one.record.key} for one in written if one.here is not None]
        if rows:
            self._session.execute(statement, rows)


def _fault(record: QuizRecord) -> str | None:
    if not 1 <= len(record.title) <= LONGEST_TITLE:
        return f"is of a quiz without a title of 1 to {LONGEST_TITLE} characters"
    if record.has_source_id and not 1 <= len(record.key) <= LONGEST_EXTERNAL_ID:
        return f"is of a quiz without an id of 1 to {LONGEST_EXTERNAL_ID} characters"
    if record.max_score is not None and not 0 <= record.max_score < HIGHEST_MARK:
        return f"is of a quiz whose maximum is no mark from 0 to {HIGHEST_MARK - 1}"
    return None
