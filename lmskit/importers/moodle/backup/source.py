"""Moodle's course backup: one file with the people of a course, its weeks, quizzes, attempts with every answer, and grades.

Of an attempt it has what the reports lack: the options by their ids, the parts of an answer, what was drawn at random, points that are not
rounded, times in UTC, and what a person graded. In which order options stood, and earlier tries, are not read.

Source of the format: `backup/moodle2` of Moodle.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.archive import opened
from lmskit.importers.cell_meaning import CellMeaning
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.moodle.backup.asked import AskedQuiz, asked_in
from lmskit.importers.moodle.backup.contents import CONTENTS, contents_of
from lmskit.importers.moodle.backup.course import SUBSECTION, course_of
from lmskit.importers.moodle.backup.grades import GradedItem, grade_of, grades_in, item_of, left_out_of_grade, left_out_of_item
from lmskit.importers.moodle.backup.index import lists
from lmskit.importers.moodle.backup.people import course_people, person, users_in
from lmskit.importers.moodle.backup.questions import versions_in
from lmskit.importers.moodle.backup.quiz import FINISHED, attempt_of, attempts_in, quiz_in
from lmskit.importers.moodle.person import SYSTEM
from lmskit.importers.moodle.words import unfinished
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.question_banks.bank import Draft, validated
from lmskit.importers.record import AbsentScore, AttemptRecord, Cells, EnrollmentRecord, ExcuseRecord, PersonKey, Position, QuizRecord
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.times import zone_named
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lmskit.importers.moodle.backup.questions import QuestionVersion
    from lmskit.importers.moodle.backup.quiz import BackedUpAttempt
    from lmskit.importers.record import Record
    from lmskit.importers.xml_file import XmlElement

MOST_FILES = 200_000
MOST_PEOPLE = 200_000
"""Students and teachers of a course, whose ids are kept while the attempts are read."""
USERS, QUESTIONS = "users.xml", "questions.xml"
NO_PERSON = "is of a person who is not in the backup"
MOST_QUESTIONS, LONGEST_QUESTIONS = 500_000, 32 * 1024**2
"""Questions of all versions with their options, and characters of those in quizzes."""
SAME_ID = "is the id of another user of the backup"
UNUSED = "versions of questions that stand in no quiz (earlier ones, and those of the bank alone), which are not imported"
NO_QUESTION = "so the quiz lacks this question"
CHUNK = 1024**2
MOST_NAMED = 40
"""Kinds of activities that a note names."""


class _Needed:
    """The files of a backup that are read: those in XML, without what people uploaded."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.endswith(".xml") and not name.startswith("files/")


class MoodleBackup:
    """An opened backup; see `lmskit.importers.record.Source`. It keeps the unpacked files as long as it exists."""

    format = "moodle-backup"
    system = SYSTEM
    may_lack_a_course = False

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.options = options
        self._zone = zone_named(options.time_zone)
        self.folder = opened(path, names=_Needed(), most=MOST_FILES, tar=True)
        self.name = self.folder.name
        self.contents = contents_of(self.folder, self.name)
        self._check_files()
        try:
            self.described_course, self._week_of = course_of(self.folder, self.contents, options.sections)
        except RejectedRowError as error:
            raise self._damaged(error) from error
        self.is_partial = not self.contents.has_users
        self.sha256 = _digest([path] if path.is_file() else list(self.folder.values()))
        self.warnings = RowWarnings()
        self._cells = PersonCells(self.warnings)
        self._clear()

    def _check_files(self) -> None:
        """Refuse a backup without a file that it says it has."""
        said = [USERS] if self.contents.has_users else []
        said += [f"{activity.folder}/quiz.xml" for activity in self.contents.activities if activity.kind == "quiz"]
        lacking = next((name for name in said if name not in self.folder), None)
        if lacking is not None:
            raise ImportFileError(f"{self.name} lacks {shortened(lacking)}, which its contents name. Make the backup again.")

    def _clear(self) -> None:
        self.warnings.clear()
        self._parts: dict[str, Cells] = {}
        self._keys: dict[int, PersonKey] = {}
        self._counts: Counter[str] = Counter()
        self._described: set[str] = set()
        self._in_quizzes: set[int] = set()
        self._rows: Counter[str] = Counter()
        self._n_due = 0

    @property
    def parts(self) -> Sequence[Cells]:
        """The files that are counted."""
        return list(self._parts.values())

    def _part(self, name: str) -> Cells:
        return self._parts.setdefault(name, Cells(name))

    @property
    def notes(self) -> list[str]:
        """Notes on how the backup was read."""
        contents = self.contents
        course = f"{shortened(contents.short_name)} ({shortened(contents.full_name)})"
        notes = [
            f"{self.name}: backup of {course} by Moodle {shortened(contents.release)}.",
            *([] if contents.has_users else [f"{self.name} was made without users: it has the course and its questions alone."]),
            *(f"{self.name}: {subject}: {count:,}." for subject, count in self._counts.items() if count),
        ]
        others = Counter(each.kind for each in contents.activities if each.kind not in {"quiz", "assign", SUBSECTION})
        if self._n_due and self.options.time_zone is None:
            notes.append(f"{self.name}: quizzes due on a day of UTC: {self._n_due:,}. For that of another zone, give it, {advice.ZONE}.")
        if others:
            listed = ", ".join(f"{shortened(kind)} ({count:,})" for kind, count in sorted(others.most_common(MOST_NAMED)))
            notes.append(f"{self.name}: activities of which only grades are imported: {listed}.")
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the backup: people with their enrollments, quizzes with their attempts, then other grades."""
        self._clear()
        try:
            yield from self._people()
            yield from self._results()
        except RejectedRowError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: RejectedRowError) -> ImportFileError:
        found = " ".join(filter(None, (error.column, error.cell and repr(shortened(error.cell)), error.reason)))
        return ImportFileError(f"{self.name} is damaged: {found}. Make the backup again.")

    def teachers(self) -> Iterator[PersonKey]:
        """Read who teaches the course and may edit it."""
        if USERS not in self.folder:
            return
        editing, cells = course_people(self.folder, self.contents.made_at).editing, PersonCells(RowWarnings())
        for user, element in users_in(self.folder[USERS]):
            if user in editing:
                with suppress(RejectedRowError):  # the import says of the row what is wrong with it
                    yield person(element, Position(USERS, element.line), cells).key

    def _results(self) -> Iterator[Record]:
        versions = self._versions() if QUESTIONS in self.folder else {}
        of_entry: dict[int, list[QuestionVersion]] = {}
        for version in versions.values():
            if not version.parent:
                of_entry.setdefault(version.entry, []).append(version)
        for activity in self.contents.activities:
            if activity.kind == "quiz":
                yield from self._quiz(f"{activity.folder}/quiz.xml", versions, of_entry, self._week_of.get(activity.section))
        for activity in self.contents.activities:
            yield from self._grades(f"{activity.folder}/grades.xml", self._week_of.get(activity.section))
        yield from self._grades("gradebook.xml", None)
        self._counts[UNUSED] = sum(version.id not in self._in_quizzes and not version.parent for version in versions.values())

    def _versions(self) -> dict[int, QuestionVersion]:
        """Read the questions; of those that stand in no quiz, what answers to them mean is enough, and their texts are not kept."""
        quizzes = [f"{activity.folder}/quiz.xml" for activity in self.contents.activities if activity.kind == "quiz"]
        asked = {slot.entry for name in quizzes for slot in quiz_in(self.folder[name]).slots}
        found: dict[int, QuestionVersion] = {}
        n_kept = length = 0
        for version in versions_in(self.folder[QUESTIONS], QUESTIONS):
            if version.entry in asked or version.parent:
                length += len(str(version.draft.fields))
            else:
                version.draft = Draft(QUESTIONS, version.draft.row)
            found[version.id] = version
            n_kept += 1 + len(version.option_of) + len(version.target_of)
            if n_kept > MOST_QUESTIONS or length > LONGEST_QUESTIONS:
                raise ImportFileError(
                    f"{self.name} has more than {MOST_QUESTIONS:,} questions and options, or {LONGEST_QUESTIONS // 1024**2} MiB of text in "
                    "those of its quizzes, which is the most that is read."
                )
        return found

    def _people(self) -> Iterator[Record]:
        if USERS not in self.folder:
            return
        known = course_people(self.folder, self.contents.made_at)
        part = self._part(USERS)
        for user, element in users_in(self.folder[USERS]):
            position = Position(USERS, self._row(USERS, element))
            role = known.role(user)
            if role is None:
                self._counts["users who are neither students nor teachers of the course, and are not imported"] += 1
                continue
            if user in self._keys:
                _refuse(part, position.row, RejectedRowError("id", str(user), SAME_ID))
                continue
            try:
                found = person(element, position, self._cells)
            except RejectedRowError as error:
                _refuse(part, position.row, error)
                continue
            part.rows_in += 1
            self._keys[user] = found.key
            if len(self._keys) > MOST_PEOPLE:
                raise ImportFileError(f"{self.name} has more than {MOST_PEOPLE:,} students and teachers, which is the most that is read.")
            withdrawn = role is Role.STUDENT and user in known.suspended
            yield found._replace(role=role)
            yield EnrollmentRecord(
                position,
                found.key,
                role=role,
                status=EnrollmentStatus.WITHDRAWN if withdrawn else EnrollmentStatus.ACTIVE,
                sections=known.sections(user) if role is Role.STUDENT else (),
            )

    def _quiz(
        self, name: str, versions: Mapping[int, QuestionVersion], of_entry: Mapping[int, Sequence[QuestionVersion]], week: int | None
    ) -> Iterator[Record]:
        quiz = quiz_in(self.folder[name])
        self._described.add(f"quiz:{quiz.id}")
        part = self._part(name)
        self._n_due += quiz.closes_at is not None
        asked = asked_in(quiz, of_entry)
        self._in_quizzes.update(version.id for version in asked.at.values() if version is not None)
        drafts = asked.drafts(name)
        content = validated(name, drafts) if drafts else None
        if content is not None:
            self.warnings.extend(content.warnings)
            for each in content.rejections:
                self.warnings.add(each.file, each.row, each.column, each.value, f"{each.reason}, {NO_QUESTION}")
        yield QuizRecord(
            Position(name, quiz.line),
            f"quiz:{quiz.id}",
            has_source_id=True,
            title=quiz.title,
            max_score=quiz.maximum,
            week_number=week,
            questions=[found.question.model_dump(mode="json", exclude_none=True) for found in content.questions] if content else (),
            answer_key={
                found.question.id: found.key.model_dump(mode="json", exclude_none=True)
                for found in (content.questions if content else ())
                if found.key is not None
            },
            due_on=None if quiz.closes_at is None else quiz.closes_at.astimezone(self._zone).date(),
        )
        for element in attempts_in(self.folder[name]):
            row = self._row(name, element)
            try:
                attempt = attempt_of(element, versions)
                if attempt.is_preview:
                    self._counts["previews by teachers, which are not imported"] += 1
                elif attempt.state != FINISHED:
                    self._counts[f"attempts that are {unfinished(attempt.state)}"] += 1
                else:
                    record = self._attempt(Position(name, row), attempt, asked, versions)
                    part.rows_in += 1
                    yield record
            except RejectedRowError as error:
                _refuse(part, row, error)

    def _attempt(
        self, position: Position, attempt: BackedUpAttempt, asked: AskedQuiz, versions: Mapping[int, QuestionVersion]
    ) -> AttemptRecord:
        quiz = asked.quiz
        return AttemptRecord(
            position,
            f"quiz:{quiz.id}",
            self._person_of(attempt.user),
            None if attempt.total is None else max(attempt.total * quiz.ratio, 0.0),
            quiz.maximum,
            is_total=False,
            number=attempt.number,
            started_at=attempt.started_at,
            submitted_at=attempt.finished_at,
            answers=asked.answers(attempt, versions, self._counts),
        )

    def _person_of(self, user: int) -> PersonKey:
        if user not in self._keys:
            raise RejectedRowError("userid", str(user), NO_PERSON)
        return self._keys[user]

    def _row(self, name: str, element: XmlElement) -> int:
        """Return the line of an element, or the next number if the file has several in one line, so that each is counted by itself."""
        self._rows[name] = max(element.line, self._rows[name] + 1)
        return self._rows[name]

    def _grades(self, name: str, week: int | None) -> Iterator[Record]:
        if name not in self.folder:
            return
        part = self._part(name)
        seen: set[int] = set()
        for item_element, element in grades_in(self.folder[name]):
            item = item_of(item_element)
            if item.id not in seen:
                seen.add(item.id)
                self._counts.update(left_out_of_item(item))
            if not item.is_imported:
                continue
            if item.key not in self._described and item.module != "quiz":
                self._described.add(item.key)
                position = Position(name, item.line)
                yield QuizRecord(position, item.key, has_source_id=True, title=item.title, max_score=item.span, week_number=week)
            if item.key in self._described:
                yield from self._grade(name, part, item, element)

    def _grade(self, name: str, part: Cells, item: GradedItem, element: XmlElement) -> Iterator[Record]:
        row = self._row(name, element)
        try:
            grade = grade_of(element)
            has_points = grade.points is not None and item.module != "quiz"  # of a quiz the attempts are imported
            self._counts.update(left_out_of_grade(grade, has_points=has_points))
            if not has_points and not grade.is_excluded:
                if item.module != "quiz" and grade.user in self._keys:
                    yield AbsentScore(Position(name, row), item.key, self._keys[grade.user], CellMeaning.ABSENT.value)
                return
            key = self._person_of(grade.user)
        except RejectedRowError as error:
            _refuse(part, row, error)
            return
        part.rows_in += 1
        if grade.is_excluded:
            yield ExcuseRecord(Position(name, row), item.key, key, beside_results=True)
        if grade.points is None or not has_points:
            return
        shown = f"{grade.points:.15g} on a scale from {item.low:g} to {item.high:g}" if item.low else ""
        yield AttemptRecord(
            Position(name, row),
            item.key,
            key,
            max(grade.points - item.low, 0.0),
            item.span,
            is_total=True,
            feedback="\n".join(filter(None, (shown, grade.feedback))) or None,
        )


def _refuse(part: Cells, row: int, error: RejectedRowError) -> None:
    """Refuse a row, which counts as read, whatever of it could not be read."""
    part.rows_in += 1
    part.reject(row, error.column or "", error.cell, error.reason)


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def detect(path: Path) -> bool:
    """Return whether a file is a backup of Moodle; opening it says what is wrong with it."""
    if (is_listed := lists(path, CONTENTS)) is not None:
        return is_listed
    try:
        with opened(path, names={CONTENTS}, most=MOST_FILES, tar=True) as folder:
            return CONTENTS in folder
    except ImportFileError:
        return False


FORMAT = Format("moodle-backup", "Moodle course backup", needs_course=False, detect=detect, open=MoodleBackup, describes_course=True)
