"""The quizzes of a file: which of them are in lmskit, and where new ones go. They are few, so they are handled one by one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select, text

from lmskit.importers import advice
from lmskit.importers.course_outcome import CourseQuiz
from lmskit.importers.matching.titles import without_code
from lmskit.importers.report import QuizDecision, RowWarning
from lmskit.importers.week import week_named
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.models import Course, ExternalId, Quiz, Syllabus
from lmskit.rounding import count_text
from lmskit.services.course import default_topic
from lmskit.services.file_import.quiz_finding import PlannedQuiz, QuizFinder
from lmskit.services.question_joining import COULD_BE_SEVERAL, is_defined_by_reports, is_of_bank, join_questions, keep_questions, keep_slots
from lmskit.services.quiz import n_attempts
from lmskit.services.staging_table import Int8, StagingTable
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.importers.record import QuizRecord
    from lmskit.services.importing import ImportOptions


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
_RESULTS = text("SELECT count(*) FROM file_planned_attempt WHERE quiz_id = :quiz AND state IN ('added', 'changed')")
_ATTEMPTS = text("SELECT quiz_id, count(*) AS n_attempts FROM file_planned_attempt GROUP BY quiz_id")
_USED = text("""
    SELECT DISTINCT c.quiz
    FROM (SELECT quiz, position_id FROM file_compared_attempt UNION ALL SELECT quiz, position_id FROM file_excuse) AS c
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


class Quizzes:
    """The quizzes of a file in the course that the import is for."""

    def __init__(self, session: Session, course: Course | None, *, system: str, site: str, asked: ImportOptions) -> None:
        self._session, self._course, self._system, self._site, self._asked = session, course, system, site, asked
        self.warnings: list[RowWarning] = []
        self.notes: list[str] = []
        self.added_weeks: list[int] = []
        self.used_weeks: set[int] = set()
        """Weeks of the course that the file has quizzes in."""
        self._planned: list[PlannedQuiz] = []
        self._written: list[tuple[PlannedQuiz, Quiz]] = []
        self._redefined: set[int] = set()
        """Ids of the quizzes that reports define and whose questions the file has with options and keys."""

    def plan(self, records: dict[str, tuple[QuizRecord, int | None]]) -> None:
        """Find each quiz in lmskit, or the reason why it cannot be imported, and fill `file_quiz`."""
        titles = {record.title for record, _ in records.values()}
        unknown = [title for title in dict.fromkeys((*self._asked.weeks, *self._asked.same_quizzes)) if title not in titles]
        self.notes += [f"The file has no quiz {title!r}, so what was chosen for it changes nothing." for title in unknown]
        if self._course is not None and records:
            self._planned = [
                PlannedQuiz(record, -nth, position_id, record.key) for nth, (record, position_id) in enumerate(records.values(), 1)
            ]
            asked = self._asked
            finder = QuizFinder(
                self._session,
                self._course,
                self._system,
                list(records),
                site=self._site,
                are_new=asked.new_quizzes,
                same=asked.same_quizzes,
            )
            finder.find(self._planned)
            self._choose_weeks()
            self._warn_of_other_course(self._course)
        rows = (
            QuizRow(quiz.record.key, quiz.identity, None, quiz.record.title, quiz.max_score, quiz.reason, None) for quiz in self._planned
        )
        QUIZ.fill(self._session, rows)

    def _warn_of_other_course(self, course: Course) -> None:
        """Warn if the name of the file begins with the code of another course, as that of each report which Moodle exports does."""
        for quiz in self._planned:
            title = quiz.record.title.lower()
            if not quiz.record.is_named_by_file:
                continue
            own = [len(code) for code in (course.code, course.module_code) if title.startswith(f"{code.lower()}-")]
            begins = func.starts_with(title, func.lower(Course.code).concat("-"))
            longest = func.length(Course.code).desc()
            other = self._session.scalar(select(Course.code).where(begins, Course.id != course.id).order_by(longest, Course.id).limit(1))
            if other is not None and len(other) > max(own, default=0):
                self._warn(
                    quiz, f"is in a file whose name begins with {other}, another course in lmskit: it is imported into {course.code}"
                )

    def write(self) -> None:
        """Add new quizzes with their weeks, fill what stored quizzes lack, and update `file_quiz`."""
        if self._course is None:
            return
        weeks = set(self._session.scalars(select(Syllabus.week_number).where(Syllabus.course_id == self._course.id)))
        written: list[tuple[PlannedQuiz, Quiz]] = []
        for quiz in self._to_write():
            if quiz.stored is not None and quiz.week is not None:
                self._add_week(self._course, quiz.week, weeks)
            stored = self._add(self._course, quiz, weeks) if quiz.stored is None else self._change(quiz, quiz.stored)
            self._add_external_id(quiz, stored)
            if quiz.record.slots:
                keep_slots(self._session, stored, quiz.record.slots)
            if quiz.record.questions and is_defined_by_reports(self._session, stored):
                keep_questions(self._session, stored, quiz.record.questions, quiz.record.answer_key)
                self._redefined.add(stored.id)
            written.append((quiz, stored))
        self._written = written
        self.used_weeks = {stored.week_number for _, stored in written if stored.week_number is not None}
        if written:
            rows = [{"quiz_id": stored.id, "state": quiz.state, "key": quiz.record.key} for quiz, stored in written]
            self._session.execute(_UPDATE, rows)

    def note_weeks(self) -> None:
        """Note which quizzes have no week, so that their results are not evidence, and which got one."""
        for quiz, stored in self._written:
            if stored.week_number is None:
                n_results = self._session.scalar(_RESULTS, {"quiz": stored.id}) or 0
                if not n_results and quiz.state == "unchanged":
                    continue
                results = count_text(n_results, "new or changed result")
                self.notes.append(
                    f"The quiz {stored.title!r} has no week: {results} stored, and no evidence of mastery. "
                    f"{advice.LATER_WEEK.about(stored.title)}."
                )
            elif quiz.stored is not None and quiz.week is not None:
                self.notes.append(
                    f"The quiz {stored.title!r} had no week and is in week {stored.week_number} now: its results are evidence."
                )

    def join(self) -> list[RowWarning]:
        """Join the questions of reports with those of the quiz itself and of banks, and return warnings about those that stay undecided."""
        reported = {stored.id: quiz for quiz, stored in self._written if quiz.record.slots or stored.id in self._redefined}
        if self._course is None or not reported:
            return []
        warnings = []
        for joined in join_questions(self._session, self._course.id, reported):
            quiz = reported[joined.quiz.id]
            position = quiz.record.position
            if joined.is_changed and quiz.state == "unchanged":
                quiz.state = "changed"
                self._session.execute(_UPDATE, {"quiz_id": joined.quiz.id, "state": quiz.state, "key": quiz.record.key})
            warnings += [
                RowWarning(position.part, position.row, None, f"Question {slot}", f"{COULD_BE_SEVERAL}: {candidates}")
                for slot, candidates in joined.undecided()
            ]
            self.notes += joined.notes()
        return warnings

    def of_course(self) -> tuple[CourseQuiz, ...]:
        """The quizzes of the file in the course, by week and title, those without a week last."""
        attempts = {row.quiz_id: row.n_attempts for row in self._session.execute(_ATTEMPTS)}
        found = [
            CourseQuiz(
                stored.title,
                stored.week_number,
                len(stored.questions),
                float(stored.max_score),
                attempts.get(stored.id, 0),
                quiz.state or "",
            )
            for quiz, stored in self._written
        ]
        return tuple(sorted(found, key=lambda quiz: (quiz.week or LAST_WEEK + 1, quiz.title)))

    def decisions(self) -> tuple[QuizDecision, ...]:
        """What a person can decide about the quizzes of the file that are not in lmskit, or not certainly."""
        return tuple(
            QuizDecision(quiz.record.title, quiz.week, quiz.candidates, quiz.stored is None and quiz.record.max_score is None, quiz.is_open)
            for quiz in self._planned
            if quiz.is_open or quiz.is_chosen or (quiz.stored is None and quiz.reason is None)
        )

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

    def _choose_weeks(self) -> None:
        """Choose the weeks of quizzes that have none; a new one whose week nothing names is not imported, since any would be invented.

        A quiz that is in lmskit without a week has a title that names one only if it was asked for without: so that does not count.
        """
        for quiz in self._planned:
            if not (quiz.reason is None or quiz.is_open) or (quiz.stored is not None and quiz.stored.week_number is not None):
                continue
            title, asked = quiz.record.title, self._asked
            has_none = title in asked.weeks and asked.weeks[title] is None
            named = week_named(title) if quiz.stored is None else None
            weeks = () if has_none else (asked.weeks.get(title), quiz.record.week_number, named, asked.week)
            quiz.week = next((week for week in weeks if week is not None and FIRST_WEEK <= week <= LAST_WEEK), None)
            is_without = quiz.stored is not None or has_none or asked.without_week
            if quiz.week is None and quiz.reason is None and not is_without:
                quiz.is_open = True
                quiz.reason = f"is of a new quiz whose title names no week, or several; {advice.WEEK.about(title)}"
                if quiz.record.is_named_by_file:
                    quiz.reason += f"; {advice.OTHER_TITLE.command}"

    def _add_week(self, course: Course, week: int, weeks: set[int]) -> None:
        if week not in weeks:
            weeks.add(week)
            self.added_weeks.append(week)
            self._session.add(Syllabus(course_id=course.id, week_number=week, topic=default_topic(week)))
            self._session.flush()

    def _add(self, course: Course, quiz: PlannedQuiz, weeks: set[int]) -> Quiz:
        record = quiz.record
        if quiz.week is not None:
            self._add_week(course, quiz.week, weeks)
        added = Quiz(
            course_id=course.id,
            week_number=quiz.week,
            title=without_code(record.title, (course.code, course.module_code)) if record.is_named_by_file else record.title,
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
        better_title, sets_maximum = quiz.better_title, self._sets_maximum(quiz, stored)
        is_changed = any(
            (
                quiz.needs_external_id,
                quiz.fills_questions,
                quiz.fills_due_day,
                better_title is not None,
                sets_maximum,
                quiz.week is not None,
            )
        )
        quiz.state = "changed" if is_changed else "unchanged"
        if better_title is not None:
            stored.title = better_title
        elif stored.title != record.title:
            found = (
                "is the quiz {!r} in lmskit"
                if quiz.is_found_by_key or quiz.is_chosen
                else "is a quiz that has another title in lmskit: the title is not changed"
            )
            self._warn(quiz, found.format(stored.title))
        if sets_maximum:
            stored.max_score = Decimal(str(record.max_score))
        elif record.max_score is not None and not quiz.fills_questions and round(float(stored.max_score), 4) != round(record.max_score, 4):
            old, new = f"{float(stored.max_score):g}", f"{record.max_score:g}"
            self._warn(quiz, f"is a quiz with the maximum score {old} in lmskit and {new} in the file: that of the quiz is not changed")
        if quiz.fills_questions:
            stored.questions, stored.answer_key = list(record.questions), dict(record.answer_key)
        if quiz.fills_due_day:
            stored.due_on = record.due_on
        if quiz.week is not None:
            stored.week_number = quiz.week
        self._session.flush()
        return stored

    def _sets_maximum(self, quiz: PlannedQuiz, stored: Quiz) -> bool:
        """Whether a quiz that was made from a bank gets its first results: their scale is that of the quiz, not that of the bank."""
        wanted = quiz.record.max_score
        if wanted is None or round(float(stored.max_score), 4) == round(wanted, 4):
            return False
        return (bool(quiz.record.slots) or is_of_bank(self._session, stored)) and n_attempts(self._session, stored) == 0

    def _add_external_id(self, quiz: PlannedQuiz, stored: Quiz) -> None:
        if quiz.needs_external_id:
            external_id = ExternalId(
                source=self._system, kind=EntityKind.QUIZ, external_id=quiz.external_id, course_id=stored.course_id, quiz_id=stored.id
            )
            self._session.add(external_id)
            self._session.flush()

    def _warn(self, quiz: PlannedQuiz, reason: str) -> None:
        position = quiz.record.position
        self.warnings.append(RowWarning(position.part, position.row, position.column, quiz.record.title, reason))
