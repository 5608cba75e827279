"""The runs of a quiz: which quizzes of other courses of the same module ask the same questions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import load_only

from lmskit.models import Course, Quiz, Term
from lmskit.queries.quiz import content_of, quiz_by_id
from lmskit.schemas.quiz import MatchQuestion, QuizContent

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session

    from lmskit.schemas.quiz import Question

Wording: TypeAlias = tuple[str, str, tuple[str, ...], tuple[str, ...], int]
"""What identifies a question: type, prompt, options and targets in any order, and its number among questions with the same of these."""


@dataclass(frozen=True)
class QuizRun:
    """A quiz that asks some of the questions of another quiz.

    Attributes
    ----------
    quiz_id, title
        Number and title of the quiz.
    course, term, starts_on
        Codes of its course and term, and the first day of the term.
    shared
        From the ids of its questions to the ids of the same questions in the other quiz.
    """

    quiz_id: int
    title: str
    course: str
    term: str
    starts_on: dt.date
    shared: dict[str, str]


def quiz_runs(session: Session, quiz_id: int) -> list[QuizRun]:
    """The runs of a quiz in the courses of its module that the signed-in person can see, oldest term first, then by course.

    Two questions are the same if type, prompt and options read the same; ids and the order of options do not matter, since they are
    made again with each course. A question with another word is another question, a question with another key is the same. The run of a
    course is the quiz with most shared questions; if several have as many, the one with the same title, then the one with the lowest
    number. The quiz itself is among the runs. Quizzes whose questions cannot be read are left out.

    Raises
    ------
    QuizNotFoundError
        The signed-in person can see no such quiz.
    QuizUnreadableError
        The stored questions of the quiz cannot be read.
    """
    quiz = quiz_by_id(session, quiz_id)
    own = {wording: identifier for identifier, wording in _wordings(content_of(quiz)).items()}
    module = select(Course.module_code).where(Course.id == quiz.course_id).scalar_subquery()
    rows = session.execute(
        select(Quiz, Course.code, Term.code, Term.starts_on)
        .options(load_only(Quiz.id, Quiz.title, Quiz.questions))
        .join(Course, Course.id == Quiz.course_id)
        .join(Term, Term.id == Course.term_id)
        .where(Course.module_code == module)
        .order_by(Term.starts_on, Course.code.collate("C"), Quiz.id)
    ).all()
    runs: dict[str, QuizRun] = {}
    for other, course, term, starts_on in rows:
        shared = _shared(other, own)
        run = QuizRun(other.id, other.title, course, term, starts_on, shared)
        if other.id == quiz.id or (shared and (course not in runs or _rank(run, quiz) > _rank(runs[course], quiz))):
            runs[course] = run
    return list(runs.values())


def _rank(run: QuizRun, quiz: Quiz) -> tuple[bool, int, bool]:
    """How much a run is like the quiz; the quiz itself ranks highest."""
    return run.quiz_id == quiz.id, len(run.shared), run.title == quiz.title


def _shared(other: Quiz, own: dict[Wording, str]) -> dict[str, str]:
    try:
        content = QuizContent.model_validate({"questions": other.questions})
    except ValidationError:
        return {}
    return {identifier: own[wording] for identifier, wording in _wordings(content).items() if wording in own}


def _wordings(content: QuizContent) -> dict[str, Wording]:
    seen: Counter[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = Counter()
    found = {}
    for question in content.questions:
        words = _words(question)
        found[question.id] = (*words, seen[words])
        seen[words] += 1
    return found


def _words(question: Question) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    targets = question.targets if isinstance(question, MatchQuestion) else ()
    return (
        question.type.value,
        _plain(question.prompt),
        tuple(sorted(_plain(option.text) for option in question.options)),
        tuple(sorted(_plain(target.text) for target in targets)),
    )


def _plain(text: str) -> str:
    """Write a text without superfluous white space, which does not make another question."""
    return " ".join(text.split())
