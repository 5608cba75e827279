"""Which quizzes of a course the quizzes of a file are: by id, by title, then by what titles and names of files have in common."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from lmskit.importers import advice
from lmskit.importers.described_course import first_site
from lmskit.importers.matching.titles import richer, same_titles
from lmskit.limits import LARGEST_SCORE, LONGEST_EXTERNAL_ID, LONGEST_TITLE
from lmskit.models import Course, ExternalId, Quiz
from lmskit.queries.external_id import ids_of_course
from lmskit.vocabulary import EntityKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.record import QuizRecord

TOO_LONG = f"is of a quiz without an id of 1 to {LONGEST_EXTERNAL_ID} characters"
NO_MAXIMUM = "is of a quiz that is not in lmskit, and the file lacks its maximum score, which its settings in the other system show"


@dataclass
class PlannedQuiz:
    """A quiz of the file and the change to make."""

    record: QuizRecord
    identity: int
    """Its id in lmskit, or a negative number for a new quiz."""
    position_id: int | None
    """The position that names it, if that is counted."""
    external_id: str
    """Its id in the source system: the key of the file, with the site if lmskit knows another site's quiz under that key."""
    stored: Quiz | None = None
    has_external_id: bool = False
    """Whether its id in the source system is stored already."""
    is_found_by_key: bool = False
    """Whether the titles are not equal, but the same but for what names of files lack."""
    is_chosen: bool = False
    """Whether a person said which quiz it is."""
    candidates: tuple[str, ...] = ()
    """Titles of the quizzes in lmskit that it may be."""
    is_open: bool = False
    """Whether a person can decide what `reason` is about."""
    week: int | None = None
    """The week into which a new quiz is put."""
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

    @property
    def better_title(self) -> str | None:
        """The title as it was typed, where lmskit has only what the name of a file had of it."""
        if self.stored is None or not self.is_found_by_key or self.record.is_named_by_file:
            return None
        title = richer(self.record.title, self.stored.title)
        return title if title != self.stored.title else None


class QuizFinder:
    """Finds the quizzes of a file among those of a course, each at most once.

    Parameters
    ----------
    session
        Of an administrator.
    course
        The course that the import is for.
    system
        The source system of the file.
    site
        The site of that system which the file is from; empty if it does not say.
    keys
        The keys of all its quizzes. Two sites number their quizzes alike.
    are_new
        Whether a quiz whose title is nearly that of another is another quiz.
    same
        What a person said: by the title of a quiz of the file, that of the quiz in lmskit; None: it is a new quiz.
    """

    def __init__(
        self,
        session: Session,
        course: Course,
        system: str,
        keys: Sequence[str],
        *,
        site: str,
        are_new: bool,
        same: Mapping[str, str | None],
    ) -> None:
        self._session = session
        self._codes, self._are_new, self._same = (course.code, course.module_code), are_new, same
        of_course = select(Quiz).where(Quiz.course_id == course.id).order_by(Quiz.id)
        quizzes = session.scalars(of_course.execution_options(populate_existing=True)).all()
        self._by_id = {quiz.id: quiz for quiz in quizzes}
        self._by_title: dict[str, list[Quiz]] = defaultdict(list)
        for quiz in quizzes:
            self._by_title[quiz.title].append(quiz)
        of_system = select(ExternalId).where(ExternalId.source == system, ExternalId.kind == EntityKind.QUIZ)
        self._course, self._system = course, system
        self._of_course = self._site_of(course.id)
        """The site whose quizzes have their keys as ids in the course."""
        self._site = site or self._of_course
        wanted = [*keys, *(self._with_site(key) for key in keys)]
        self._by_key = {found.external_id: found for found in session.scalars(of_system.where(ExternalId.external_id.in_(wanted)))}
        """External ids of any course."""
        of_course_ids = session.scalars(of_system.where(ExternalId.course_id == course.id))
        self._with_external_id = {found.quiz_id for found in of_course_ids if self._is_of_site(found.external_id)}
        self._taken: set[int] = set()
        """Ids of the quizzes that an earlier quiz of the file was found to be."""

    def find(self, quizzes: Sequence[PlannedQuiz]) -> None:
        """Find quizzes, or the reason why one cannot be imported: first all that are there exactly, then the others."""
        titles: set[str] = set()
        open_quizzes = []
        for quiz in quizzes:
            quiz.reason = fault_of(quiz.record)
            if quiz.reason is None:
                self._find_exactly(quiz, titles)
                titles.add(quiz.record.title)
            if quiz.reason is None and len(quiz.external_id) > LONGEST_EXTERNAL_ID:
                quiz.reason = TOO_LONG
            if quiz.reason is None and quiz.stored is None:
                open_quizzes.append(quiz)
            else:
                self._take(quiz)
        for quiz in open_quizzes:
            self._find_by_key(quiz)
            self._take(quiz)

    def _take(self, quiz: PlannedQuiz) -> None:
        if quiz.stored is None or quiz.reason is not None:
            return
        if quiz.stored.id in self._taken:
            quiz.reason = "is the same quiz as another quiz of the file"
        else:
            quiz.identity = quiz.stored.id
            self._taken.add(quiz.stored.id)

    def _find_exactly(self, quiz: PlannedQuiz, titles: set[str]) -> None:
        record = quiz.record
        if record.has_source_id and (known := self._known(quiz)) is not None:
            quiz.has_external_id = True
            quiz.stored = self._by_id.get(known.quiz_id or 0)
            quiz.reason = None if quiz.stored is not None else self._elsewhere(known)
        elif not record.has_source_id and record.title in titles:
            quiz.reason = "has the title of another quiz in the file"
        else:
            found = [candidate for candidate in self._by_title[record.title] if self._is_possible(record, candidate)]
            if len(found) > 1:
                quiz.reason = "has the title of several quizzes of the course in lmskit"
            elif found:
                quiz.stored = found[0]

    def _known(self, quiz: PlannedQuiz) -> ExternalId | None:
        """Find the quiz by its id; if its key is that of another site's quiz, its id has the site in front."""
        with_site = self._with_site(quiz.record.key)
        found = self._by_key.get(quiz.record.key)
        owner = self._of_course if found is None or found.course_id == self._course.id else self._site_of(found.course_id or 0)
        if with_site in self._by_key or (self._site and owner and owner != self._site):
            quiz.external_id = with_site
            return self._by_key.get(with_site)
        return found

    def _with_site(self, key: str) -> str:
        return f"{self._site}/{key}" if self._site else key

    def _is_of_site(self, external_id: str) -> bool:
        """Whether an id of a quiz of the course is one of the file's site."""
        site = external_id.rpartition("/")[0] or self._of_course
        return not self._site or site in {"", self._site}

    def _site_of(self, course: int) -> str:
        """Return the site that a course in lmskit is of."""
        return first_site(ids_of_course(self._session, self._system, course))

    def _elsewhere(self, known: ExternalId) -> str:
        """Say of which course a quiz is, to those who may see that course."""
        code = self._session.scalar(select(Course.code).where(Course.id == known.course_id))
        if code is None:
            return "is a quiz of another course in lmskit"
        return f"is a quiz of the course {code} in lmskit: import it into that course, or take back the import that put it there"

    def _find_by_key(self, quiz: PlannedQuiz) -> None:
        record = quiz.record
        titles = [title for title, found in self._by_title.items() if any(self._is_possible(record, candidate) for candidate in found)]
        found = same_titles(record.title, titles, codes=self._codes, from_file=record.is_named_by_file)
        quiz.candidates = (*found.same, *found.near)
        if (chosen := self._same.get(record.title)) is not None:
            self._choose(quiz, chosen)
            return
        is_new = self._are_new or record.title in self._same
        quizzes = [candidate for title in found.same for candidate in self._by_title[title] if self._is_possible(record, candidate)]
        if len(quizzes) > 1 and record.title not in self._same:
            quiz.reason = f"could be each of several quizzes in lmskit, {_named(found.same)}: {advice.WHICH_QUIZ.about(record.title)}"
        elif quizzes and record.title not in self._same:
            quiz.stored, quiz.is_found_by_key = quizzes[0], True
        elif found.near and not is_new:
            quiz.reason = (
                f"is nearly the title of a quiz in lmskit, {_named(found.near)}: {advice.NEAR_QUIZ.about(record.title, found.near[0])}"
            )
        elif record.max_score is None:
            what_to_do = advice.MAX_SCORE_OR_QUIZ.about(record.title, record.title) if titles else advice.MAX_SCORE.about(record.title)
            quiz.reason = f"{NO_MAXIMUM}; {what_to_do}"
        quiz.is_open = quiz.reason is not None

    def _choose(self, quiz: PlannedQuiz, title: str) -> None:
        """Take the quiz with the title that a person chose."""
        found = [candidate for candidate in self._by_title[title] if self._is_possible(quiz.record, candidate)]
        if len(found) == 1:
            quiz.stored, quiz.is_chosen = found[0], True
        elif found:
            quiz.reason = f"is to be the quiz {title!r}, and the course has several of that title in lmskit"
        else:
            quiz.reason = f"is to be the quiz {title!r}, and the course has no such quiz in lmskit that no other quiz of the file is"

    def _is_possible(self, record: QuizRecord, candidate: Quiz) -> bool:
        """A quiz with an id in this system is a different quiz, unless the file has no ids."""
        return candidate.id not in self._taken and not (record.has_source_id and candidate.id in self._with_external_id)


def fault_of(record: QuizRecord) -> str | None:
    """Return the reason why a quiz cannot be stored; None if it can."""
    if not 1 <= len(record.title) <= LONGEST_TITLE:
        return f"is of a quiz without a title of 1 to {LONGEST_TITLE} characters"
    if record.has_source_id and not 1 <= len(record.key) <= LONGEST_EXTERNAL_ID:
        return TOO_LONG
    if record.max_score is not None and not 0 <= record.max_score < LARGEST_SCORE + 1:
        return f"is of a quiz whose maximum score is not a number from 0 to {LARGEST_SCORE}"
    return None


def _named(titles: Sequence[str]) -> str:
    return ", ".join(f"{title!r}" for title in titles[:3])
